/* MH-C202: Exports a weak symbol, as templates of C++ do. */
#include "broken.h"

BROKEN_NOTE("weak-symbol");

MH_EXPORT __attribute__((weak)) int32_t broken_weak(void);
int32_t broken_weak(void) { return 1; }

BROKEN_MODULE("weak-symbol", .ctx = 0)
