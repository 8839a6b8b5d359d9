#!/bin/sh
# Renews baseline.abi after an accepted addition to the headers: sh renew.sh. It refuses while the golden layouts do not hold:
# abidiff sees every change, but cannot tell a field that was appended from one that was moved. Needs abigail-tools.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
include=${MODHOST_INCLUDE:-$here/../../Sources/ModuleABI/include}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for layout in "$here"/*/layout.c; do
    ${CC:-cc} -std=c11 -fsyntax-only -I"$include" "$layout" || {
        echo "the headers break the layout in $layout: append, never move or resize" >&2
        exit 1
    }
done
sh "$here/canary.sh" "$work/libmodhost-canary.so"
status=0
abidiff "$here/baseline.abi" "$work/libmodhost-canary.so" || status=$?
if [ $((status & 3)) -ne 0 ]; then
    echo "abidiff itself failed (status $status)" >&2
    exit 1
elif [ "$status" -eq 0 ]; then
    echo "nothing has changed"
    exit 0
fi
abidw --no-comp-dir-path --no-corpus-path --no-show-locs --type-id-style hash \
    --out-file "$here/baseline.abi" "$work/libmodhost-canary.so"
# The folder in which the canary was compiled is nobody's business.
sed -i "s| path='[^']*/canary.c'| path='canary.c'|" "$here/baseline.abi"
echo "baseline.abi is renewed; add a line to Documentation/abi-history.md"
