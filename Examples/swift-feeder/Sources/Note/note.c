/* The ELF note that the host reads before any code of the module runs; it says what the descriptor says. */
#include "note.h"

#include <modhost/modhost.h>

MH_MODULE_NOTE("name=feeder\nversion=1.0.0\nabi=1.0\nrequires=mh.timestore/1:timestore\nrequires=mh.db/1:flatstore?\n");
