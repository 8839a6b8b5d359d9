#include <modhost/modhost.h>

#include "note.h"

MH_MODULE_NOTE("name=acc\nversion=0.1.0\nabi=1.0\nrequires=mh.db/1\n");
