/* MH-C207: Holds the path of a source file of whoever built it. */
#include "broken.h"

BROKEN_NOTE("build-path");

static const char *const source = "/home/nobody/broken/build-path.c";

BROKEN_MODULE("build-path", .ctx = (void *)&source)
