/* MH-R108: Calls a function that no library has. */
#include "broken.h"

BROKEN_NOTE("undefined-symbol");

extern void broken_symbol_of_nobody(void);

static int32_t start(void *ctx, const mh_host *host, const mh_error *err) {
    (void)ctx;
    (void)host;
    (void)err;
    broken_symbol_of_nobody();
    return MH_OK;
}

BROKEN_MODULE("undefined-symbol", .init = start)
