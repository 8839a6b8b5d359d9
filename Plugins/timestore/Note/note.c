/* What the host reads from the file before any code of the module runs; it must agree with the descriptor. */
#include <modhost/modhost.h>

MH_MODULE_NOTE("name=timestore\nversion=0.1.0\nabi=1.0\nprovides=mh.timestore/1:timestore\n");
