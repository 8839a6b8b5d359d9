# Sourced by generate-records and expected-rows, which set `side`: checks the arguments and runs records.awk.

usage() {
    echo "$(basename "$0"): $1" >&2
    echo "usage: $(basename "$0") COUNT [json|delimited] [START] [SEED]" >&2
    exit 2
}

number() {
    case $2 in
    '' | *[!0-9]* | ??????????*) usage "$1 is \"$2\", expected a whole number of at most 9 digits" ;;
    esac
}

[ $# -ge 1 ] && [ $# -le 4 ] || usage "found $# arguments, expected 1 to 4"
count=$1
format=${2:-json}
start=${3:-1}
seed=${4:-1}
number COUNT "$count"
number START "$start"
number SEED "$seed"
case $format in
json | delimited) ;;
*) usage "the format is \"$format\", expected json or delimited" ;;
esac

# LC_ALL=C: bytes stay bytes in every awk.
LC_ALL=C exec awk -v count="$count" -v start="$start" -v seed="$seed" -v format="$format" -v side="$side" \
    -f "$(dirname "$0")/records.awk"
