#define _GNU_SOURCE
#include "cmodulecheck.h"

#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <unistd.h>

int32_t cmodulecheck_fork(void) {
    pid_t parent = getpid();
    pid_t child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (getppid() != parent) _exit(0);
    }
    return child;
}

size_t cmodulecheck_heap_in_use(void) {
    struct mallinfo2 info = mallinfo2();
    /* Large blocks are mapped one by one and counted apart. */
    return info.uordblks + info.hblkhd;
}

int32_t cmodulecheck_nameless_file(void) {
    int descriptor = open(".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (descriptor >= 0) return descriptor;
    /* Not every file system can do that. */
    char name[] = "output-XXXXXX";
    descriptor = mkostemp(name, O_CLOEXEC);
    if (descriptor >= 0) unlink(name);
    return descriptor;
}
