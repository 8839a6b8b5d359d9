# Completion of modctl(1) for bash: its options, and the commands, modules and parameters of the host that runs.

# Asks the host that the options on the line choose; silent when there is none.
_modctl_ask() { command modctl "${_modctl_host[@]}" --timeout 2 "$@" 2>/dev/null; }

# The first column of a table, without its heading.
_modctl_column() { _modctl_ask "$@" | tail -n +2 | cut -f 1; }

_modctl() {
    local cur=${COMP_WORDS[COMP_CWORD]} _modctl_host=() at=1 word names
    COMPREPLY=()
    # Options stand before the command.
    while ((at < COMP_CWORD)); do
        word=${COMP_WORDS[at]}
        case $word in
            --fifo | -f | --config)
                ((at + 1 == COMP_CWORD)) && { compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return; }
                _modctl_host+=("$word" "${COMP_WORDS[at + 1]}")
                at=$((at + 2)) ;;
            --timeout | --arg)
                ((at + 1 == COMP_CWORD)) && return
                at=$((at + 2)) ;;
            --generate-completion-script)
                mapfile -t COMPREPLY < <(compgen -W 'bash zsh fish' -- "$cur"); return ;;
            fifo | rpc | --) at=$((at + 1)) ;;
            -*) at=$((at + 1)) ;;
            *) break ;;
        esac
    done
    if ((at >= COMP_CWORD)); then
        if [[ $cur == -* ]]; then
            mapfile -t COMPREPLY < <(compgen -W '--fifo -f --config --json --raw --csv --plot --timeout --no-colour --no-color
                --keep-going --arg --version --help -h' -- "$cur")
            return
        fi
        mapfile -t COMPREPLY < <(compgen -W "$(_modctl_ask which)" -- "$cur")
        # Aliases only where no name fits.
        ((${#COMPREPLY[@]})) || mapfile -t COMPREPLY < <(compgen -W "$(_modctl_ask which all)" -- "$cur")
        return
    fi
    names=
    case ${COMP_WORDS[at]}:$((COMP_CWORD - at)) in
        help:1 | system.methodHelp:1) names=$(_modctl_ask which) ;;
        which:1) names=all ;;
        module.info:1 | module.params:1 | module.set:1 | module.disable:1) names=$(_modctl_column module.list) ;;
        log_level:1) names="core $(_modctl_column module.list)" ;;
        log_level:2) names='alert bug critical error warning notice info debug' ;;
        module.set:2) names=$(_modctl_column module.params "${COMP_WORDS[at + 1]}") ;;
        module.load:1) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
    esac
    [ -z "$names" ] || mapfile -t COMPREPLY < <(compgen -W "$names" -- "$cur")
}

complete -F _modctl modctl
