/* Calls that modcheck makes and Swift cannot: hidden behind _GNU_SOURCE, returning a large struct, or kept from Swift. */
#ifndef CMODULECHECK_H
#define CMODULECHECK_H

#include <stddef.h>
#include <stdint.h>

/* fork(2). The caller has one thread, so that the child may go on as an ordinary process; it ends with its parent. */
int32_t cmodulecheck_fork(void);
/* Bytes that malloc has handed out and not got back, in all arenas. */
size_t cmodulecheck_heap_in_use(void);
/* A file without a name in the working directory; a descriptor, or negative. */
int32_t cmodulecheck_nameless_file(void);

/* Reserves the address space out of which memory is lent to modules; *touched becomes 1 when a module reads or writes there after
 * the loan has ended, which is a crash too. 0, or an errno. */
int32_t cmodulecheck_lent_open(int64_t *touched);
/* Lends whole pages of at least `size` bytes; NULL when the space is used up. Not for several threads at once. */
void *cmodulecheck_lend(size_t size);
/* Ends a loan of cmodulecheck_lend with the same size. */
void cmodulecheck_revoke(void *start, size_t size);

#endif
