/* MH-R106: The name in the ELF note is not [a-z][a-z0-9_-]*. */
#include "broken.h"

BROKEN_NOTE_TEXT("name=Bad Name\nversion=1.0.0\nabi=1.0\n");

BROKEN_MODULE("Bad Name", .ctx = 0)
