/* The layout of what ABI 1.1 adds, as numbers, by the rules of ../1.0/layout.c. */
#include <modhost/modhost.h>

#ifdef __cplusplus
#define HOLDS(condition, text) static_assert(condition, text)
#else
#define HOLDS(condition, text) _Static_assert(condition, text)
#endif

#define GROWS(type, bytes) HOLDS(sizeof(type) >= (bytes), #type " is smaller than in ABI 1.1")
#define FIELD(type, field, offset, bytes) \
    HOLDS(offsetof(type, field) == (offset) && sizeof(((type *)0)->field) == (bytes), \
          #type "." #field " is not where ABI 1.1 had it, or of another size")
#define VALUE(constant, number) HOLDS((constant) == (number), #constant " is not what it was in ABI 1.1")

/* ---- modhost/script.h ---- */

VALUE(MH_SCRIPT_NO_ROUTE, 0);
VALUE(MH_SCRIPT_ENDED, 1);
VALUE(MH_SCRIPT_DROPPED, 2);
VALUE(MH_SCRIPT_REPLIED, 4);

GROWS(mh_script_outcome, 32);
FIELD(mh_script_outcome, struct_size, 0, 4);
FIELD(mh_script_outcome, code, 4, 4);
FIELD(mh_script_outcome, flags, 8, 4);
FIELD(mh_script_outcome, reply_code, 12, 4);
FIELD(mh_script_outcome, reply_text, 16, 16);

GROWS(mh_script_service, 72);
FIELD(mh_script_service, struct_size, 0, 4);
FIELD(mh_script_service, reserved, 4, 4);
FIELD(mh_script_service, find, 8, 8);
FIELD(mh_script_service, run, 16, 8);
FIELD(mh_script_service, format, 24, 8);
FIELD(mh_script_service, expand, 32, 8);
FIELD(mh_script_service, assign, 40, 8);
FIELD(mh_script_service, argument, 48, 8);
FIELD(mh_script_service, reply, 56, 8);
FIELD(mh_script_service, on_end, 64, 8);
