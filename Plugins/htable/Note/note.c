/* What the host reads from the file before any code of the module runs; it must agree with the descriptor. */
#include <modhost/modhost.h>

MH_MODULE_NOTE("name=htable\nversion=0.1.0\nabi=1.0\nprovides=mh.htable/1:htable\n");
