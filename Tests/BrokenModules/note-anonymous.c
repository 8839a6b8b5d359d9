/* MH-R106: The ELF note lacks the name. */
#include "broken.h"

BROKEN_NOTE_TEXT("version=1.0.0\nabi=1.0\n");

BROKEN_MODULE("note-anonymous", .ctx = 0)
