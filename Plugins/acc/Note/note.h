/* The acc module's ELF note lives in note.c; this header only gives the target a public face. */
