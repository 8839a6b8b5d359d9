/* The module's ELF note is data; this header is here because a C target needs one. */
