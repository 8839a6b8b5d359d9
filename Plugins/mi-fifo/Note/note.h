/* Plugins/mi-fifo/Note: the module's ELF note; nothing to include. */
