/*
 * Preloaded into the host: counts its calls that change files below FAULTS_ROOT, all threads together, and makes one of them, or all from one on,
 * go wrong. What it shall do, and what it saw, stands in a page of shared memory, the file FAULTS_CONTROL, so no call of its own is counted.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

/* Laid out by hand in CallFaults.swift too. */
struct control {
    _Atomic uint32_t count;  /* calls so far */
    uint32_t when;           /* the one that goes wrong, from 1 on; 0: none */
    uint32_t lasting;        /* all behind it go wrong too */
    int32_t error;           /* the errno it gets, or one of the actions */
    _Atomic uint32_t fired;  /* how many went wrong */
    _Atomic uint32_t lifted; /* nothing goes wrong any more */
    char kinds[];            /* the kind of each call, by its number */
};
enum { CONTROL_SIZE = 1 << 16, KINDS = CONTROL_SIZE - 24 };
enum { KILL = -1, TEAR = -2, SHORT = -3, SHORT_THEN_FULL = -4 };

static struct control *control;
static const char *root;
static size_t root_length;
static __thread int is_full;

__attribute__((constructor)) static void begin(void) {
    const char *path = getenv("FAULTS_CONTROL");
    int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;
    void *base;
    root = getenv("FAULTS_ROOT");
    if (fd < 0 || !root) return;
    root_length = strlen(root);
    base = mmap(NULL, CONTROL_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (base != MAP_FAILED) control = base;
}

static int is_below(const char *path) {
    char resolved[PATH_MAX];
    if (!control) return 0;
    if (path[0] != '/') {
        if (!getcwd(resolved, sizeof resolved)) return 0;
        while (path[0] == '.' && path[1] == '/') path += 2;
        if (strlen(resolved) + strlen(path) + 2 > sizeof resolved) return 0;
        strcat(strcat(resolved, "/"), path);
        path = resolved;
    }
    return strncmp(path, root, root_length) == 0 && path[root_length] == '/';
}

static int is_file(int fd) {
    char link[32], path[PATH_MAX];
    ssize_t count;
    if (!control || fd < 0) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    count = readlink(link, path, sizeof path - 1);
    if (count < 0) return 0;
    path[count] = 0;
    return is_below(path) || strcmp(path, root) == 0;
}

/* Which calls can fail so: w write, c create, o open, r rename, u unlink, d mkdir, s sync, t truncate, f fallocate, m map. */
static int can_happen(int error, char kind) {
    switch (error) {
    case KILL: return 1;
    case TEAR: case SHORT: case SHORT_THEN_FULL: return kind == 'w';
    case ENOSPC: return strchr("wcrdsf", kind) != NULL;
    case EIO: return kind != 'm';
    case EINTR: return strchr("wcostf", kind) != NULL;
    case EAGAIN: return kind == 'w';
    case EMFILE: return kind == 'c' || kind == 'o';
    case ENOMEM: return kind == 'm';
    default: return 0;
    }
}

/* Counts a call; what is to happen to it, 0 for nothing. */
static int due(char kind) {
    uint32_t number = atomic_fetch_add(&control->count, 1) + 1;
    int error = control->error;
    if (number <= KINDS) control->kinds[number - 1] = kind;
    if (atomic_load(&control->lifted) || !control->when) return 0;
    if (number != control->when && !(control->lasting && number > control->when)) return 0;
    if (!can_happen(error, kind)) return 0;
    atomic_fetch_add(&control->fired, 1);
    if (error == KILL) {
        kill(getpid(), SIGKILL);
        for (;;) pause();
    }
    return error;
}

/* For all calls but writes: whether it fails. */
static int fails(char kind) {
    int error = due(kind);
    if (error > 0) errno = error;
    return error > 0;
}

#define REAL(type, name, ...) \
    static type (*real)(__VA_ARGS__); \
    if (!real) real = (type (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

/* How much of a write to let through; -1 for nothing and an error. */
static ssize_t allowed(int fd, size_t count, off_t offset) {
    int error;
    if (is_full && !atomic_load(&control->lifted)) {
        is_full = 0;
        errno = ENOSPC;
        return -1;
    }
    is_full = 0;
    error = due('w');
    if (error > 0) {
        errno = error;
        return -1;
    }
    if (error == SHORT || error == SHORT_THEN_FULL) {
        is_full = error == SHORT_THEN_FULL;
        return count > 1 ? (ssize_t)(count / 2) : (ssize_t)count;
    }
    if (error == TEAR) {
        /* As a kill leaves it that comes between two pages of one write. */
        struct stat status;
        off_t start = offset, whole;
        if (start < 0) start = fstat(fd, &status) == 0 ? status.st_size : 0;
        whole = (start + (off_t)count - 1) / 4096 * 4096 - start;
        return whole > 0 ? whole : 0;
    }
    return (ssize_t)count;
}

static void tear(void) {
    if (control->error == TEAR && atomic_load(&control->fired)) {
        kill(getpid(), SIGKILL);
        for (;;) pause();
    }
}

ssize_t write(int fd, const void *bytes, size_t count) {
    REAL(ssize_t, "write", int, const void *, size_t);
    ssize_t part, done;
    if (!is_file(fd)) return real(fd, bytes, count);
    part = allowed(fd, count, -1);
    done = part < 0 ? -1 : part == 0 && count > 0 ? 0 : real(fd, bytes, (size_t)part);
    tear();
    return done;
}

static ssize_t positioned(const char *name, int fd, const void *bytes, size_t count, off_t offset) {
    ssize_t (*real)(int, const void *, size_t, off_t) = (ssize_t (*)(int, const void *, size_t, off_t))dlsym(RTLD_NEXT, name);
    ssize_t part, done;
    if (!is_file(fd)) return real(fd, bytes, count, offset);
    part = allowed(fd, count, offset);
    done = part < 0 ? -1 : part == 0 && count > 0 ? 0 : real(fd, bytes, (size_t)part, offset);
    tear();
    return done;
}
ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset) { return positioned("pwrite", fd, bytes, count, offset); }
ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset) { return positioned("pwrite64", fd, bytes, count, offset); }

/* Vectored writes are let through as a whole or fail as a whole: the caller must take a short one anyway. */
ssize_t writev(int fd, const struct iovec *parts, int count) {
    REAL(ssize_t, "writev", int, const struct iovec *, int);
    int error;
    if (!is_file(fd)) return real(fd, parts, count);
    error = due('w');
    if (error > 0) {
        errno = error;
        return -1;
    }
    if (error == TEAR) tear();
    if (error < 0 && count > 0) return real(fd, parts, 1);
    return real(fd, parts, count);
}

static int opened(const char *name, int at, const char *path, int flags, mode_t mode) {
    int (*real)(int, const char *, int, ...) = (int (*)(int, const char *, int, ...))dlsym(RTLD_NEXT, name);
    int writes = (flags & O_CREAT) || (flags & O_ACCMODE) != O_RDONLY;
    if (writes && is_below(path)) {
        /* Making it and opening it are two things to a disk. */
        char kind = (flags & O_CREAT) && access(path, F_OK) != 0 ? 'c' : 'o';
        if (fails(kind)) return -1;
    }
    return real(at, path, flags, mode);
}
#define OPEN(function, real) \
    int function(const char *path, int flags, ...) { \
        mode_t mode = 0; \
        va_list list; \
        va_start(list, flags); \
        if (flags & O_CREAT) mode = va_arg(list, mode_t); \
        va_end(list); \
        return opened(real, AT_FDCWD, path, flags, mode); \
    }
#define OPENAT(function) \
    int function(int at, const char *path, int flags, ...) { \
        mode_t mode = 0; \
        va_list list; \
        va_start(list, flags); \
        if (flags & O_CREAT) mode = va_arg(list, mode_t); \
        va_end(list); \
        return opened(#function, at, path, flags, mode); \
    }
OPEN(open, "openat")
OPEN(open64, "openat64")
OPENAT(openat)
OPENAT(openat64)

int rename(const char *from, const char *to) {
    REAL(int, "rename", const char *, const char *);
    return is_below(from) && fails('r') ? -1 : real(from, to);
}
int unlink(const char *path) {
    REAL(int, "unlink", const char *);
    return is_below(path) && fails('u') ? -1 : real(path);
}
int mkdir(const char *path, mode_t mode) {
    REAL(int, "mkdir", const char *, mode_t);
    return is_below(path) && fails('d') ? -1 : real(path, mode);
}
int fsync(int fd) {
    REAL(int, "fsync", int);
    return is_file(fd) && fails('s') ? -1 : real(fd);
}
int fdatasync(int fd) {
    REAL(int, "fdatasync", int);
    return is_file(fd) && fails('s') ? -1 : real(fd);
}
static int truncated(const char *name, int fd, off_t size) {
    int (*real)(int, off_t) = (int (*)(int, off_t))dlsym(RTLD_NEXT, name);
    return is_file(fd) && fails('t') ? -1 : real(fd, size);
}
int ftruncate(int fd, off_t size) { return truncated("ftruncate", fd, size); }
int ftruncate64(int fd, off64_t size) { return truncated("ftruncate64", fd, size); }
static int allocated(const char *name, int fd, off_t offset, off_t size) {
    int (*real)(int, off_t, off_t) = (int (*)(int, off_t, off_t))dlsym(RTLD_NEXT, name);
    /* It answers the error itself and leaves errno alone. */
    return is_file(fd) && fails('f') ? errno : real(fd, offset, size);
}
int posix_fallocate(int fd, off_t offset, off_t size) { return allocated("posix_fallocate", fd, offset, size); }
int posix_fallocate64(int fd, off64_t offset, off64_t size) { return allocated("posix_fallocate64", fd, offset, size); }
static void *mapped(const char *name, void *at, size_t size, int protection, int flags, int fd, off_t offset) {
    void *(*real)(void *, size_t, int, int, int, off_t) = (void *(*)(void *, size_t, int, int, int, off_t))dlsym(RTLD_NEXT, name);
    return (flags & MAP_SHARED) && is_file(fd) && fails('m') ? MAP_FAILED : real(at, size, protection, flags, fd, offset);
}
void *mmap(void *at, size_t size, int protection, int flags, int fd, off_t offset) {
    return mapped("mmap", at, size, protection, flags, fd, offset);
}
void *mmap64(void *at, size_t size, int protection, int flags, int fd, off64_t offset) {
    return mapped("mmap64", at, size, protection, flags, fd, offset);
}
