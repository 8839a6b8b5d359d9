/* MH-R106: The ELF note lacks the ABI version. */
#include "broken.h"

BROKEN_NOTE_TEXT("name=note-ageless\nversion=1.0.0\n");

BROKEN_MODULE("note-ageless", .ctx = 0)
