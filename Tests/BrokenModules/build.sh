#!/bin/sh
# Builds every broken module into a folder: sh build.sh OUTDIR. Plain cc and the headers are all it takes; CC,
# MODHOST_INCLUDE and JOBS may be set. Each .c file becomes a .so; what no compiler makes is cut out of healthy.so.
set -eu
umask 022

[ $# -eq 1 ] || { echo "usage: sh build.sh OUTDIR" >&2; exit 2; }
here=$(cd "$(dirname "$0")" && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)
include=${MODHOST_INCLUDE:-$here/../../Sources/ModuleABI/include}
cc=${CC:-cc}
flags="-std=c11 -Wall -Wextra -Wpedantic -Werror -fPIC -fvisibility=hidden -I$include"

cd "$here"
rm -f "$out"/*.so

# The library that missing-dependency needs at link time and does not find at load time.
echo 'int broken_dependency(void); int broken_dependency(void) { return 0; }' |
    $cc -x c -shared -fPIC -Wl,-soname,libbroken-dependency.so -o "$out/libbroken-dependency.so" -

# Lazy binding on purpose: it is the host that has to bind now.
ls ./*.c | sed 's|^\./||; s|\.c$||' | grep -vx -e missing-dependency -e text-relocations |
    xargs -P "${JOBS:-2}" -I NAME $cc $flags -shared -Wl,-z,nodelete -o "$out/NAME.so" NAME.c
$cc $flags -shared -Wl,-z,nodelete -o "$out/missing-dependency.so" missing-dependency.c -L"$out" -lbroken-dependency
rm "$out/libbroken-dependency.so"

# Faults that the linker makes.
$cc $flags -shared -Wl,-z,nodelete,-z,now,-rpath,/home/nobody/build -o "$out/runpath.so" healthy.c
$cc $flags -shared -Wl,-z,nodelete,-z,now,-z,execstack -o "$out/executable-stack.so" healthy.c
$cc $flags -shared -Wl,-z,nodelete,-z,now,-rpath,/opt/broken/lib -o "$out/odd-runpath.so" healthy.c
$cc $flags -shared -Wl,-z,now -o "$out/unloadable.so" healthy.c
$cc $flags -shared -Wl,-z,nodelete,-z,now,-z,notext -o "$out/text-relocations.so" text-relocations.c
$cc $flags -g -shared -Wl,-z,nodelete,-z,now -o "$out/debug-information.so" healthy.c

# patch FILE OFFSET OCTAL: one byte
patch() { printf "\\$3" | dd of="$out/$1" bs=1 seek="$2" conv=notrunc 2>/dev/null; }

cp "$out/healthy.so" "$out/healthy-copy.so"
ln "$out/healthy.so" "$out/healthy-link.so"
cp "$out/healthy.so" "$out/world-writable.so"
chmod 0777 "$out/world-writable.so"
yes 'This is a text.' | head -n 100 >"$out/not-elf.so"
: >"$out/empty.so"
head -c 40 "$out/healthy.so" >"$out/truncated-header.so"
head -c $(($(wc -c <"$out/healthy.so") / 2)) "$out/healthy.so" >"$out/truncated-half.so"
for name in class-32 big-endian wrong-machine; do cp "$out/healthy.so" "$out/$name.so"; done
patch class-32.so 4 001     # EI_CLASS: ELFCLASS32
patch big-endian.so 5 002   # EI_DATA: ELFDATA2MSB
patch wrong-machine.so 18 267 # e_machine: EM_AARCH64, 183
echo 'int main(void) { return 0; }' | $cc -x c -no-pie -o "$out/executable.so" -
$cc $flags -c -o "$out/object.so" healthy.c
