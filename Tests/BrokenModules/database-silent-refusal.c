/* MH-C296: Its database provider refuses without a text. */
#include "database.h"

BROKEN_DATABASE("database-silent-refusal")

static int32_t open_database(void *ctx, const mh_db_open *options, mh_db **db, const mh_error *err) {
    (void)ctx;
    (void)options;
    (void)err;
    *db = 0;
    return MH_E_DENIED;
}
