/* MH-R111: An unknown flag bit of the module is set. */
#include "broken.h"

BROKEN_NOTE("module-extra-bit");

BROKEN_MODULE("module-extra-bit", .flags = 0x80000000u)
