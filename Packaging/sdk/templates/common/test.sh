#!/bin/sh
# The test of @NAME@: validates the module with modcheck where that is installed, then starts the installed modhost on a
# configuration of its own, in a directory of its own, and compares what the module answers.
#
#   sh test.sh MODULE.so        MODHOST, MODCTL and MODCHECK name other programs than those on the PATH
set -eu
module=$(realpath "${1:?name the module: sh test.sh @MODULE@}")
modhost=${MODHOST:-modhost}
modctl=${MODCTL:-modctl}
modcheck=${MODCHECK:-modcheck}

fail() {
    echo "test.sh: $1" >&2
    [ ! -s "$work/log" ] || sed 's/^/    modhost: /' "$work/log" >&2
    exit 1
}

# What a command must answer.
expect() {
    wanted=$1
    shift
    answer=$("$modctl" -f "$work/modules.conf" "$@" 2>&1) || fail "$*: $answer"
    [ "$answer" = "$wanted" ] || fail "$*: expected \"$wanted\", got \"$answer\""
}

work=$(mktemp -d)
host=
cleanup() {
    [ -z "$host" ] || kill -KILL "$host" 2>/dev/null || true
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM

for program in "$modhost" "$modctl"; do
    command -v "$program" >/dev/null || fail "$program is not on the PATH; install modhost, or name it in MODHOST and MODCTL"
done
if command -v "$modcheck" >/dev/null; then
    "$modcheck" "$module" || fail "modcheck found mistakes"
else
    echo "$modcheck is not installed: the module is NOT VALIDATED"
fi

cat >"$work/modules.conf" <<CONF
run_dir = "run"
workers = 2
loadmodule "mi-fifo.so"
loadmodule "$module"
modparam("@NAME@", "greeting", "Good morning")
CONF
"$modhost" -f "$work/modules.conf" >/dev/null 2>"$work/log" &
host=$!
tries=100
until "$modctl" -f "$work/modules.conf" which >/dev/null 2>&1; do
    kill -0 "$host" 2>/dev/null || fail "modhost ended"
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || fail "modhost does not answer"
    sleep 0.1
done

expect "text: Good morning, Alice!" @IDENT@.greet Alice
expect "text: Good morning, world!" @IDENT@.greet
! "$modctl" -f "$work/modules.conf" @IDENT@.greet Alice Bob >/dev/null 2>&1 || fail "@IDENT@.greet takes two arguments"

# The timer moves the counter once a second.
tries=100
until "$modctl" -f "$work/modules.conf" get_statistics @NAME@: 2>/dev/null | grep -q '@NAME@:seconds = [1-9]'; do
    tries=$((tries - 1))
    [ "$tries" -gt 0 ] || fail "the counter @NAME@:seconds stays at 0"
    sleep 0.1
done

kill -TERM "$host"
status=0
wait "$host" || status=$?
host=
[ "$status" -eq 0 ] || fail "modhost ended with $status"
echo "@NAME@: all is well"
