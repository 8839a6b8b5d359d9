#!/bin/sh
# Builds the canary library: sh canary.sh OUT.so. CC and MODHOST_INCLUDE may be set; the tests point the second at altered headers.
set -eu
[ $# -eq 1 ] || { echo "usage: sh canary.sh OUT.so" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
${CC:-cc} -std=c11 -Wall -Wextra -Wpedantic -Werror -g -fPIC -shared -fvisibility=hidden \
    -I"${MODHOST_INCLUDE:-$here/../../Sources/ModuleABI/include}" -Wl,-soname,libmodhost-canary.so -o "$1" "$here/canary.c"
