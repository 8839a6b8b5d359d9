/* MH-R110: The entry function answers MH_OK and leaves no descriptor. */
#include "broken.h"

BROKEN_NOTE("entry-without-module");

BROKEN_ENTRY(0)
