#define _GNU_SOURCE
#include "cltdl.h"

#include <dlfcn.h>
#include <ltdl.h>
#include <stdio.h>
#include <string.h>

static char last_error[4096];

static void keep_error(const char *text) {
    snprintf(last_error, sizeof last_error, "%s", text ? text : "unknown error");
}

static lt_module open_now(lt_user_data data, const char *path, lt_dladvise advise) {
    (void)data;
    (void)advise;
    /* RTLD_NODELETE twice over: modules carry -z nodelete, others get it here. */
    void *handle = dlopen(path, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
    if (!handle) keep_error(dlerror());
    return handle;
}

static int never_close(lt_user_data data, lt_module module) {
    (void)data;
    (void)module;
    return 0;
}

static void *find(lt_user_data data, lt_module module, const char *name) {
    (void)data;
    dlerror();
    void *address = dlsym(module, name);
    const char *error = dlerror();
    if (error) keep_error(error);
    return address;
}

static const lt_dlvtable loader = {
    .name = "modhost",
    .sym_prefix = NULL,
    .module_open = open_now,
    .module_close = never_close,
    .find_sym = find,
    .dlloader_init = NULL,
    .dlloader_exit = NULL,
    .dlloader_data = NULL,
    .priority = LT_DLLOADER_PREPEND,
};

int cltdl_open(void) {
    if (lt_dlinit() != 0) {
        keep_error(lt_dlerror());
        return -1;
    }
    /* Remove every stock loader: one that merely stands behind ours is tried when ours refuses, and binds lazily. */
    lt_dlvtable *stock;
    const char *names[] = {"lt_dlopen", "lt_preopen", "dlopen", "preopen"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        while ((stock = lt_dlloader_remove(names[i])) != NULL) {}
        lt_dlerror();
    }
    if (lt_dlloader_add(&loader) != 0) {
        keep_error(lt_dlerror());
        return -1;
    }
    return 0;
}

cltdl_module *cltdl_load(const char *path) {
    last_error[0] = 0;
    lt_dlhandle handle = lt_dlopen(path);
    if (!handle && !last_error[0]) keep_error(lt_dlerror());
    return (cltdl_module *)handle;
}

void *cltdl_symbol(cltdl_module *module, const char *name) {
    last_error[0] = 0;
    void *address = lt_dlsym((lt_dlhandle)module, name);
    if (!address && !last_error[0]) keep_error(lt_dlerror());
    return address;
}

const char *cltdl_error(void) { return last_error; }
