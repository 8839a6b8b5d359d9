# Completion of modcheck(1) for fish: options, check ids and module files.

complete -c modcheck -f -a '(__fish_complete_suffix .so)'
complete -c modcheck -l json -d 'print the findings as JSON'
complete -c modcheck -l list -d 'list all checks'
complete -c modcheck -l seed -x -d 'the seed of the fuzzed parts'
complete -c modcheck -l mute -x -a "(modcheck --list 2>/dev/null | string match -rg '^\| (MH-[CR][0-9]+)')" -d 'leave out these checks'
complete -c modcheck -l with -x -a '(__fish_complete_suffix .so)' -d 'a module that this one needs'
complete -c modcheck -l param -x -d 'a parameter to set: name=value'
complete -c modcheck -l quiet -d 'print findings only'
complete -c modcheck -l config -r -F -d 'a file of lines: mute ID reason'
complete -c modcheck -l timeout -x -d 'seconds that one case may take'
complete -c modcheck -l version -d 'print the version'
complete -c modcheck -s h -l help -d 'print a summary'
