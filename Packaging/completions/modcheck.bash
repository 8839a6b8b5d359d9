# Completion of modcheck(1) for bash: options, check ids and module files.

_modcheck() {
    local cur=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]}
    COMPREPLY=()
    case $previous in
        --seed | --param | --timeout) return ;;
        --config) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
        --mute)
            # Ids are separated by commas: the last one is completed.
            local before=
            [[ $cur == *,* ]] && before=${cur%,*},
            mapfile -t COMPREPLY < <(compgen -P "$before" -W "$(modcheck --list 2>/dev/null | grep -o 'MH-[CR][0-9]*')" -- "${cur##*,}")
            return ;;
    esac
    if [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W '--json --list --seed --mute --with --param --config --timeout --quiet --version --help -h' -- "$cur")
        return
    fi
    compopt -o filenames
    mapfile -t COMPREPLY < <(compgen -d -- "$cur"; compgen -f -X '!*.so' -- "$cur")
}

complete -F _modcheck modcheck
