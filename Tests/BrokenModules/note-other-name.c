/* MH-R112: The note has another name than the descriptor. */
#include "broken.h"

BROKEN_NOTE_TEXT("name=another-name\nversion=1.0.0\nabi=1.0\n");

BROKEN_MODULE("note-other-name", .ctx = 0)
