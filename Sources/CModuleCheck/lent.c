/* Memory that modules may use for the length of a call and no longer: its pages become inaccessible when the loan ends. */
#define _GNU_SOURCE
#include "cmodulecheck.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>

#define PAGE ((size_t)4096)
#define SPACE ((size_t)4 << 30) /* address space, not memory: a loan is never made twice at the same place */

static char *start_of_space;
static size_t used;
static volatile int64_t *touched_flag;
static struct sigaction before;

static size_t pages(size_t size) { return (size + PAGE - 1) / PAGE * PAGE; }

static void seen(int number, siginfo_t *info, void *context) {
    char *place = (char *)info->si_addr;
    (void)context;
    if (place >= start_of_space && place < start_of_space + SPACE) *touched_flag = 1;
    /* The fault repeats on return, and goes to whoever was there before. */
    sigaction(number, &before, NULL);
}

int32_t cmodulecheck_lent_open(int64_t *touched) {
    struct sigaction action = {.sa_sigaction = seen, .sa_flags = SA_SIGINFO | SA_ONSTACK};
    void *space = mmap(NULL, SPACE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (space == MAP_FAILED) return errno;
    start_of_space = space;
    touched_flag = touched;
    sigemptyset(&action.sa_mask);
    return sigaction(SIGSEGV, &action, &before) == 0 ? 0 : errno;
}

void *cmodulecheck_lend(size_t size) {
    size_t room = pages(size);
    char *place = start_of_space + used;
    if (!start_of_space || room > SPACE - used || mprotect(place, room, PROT_READ | PROT_WRITE) != 0) return NULL;
    used += room;
    return place;
}

void cmodulecheck_revoke(void *start, size_t size) {
    madvise(start, pages(size), MADV_DONTNEED);
    mprotect(start, pages(size), PROT_NONE);
}
