/* MH-R112: The note has another version than the descriptor. */
#include "broken.h"

BROKEN_NOTE_TEXT("name=note-other-version\nversion=9.9.9\nabi=1.0\n");

BROKEN_MODULE("note-other-version", .ctx = 0)
