/* The module's ELF note is in note.c; there is nothing to include. */
