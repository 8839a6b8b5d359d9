/* The ELF note that the host reads before any code of the module runs; it says what the descriptor says. */
#include "note.h"

#include <modhost/modhost.h>

MH_MODULE_NOTE("name=@NAME@\nversion=0.1.0\nabi=1.0\n");
