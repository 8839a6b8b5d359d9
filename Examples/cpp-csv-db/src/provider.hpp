// The table of functions behind mh.db/1:csv.
#pragma once

#include <modhost/modhost.h>

extern const mh_db_provider provider;
