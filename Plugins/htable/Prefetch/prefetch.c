/* All of it is in the header; a C target has one source at least. */
#include "prefetch.h"
