/* MH-R112: The note promises an interface that the descriptor lacks. */
#include "broken.h"

BROKEN_NOTE_TEXT("name=note-other-provides\nversion=1.0.0\nabi=1.0\nprovides=test.promise/1\n");

BROKEN_MODULE("note-other-provides", .ctx = 0)
