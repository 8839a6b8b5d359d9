# Completion of modhost(8) for fish: subcommands, options, rules, modules.

# The modules on the default module path of the modhost that would run.
function __modhost_modules
    set -l here (dirname (realpath (command -s modhost)))
    for directory in $here/../lib/modhost/modules /usr/lib/modhost/modules
        test -d $directory; and find $directory -maxdepth 1 -name '*.so' -printf '%f\n'
    end | string replace -r '^(lib)?(.*)\.so$' '$2' | sort -u
end

set -l subcommands serve explain doc new help
set -l serving "not __fish_seen_subcommand_from explain doc new help"

complete -c modhost -f
complete -c modhost -n "not __fish_seen_subcommand_from $subcommands" -a serve -d 'load the modules and serve (the default)'
complete -c modhost -n "not __fish_seen_subcommand_from $subcommands" -a explain -d 'explain a rule by which a module is refused'
complete -c modhost -n "not __fish_seen_subcommand_from $subcommands" -a doc -d 'print the reference of modules'
complete -c modhost -n "not __fish_seen_subcommand_from $subcommands" -a new -d 'make the project of a new module'
complete -c modhost -n $serving -s f -l config -r -F -d 'the configuration file'
complete -c modhost -n $serving -s c -l check -d 'check the configuration and exit'
complete -c modhost -n $serving -s m -l pid-file -r -F -d 'write the process id to this file'
complete -c modhost -n "not __fish_seen_subcommand_from $subcommands" -l version -d 'print the version'
complete -c modhost -s h -l help -d 'print a summary'
complete -c modhost -n '__fish_seen_subcommand_from explain' \
    -a "(modhost explain 2>/dev/null | string replace -r '^(\S+)  ' '\$1\t')"
complete -c modhost -n '__fish_seen_subcommand_from doc' -F -a 'core (__modhost_modules)'
complete -c modhost -n '__fish_seen_subcommand_from doc' -l format -x -a 'markdown man' -d 'the form'
complete -c modhost -n '__fish_seen_subcommand_from doc' -s o -l output -x -a '(__fish_complete_directories)' -d 'write files into this directory'
complete -c modhost -n '__fish_seen_subcommand_from new' -l lang -x -a 'c cpp swift rust' -d 'the language'
complete -c modhost -n '__fish_seen_subcommand_from new' -l dir -x -a '(__fish_complete_directories)' -d 'where the project is made'
