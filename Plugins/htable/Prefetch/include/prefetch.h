/* The processor's hint to fetch a cache line, which Swift has no words for. */
#ifndef MODHOST_HTABLE_PREFETCH_H
#define MODHOST_HTABLE_PREFETCH_H

static inline void prefetch_line(const void *address) { __builtin_prefetch(address); }

#endif
