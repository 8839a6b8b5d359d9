/* MH-R106: The ELF note gives the name twice. */
#include "broken.h"

BROKEN_NOTE_TEXT("name=note-echo\nname=someone-else\nversion=1.0.0\nabi=1.0\n");

BROKEN_MODULE("note-echo", .ctx = 0)
