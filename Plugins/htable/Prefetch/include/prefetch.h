/* The processor's hints that Swift has no words for: to fetch a cache line, and that a loop waits for another processor. */
#ifndef MODHOST_HTABLE_PREFETCH_H
#define MODHOST_HTABLE_PREFETCH_H

static inline void prefetch_line(const void *address) { __builtin_prefetch(address); }

static inline void spin_pause(void) {
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

#endif
