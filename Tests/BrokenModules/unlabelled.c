/* MH-R105: Has no ELF note. */
#include "broken.h"

BROKEN_MODULE("unlabelled", .ctx = 0)
