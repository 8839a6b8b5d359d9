/* What the host reads from the file before any code of the module runs; it must agree with the descriptor. */
#include <modhost/modhost.h>

#include "note.h"

MH_MODULE_NOTE("name=ask\nversion=0.1.0\nabi=1.1\n");
