/* libltdl with a loader of our own: binds at once, keeps symbols private, never unloads, and keeps the dynamic linker's own
 * words. Main thread only.
 *
 * Why not the stock loader (libltdl 2.4.7, measured): it binds lazily, so an undefined symbol kills the daemon at its first call;
 * its error for a missing dependency is "file not found"; and dlclose of a Swift library crashes the process later. */
#ifndef CLTDL_H
#define CLTDL_H

typedef struct cltdl_module cltdl_module;

/* Sets libltdl up; 0, or -1 with cltdl_error. */
int cltdl_open(void);
/* Loads the shared object at an absolute path; NULL with cltdl_error. */
cltdl_module *cltdl_load(const char *path);
/* The address of a symbol, or NULL with cltdl_error. */
void *cltdl_symbol(cltdl_module *module, const char *name);
/* What went wrong last, in the dynamic linker's words; valid until the next call. */
const char *cltdl_error(void);

#endif
