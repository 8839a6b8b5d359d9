/* MH-C295: Its database provider calls abort for a long address. */
#define _GNU_SOURCE
#include "database.h"

#include <stdlib.h>

BROKEN_DATABASE("database-crashes")

static int32_t open_database(void *ctx, const mh_db_open *options, mh_db **db, const mh_error *err) {
    (void)ctx;
    (void)err;
    if (options->url.len > 1000) abort();
    *db = (mh_db *)&provider;
    return MH_OK;
}
