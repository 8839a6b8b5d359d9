/* MH-R104: Needs a minor version of the ABI that is far off. */
#include "broken.h"

BROKEN_NOTE_TEXT("name=minor-too-new\nversion=1.0.0\nabi=1.99\n");

BROKEN_MODULE("minor-too-new", .abi_minor = 99)
