import Foundation
import TestSupport

/// A library that the host is started with and that makes system calls on data files fail, as a file says while it runs.
///
/// The file holds one word: `write-enospc`, `write-eio`, `write-short` (half of the bytes, then ENOSPC), `sync-eio`, `read-eio`,
/// `rename-enospc`, `create-enospc`; nothing fails while it is empty or missing. Only what is below the data directory fails.
struct FaultLibrary {
    private let control: String
    /// Variables for the host.
    let environment: [String: String]
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
        control = directory.file("fault")
        let source = try directory.write(Self.source, to: "faults.c")
        let library = directory.file("faults.so")
        let built = try runToEnd("cc", ["-O1", "-shared", "-fPIC", "-o", library, source, "-ldl"])
        guard built.status == 0 else { throw TestFailure("cc: \(built.errors)") }
        environment = ["LD_PRELOAD": library, "TIMESTORE_FAULT": control]
    }

    /// Sets what fails from now on; nil: nothing.
    func set(_ fault: String?) throws {
        try directory.write(fault ?? "", to: "fault.new")
        guard rename(directory.file("fault.new"), control) == 0 else { throw TestFailure("rename: \(errno)") }
    }

    private static let source = #"""
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <errno.h>
        #include <fcntl.h>
        #include <stdarg.h>
        #include <stdio.h>
        #include <stdlib.h>
        #include <string.h>
        #include <sys/types.h>
        #include <unistd.h>

        static int is(const char *fault) {
            static int (*real_open)(const char *, int, ...);
            const char *path = getenv("TIMESTORE_FAULT");
            char text[64] = "";
            int fd;
            if (!path) return 0;
            if (!real_open) real_open = dlsym(RTLD_NEXT, "open64");
            fd = real_open(path, O_RDONLY | O_CLOEXEC);
            if (fd < 0) return 0;
            if (read(fd, text, sizeof text - 1) < 0) text[0] = 0;
            close(fd);
            return strcmp(text, fault) == 0;
        }
        static int is_data(int fd) {
            char link[64], path[4096];
            ssize_t n;
            snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
            n = readlink(link, path, sizeof path - 1);
            if (n < 0) return 0;
            path[n] = 0;
            return strstr(path, "/data/") && !strstr(path, ".lock");
        }
        static int fails(const char *fault, int code) {
            if (!is(fault)) return 0;
            errno = code;
            return 1;
        }

        static ssize_t do_pwrite(const char *name, int fd, const void *bytes, size_t count, off64_t offset) {
            ssize_t (*real)(int, const void *, size_t, off64_t) = dlsym(RTLD_NEXT, name);
            if (is_data(fd)) {
                if (fails("write-enospc", ENOSPC) || fails("write-eio", EIO)) return -1;
                if (is("write-short")) {
                    if (count < 8 || offset % 8 != 0 || count % 8 != 0) { errno = ENOSPC; return -1; }
                    return real(fd, bytes, count / 2 + 1, offset);
                }
            }
            return real(fd, bytes, count, offset);
        }
        ssize_t pwrite(int fd, const void *bytes, size_t count, off_t offset) { return do_pwrite("pwrite", fd, bytes, count, offset); }
        ssize_t pwrite64(int fd, const void *bytes, size_t count, off64_t offset) { return do_pwrite("pwrite64", fd, bytes, count, offset); }
        static ssize_t do_pread(const char *name, int fd, void *bytes, size_t count, off64_t offset) {
            ssize_t (*real)(int, void *, size_t, off64_t) = dlsym(RTLD_NEXT, name);
            if (is_data(fd) && fails("read-eio", EIO)) return -1;
            return real(fd, bytes, count, offset);
        }
        ssize_t pread(int fd, void *bytes, size_t count, off_t offset) { return do_pread("pread", fd, bytes, count, offset); }
        ssize_t pread64(int fd, void *bytes, size_t count, off64_t offset) { return do_pread("pread64", fd, bytes, count, offset); }
        int fdatasync(int fd) {
            int (*real)(int) = dlsym(RTLD_NEXT, "fdatasync");
            return is_data(fd) && fails("sync-eio", EIO) ? -1 : real(fd);
        }
        int rename(const char *from, const char *to) {
            int (*real)(const char *, const char *) = dlsym(RTLD_NEXT, "rename");
            return strstr(from, "/data/") && fails("rename-enospc", ENOSPC) ? -1 : real(from, to);
        }
        static int do_open(const char *name, const char *path, int flags, mode_t mode) {
            int (*real)(const char *, int, ...) = dlsym(RTLD_NEXT, name);
            if ((flags & O_CREAT) && strstr(path, "/data/") && fails("create-enospc", ENOSPC)) return -1;
            return real(path, flags, mode);
        }
        int open(const char *path, int flags, ...) {
            va_list list;
            mode_t mode = 0;
            va_start(list, flags);
            if (flags & O_CREAT) mode = va_arg(list, mode_t);
            va_end(list);
            return do_open("open", path, flags, mode);
        }
        int open64(const char *path, int flags, ...) {
            va_list list;
            mode_t mode = 0;
            va_start(list, flags);
            if (flags & O_CREAT) mode = va_arg(list, mode_t);
            va_end(list);
            return do_open("open64", path, flags, mode);
        }
        """#
}
