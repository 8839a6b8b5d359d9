/* MH-R112: The note has an alias that the descriptor lacks. */
#include "broken.h"

BROKEN_NOTE_TEXT("name=note-other-alias\nversion=1.0.0\nabi=1.0\nalias=nickname\n");

BROKEN_MODULE("note-other-alias", .ctx = 0)
