/* MH-R106: The ABI version in the ELF note is not two numbers. */
#include "broken.h"

BROKEN_NOTE_TEXT("name=note-bad-abi\nversion=1.0.0\nabi=one\n");

BROKEN_MODULE("note-bad-abi", .ctx = 0)
