# Completion of modctl(1) for fish: its options, and the commands, modules and parameters of the host that runs.

# Asks the host that the options on the line choose; silent when there is none.
function __modctl_ask
    set -l host
    set -l words (commandline -xpc 2>/dev/null; or commandline -opc)
    for at in (seq 2 (count $words))
        switch $words[$at]
            case --fifo -f --config
                set -q words[(math $at + 1)]; and set host $words[$at] $words[(math $at + 1)]
        end
    end
    command modctl $host --timeout 2 $argv 2>/dev/null
end

# The command on the line and its arguments so far, one a line.
function __modctl_words
    set -l words (commandline -xpc 2>/dev/null; or commandline -opc)
    set -e words[1]
    while set -q words[1]
        switch $words[1]
            case --fifo -f --config --timeout --arg
                set -e words[1]
                set -q words[1]; and set -e words[1]
            case fifo rpc '-*'
                set -e words[1]
            case '*'
                printf '%s\n' $words
                return
        end
    end
end

function __modctl_has_no_command
    test -z "$(__modctl_words)"
end

# Whether argument number $argv[1] of one of the commands that follow is to be completed.
function __modctl_completes
    set -l words (__modctl_words)
    test (count $words) -eq $argv[1]; and contains -- $words[1] $argv[2..]
end

# The commands with their summaries: help prints `name ARGUMENTS: summary`.
function __modctl_commands
    __modctl_ask help | string replace -r '^([^ :]+)[^:]*: ' '$1\t'
end

# The first column of a table, without its heading.
function __modctl_column
    __modctl_ask $argv | tail -n +2 | cut -f 1
end

complete -c modctl -f
complete -c modctl -n __modctl_has_no_command -l fifo -r -F -d 'the FIFO of the host'
complete -c modctl -n __modctl_has_no_command -s f -l config -r -F -d 'the configuration of the host'
complete -c modctl -n __modctl_has_no_command -l json -d 'print the result as JSON'
complete -c modctl -n __modctl_has_no_command -l raw -d 'print the whole JSON-RPC response'
complete -c modctl -n __modctl_has_no_command -l csv -d 'print a list of records as comma-separated values'
complete -c modctl -n __modctl_has_no_command -l plot -d 'print records of time and value as a chart'
complete -c modctl -n __modctl_has_no_command -l timeout -x -d 'seconds to wait for the next piece of the answer'
complete -c modctl -n __modctl_has_no_command -l no-colour -d 'never print in bold or colour'
complete -c modctl -n __modctl_has_no_command -l no-color -d 'never print in bold or colour'
complete -c modctl -n __modctl_has_no_command -l keep-going -d 'go on after a command has failed'
complete -c modctl -n __modctl_has_no_command -l arg -x -d 'an argument by name: name=value'
complete -c modctl -n __modctl_has_no_command -l version -d 'print the version'
complete -c modctl -n __modctl_has_no_command -s h -l help -d 'print a summary'
complete -c modctl -n __modctl_has_no_command -a '(__modctl_commands)'
complete -c modctl -n '__modctl_completes 1 help system.methodHelp' -a '(__modctl_commands)'
complete -c modctl -n '__modctl_completes 1 which' -a all
complete -c modctl -n '__modctl_completes 1 module.info module.params module.set module.disable log_level' \
    -a '(__modctl_column module.list)'
complete -c modctl -n '__modctl_completes 1 log_level' -a core
complete -c modctl -n '__modctl_completes 2 log_level' -a 'alert bug critical error warning notice info debug'
complete -c modctl -n '__modctl_completes 2 module.set' -a '(__modctl_column module.params (__modctl_words)[2])'
complete -c modctl -n '__modctl_completes 1 module.load' -F
