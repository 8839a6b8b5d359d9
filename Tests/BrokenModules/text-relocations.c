/* MH-C210: Its code holds an address that the dynamic linker must write; build.sh lets the linker do so. */
#include "broken.h"

BROKEN_NOTE("text-relocations");

__asm__(".text\n.globl broken_place\n.hidden broken_place\nbroken_place: .quad mh_module_entry_v1\n");

BROKEN_MODULE("text-relocations", .ctx = 0)
