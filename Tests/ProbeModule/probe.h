/* A module that uses every service of the host on command and writes down in a journal file what happened, one line each.
 * The tests build it with cc against the headers, load it into the real daemon and read the journal. */
#ifndef PROBE_H
#define PROBE_H

#define _GNU_SOURCE
#include <modhost/modhost.h>

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

extern const mh_host *host;
extern mh_self *self;
extern const mh_log_service *logs;
extern const mh_loop_service *loops;
extern const mh_net_service *nets;
extern const mh_mi_service *commands;
extern const mh_thread_service *threads;
extern const mh_counter_service *counters;
extern const mh_param_service *params;
extern const mh_interface_service *interfaces;

/* Appends a line to the journal. Any thread. */
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Every callback begins with it: one that comes after `stop` has returned is noted as LATE. */
void arrived(const char *what);
/* Where this thread is: "main 0", "worker 2", "pool 5"... in a buffer of the thread's own. */
const char *here(void);

/* What was started and has not gone: counted, so that `stop` can tell. */
extern atomic_int outstanding;
/* Starts when `started` is called, ends with `gone`; a second `gone` is noted. */
typedef struct life {
    atomic_int gone;
} life;
void started(life *it);
void gone(life *it, const char *what);

/* An error sink that keeps the text. */
typedef struct kept_error {
    char text[256];
} kept_error;
mh_error keep(kept_error *kept);

/* An argument of a command. */
const mh_value *argument(const mh_mi_call *call, uint32_t index);
int64_t number(const mh_mi_call *call, uint32_t index);
mh_str text(const mh_mi_call *call, uint32_t index);
void say(const mh_mi_reply *reply, const char *name, const char *format, ...) __attribute__((format(printf, 3, 4)));

#define HANDLER(name) int32_t name(void *ctx, const mh_mi_call *call, const mh_mi_reply *reply)
#define UNUSED (void)ctx, (void)call, (void)reply

/* tasks.c */
HANDLER(probe_timer);
HANDLER(probe_watch);
HANDLER(probe_hangup);
HANDLER(probe_post);
HANDLER(probe_offload);
HANDLER(probe_threads);
/* streams.c */
int32_t streams_init(const char *run_dir, const mh_error *err);
HANDLER(probe_addresses);
HANDLER(probe_echo);
HANDLER(probe_adopt);
HANDLER(probe_udp);
/* services.c */
HANDLER(probe_mi);
HANDLER(probe_jsonrpc);
HANDLER(probe_db);
HANDLER(probe_params);
HANDLER(probe_log);
HANDLER(probe_misuse);
int32_t services_init(const mh_error *err);
/* busy.c */
HANDLER(probe_busy);
void *linger(void *ctx);

#endif
