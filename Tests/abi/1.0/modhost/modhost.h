/* modhost/modhost.h: the whole module ABI. A module needs this header and nothing else. */
#ifndef MODHOST_MODHOST_H
#define MODHOST_MODHOST_H

#include "base.h"
#include "counter.h"
#include "db.h"
#include "htable.h"
#include "log.h"
#include "loop.h"
#include "mi.h"
#include "module.h"
#include "net.h"
#include "note.h"
#include "script.h"
#include "thread.h"
#include "timestore.h"

#endif
