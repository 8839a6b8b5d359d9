/* MH-R112: The note needs ABI 1.0, the descriptor 1.5. */
#include "broken.h"

BROKEN_NOTE_TEXT("name=note-other-abi\nversion=1.0.0\nabi=1.0\n");

BROKEN_MODULE("note-other-abi", .abi_minor = 5)
