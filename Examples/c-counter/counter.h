/* What the files of this module share: its state, its services and the few functions that change the count.
 *
 * Everything here is reached from several threads at once (workers, management, pool threads of slow commands), so the
 * count and the step are read and written through the functions below and nothing else. */
#ifndef C_COUNTER_H
#define C_COUNTER_H

#include <modhost/modhost.h>

/* Service tables, looked up once in init and read-only afterwards. The host owns them; they never move. */
typedef struct counter_services {
    mh_self *self;
    const mh_log_service *log;         /* always there: init fails without it */
    const mh_loop_service *loop;       /* always there */
    const mh_counter_service *counter; /* always there */
} counter_services;

/* Parameters. The host writes those with `storage` before init; afterwards they do not change. */
typedef struct counter_settings {
    int64_t start;    /* first value, and the one that counter.reset goes back to */
    int64_t interval; /* nanoseconds between ticks; 0: never */
    int32_t log_ticks;
    mh_str label;
} counter_settings;

extern counter_services counter_services_;
extern counter_settings counter_settings_;

/* ---- count.c: the count itself; any thread ---- */

/* Puts the count back to `start`; answers the value that it had. */
int64_t counter_reset(void);
int64_t counter_value(void);
void counter_set(int64_t value);
/* Adds and stores the new value; MH_E_LIMIT, with nothing changed, when it would not fit in 64 bits. */
int32_t counter_add(int64_t amount, int64_t *value);
int64_t counter_step(void);
void counter_set_step(int64_t step);

/* ---- log.c: lines for the host's log; any thread ---- */

/* Writes a line with the count as a structured field, when the level is wanted. */
void counter_log(int32_t level, const char *text);

/* ---- commands.c, script.c: what the descriptor in module.c points to ---- */

#define COUNTER_COMMANDS 5
#define COUNTER_FUNCTIONS 1
#define COUNTER_VARIABLES 1
extern const mh_mi_command counter_commands[COUNTER_COMMANDS];
extern const mh_script_function counter_functions[COUNTER_FUNCTIONS];
extern const mh_script_variable counter_variables[COUNTER_VARIABLES];

/* The handler of counter.wait, in wait.c. */
int32_t counter_wait(void *ctx, const mh_mi_call *call, const mh_mi_reply *reply);

#endif
