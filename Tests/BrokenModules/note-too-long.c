/* MH-R106: The ELF note says that its text is longer than its section. */
#include "broken.h"

__attribute__((section(MH_NOTE_SECTION), used, aligned(4))) static const struct {
    uint32_t owner_size, text_size, type;
    char owner[8];
    char text[8];
} note = {8, 1000000, MH_NOTE_TYPE, MH_NOTE_OWNER, "name=no"};

BROKEN_MODULE("note-too-long", .ctx = 0)
