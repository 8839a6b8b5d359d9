# Completion of modhost(8) for bash: subcommands, options, rules, modules.

# The modules on the default module path of the modhost that would run.
_modhost_modules() {
    local program
    program=$(readlink -f "$(type -P modhost)" 2>/dev/null)
    find "$(dirname "$program")/../lib/modhost/modules" /usr/lib/modhost/modules -maxdepth 1 -name '*.so' -printf '%f\n' 2>/dev/null |
        sed 's/\.so$//; s/^lib//' | sort -u
}

_modhost() {
    local cur=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command=serve word
    COMPREPLY=()
    for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
        case $word in serve | explain | doc | new | help) command=$word; break ;; esac
    done
    case $command:$previous in
        serve:-f | serve:--config | serve:-m | serve:--pid-file)
            compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return ;;
        doc:--format) mapfile -t COMPREPLY < <(compgen -W 'markdown man' -- "$cur"); return ;;
        doc:-o | doc:--output | new:--dir)
            compopt -o filenames; mapfile -t COMPREPLY < <(compgen -d -- "$cur"); return ;;
        new:--lang) mapfile -t COMPREPLY < <(compgen -W 'c cpp swift rust' -- "$cur"); return ;;
    esac
    case $command in
        explain) word=$(modhost explain 2>/dev/null | cut -d ' ' -f 1) ;;
        doc)
            if [[ $cur == */* ]]; then compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$cur"); return; fi
            word="core $(_modhost_modules) --format -o --output --help" ;;
        new) word='--lang --dir --help' ;;
        *)
            word='-f --config -c --check -m --pid-file --version -h --help'
            ((COMP_CWORD == 1)) && word+=' serve explain doc new help' ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$word" -- "$cur")
}

complete -F _modhost modhost
