/* Thread-locals of the host: the guard's frame, the index, the kind. */
#define _GNU_SOURCE
#include "chost.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define FRAMES 1024

static _Thread_local uint32_t index_of_thread = MH_THREAD_NONE;
static _Thread_local uint32_t kind_of_thread = MH_THREAD_FOREIGN;

_Thread_local chost_frame chost_frame_here;
_Thread_local chost_frame *chost_frame_shown;
static chost_frame shown[FRAMES];

chost_frame chost_current(void) { return chost_frame_here; }

chost_frame chost_frame_of(uint32_t index) {
    chost_frame seen = {0, 0};
    if (index >= FRAMES) return seen;
    seen.module = __atomic_load_n(&shown[index].module, __ATOMIC_RELAXED);
    seen.callback = __atomic_load_n(&shown[index].callback, __ATOMIC_RELAXED);
    return seen;
}

uint32_t chost_thread_index(void) { return index_of_thread; }
uint32_t chost_thread_kind(void) { return kind_of_thread; }

void chost_thread_set(uint32_t index, uint32_t kind, const char *name) {
    index_of_thread = index;
    kind_of_thread = kind;
    chost_frame_shown = index < FRAMES ? &shown[index] : NULL;
    chost_be_in(chost_frame_here);
    if (name) {
        char text[16];
        snprintf(text, sizeof text, "%s", name);
        pthread_setname_np(pthread_self(), text);
        /* Stacks of threads that the host makes live as long as the thread; a crash by stack overflow needs another one. */
        stack_t stack = {.ss_size = 32 * 1024, .ss_sp = NULL, .ss_flags = 0};
        stack_t old;
        if (sigaltstack(NULL, &old) == 0 && (old.ss_flags & SS_DISABLE)) {
            stack.ss_sp = malloc(stack.ss_size);
            if (stack.ss_sp) sigaltstack(&stack, NULL);
        }
    }
}

static pthread_key_t exit_key;
static pthread_once_t exit_once = PTHREAD_ONCE_INIT;
static void (*exit_call)(uint32_t);

static void at_exit(void *value) {
    if (exit_call) exit_call((uint32_t)(uintptr_t)value - 1);
}

static void make_key(void) { pthread_key_create(&exit_key, at_exit); }

void chost_thread_at_exit(void (*ended)(uint32_t index)) {
    exit_call = ended;
    pthread_once(&exit_once, make_key);
    pthread_setspecific(exit_key, (void *)((uintptr_t)index_of_thread + 1));
}

int32_t chost_thread_kernel_id(void) { return (int32_t)syscall(SYS_gettid); }

int64_t chost_thread_cpu(int32_t kernel_id) {
    /* The kernel's clock id of a thread: its id inverted, shifted, with the per-thread and scheduler bits (see clock_getcpuclockid). */
    clockid_t clock = (clockid_t)((~(unsigned)kernel_id) << 3 | 6);
    struct timespec time;
    if (clock_gettime(clock, &time) != 0) return -1;
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}
