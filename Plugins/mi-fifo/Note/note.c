/* The ELF note that the host reads before any code of the module runs; it agrees with the descriptor in ../Module. */
#include "note.h"

#include <modhost/modhost.h>
#include <modhost/note.h>

MH_MODULE_NOTE("name=mi-fifo\nversion=0.1.0\nabi=1.0\nalias=mi_fifo\n");
