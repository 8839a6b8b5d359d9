/* MH-R106: A line of the ELF note is not key=value. */
#include "broken.h"

BROKEN_NOTE_TEXT("name=note-bad-line\nversion=1.0.0\nabi=1.0\nno equals sign here\n");

BROKEN_MODULE("note-bad-line", .ctx = 0)
