/* MH-R110: A reserved field of the descriptor is set. */
#include "broken.h"

BROKEN_NOTE("module-untidy");

BROKEN_MODULE("module-untidy", .reserved = 1)
