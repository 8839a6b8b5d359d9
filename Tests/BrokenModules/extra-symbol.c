/* MH-C201: Exports a second symbol. */
#include "broken.h"

BROKEN_NOTE("extra-symbol");

MH_EXPORT int32_t broken_extra(void);
int32_t broken_extra(void) { return 1; }

BROKEN_MODULE("extra-symbol", .ctx = 0)
