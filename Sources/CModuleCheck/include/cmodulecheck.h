/* Calls that modcheck makes and Swift cannot: hidden behind _GNU_SOURCE, returning a large struct, or kept from Swift. */
#ifndef CMODULECHECK_H
#define CMODULECHECK_H

#include <stddef.h>
#include <stdint.h>

/* fork(2). The caller has one thread, so that the child may go on as an ordinary process. */
int32_t cmodulecheck_fork(void);
/* Bytes that malloc has handed out and not got back, in all arenas. */
size_t cmodulecheck_heap_in_use(void);
/* A file without a name in the working directory; a descriptor, or negative. */
int32_t cmodulecheck_nameless_file(void);

#endif
