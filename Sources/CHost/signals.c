/* Signals: read as descriptors while all is well, reported with the module's name when the process crashes. */
#define _GNU_SOURCE
#include "chost.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

int32_t chost_signals_open(void) {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0) return -errno;
    signal(SIGPIPE, SIG_IGN);
    int descriptor = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    return descriptor < 0 ? -errno : descriptor;
}

int32_t chost_signals_next(int32_t descriptor) {
    struct signalfd_siginfo info;
    return read(descriptor, &info, sizeof info) == (ssize_t)sizeof info ? (int32_t)info.ssi_signo : 0;
}

int32_t chost_wake_open(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

void chost_wake(int32_t descriptor) {
    uint64_t one = 1;
    ssize_t ignored = write(descriptor, &one, sizeof one);
    (void)ignored; /* only a counter at its limit can refuse, and then the poll wakes anyway */
}

void chost_wake_clear(int32_t descriptor) {
    uint64_t count;
    ssize_t ignored = read(descriptor, &count, sizeof count);
    (void)ignored;
}

static const int fatal[] = {SIGSEGV, SIGBUS, SIGILL, SIGTRAP, SIGFPE, SIGABRT};
#define FATALS (sizeof fatal / sizeof fatal[0])
static struct sigaction before[FATALS];
static const char *product_version = "";

static size_t append(char *line, size_t used, size_t size, const char *text) {
    while (*text && used < size) line[used++] = *text++;
    return used;
}

static size_t append_number(char *line, size_t used, size_t size, unsigned long number) {
    char digits[24];
    size_t count = 0;
    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    while (count && used < size) line[used++] = digits[--count];
    return used;
}

static const char *name_of(int number) {
    switch (number) {
    case SIGSEGV: return "SIGSEGV (bad memory access)";
    case SIGBUS: return "SIGBUS (bad memory access)";
    case SIGILL: return "SIGILL (trap)";
    case SIGTRAP: return "SIGTRAP (trap)";
    case SIGFPE: return "SIGFPE (arithmetic)";
    case SIGABRT: return "SIGABRT (abort)";
    default: return "a fatal signal";
    }
}

static void crashed(int number, siginfo_t *info, void *context) {
    (void)context;
    char line[512];
    size_t used = 0;
    chost_frame where = chost_current();
    used = append(line, used, sizeof line, "modhost ");
    used = append(line, used, sizeof line, product_version);
    used = append(line, used, sizeof line, " crashed: ");
    used = append(line, used, sizeof line, name_of(number));
    if (where.module) {
        used = append(line, used, sizeof line, " in module ");
        used = append(line, used, sizeof line, where.module);
        used = append(line, used, sizeof line, ", callback ");
        used = append(line, used, sizeof line, where.callback ? where.callback : "?");
    } else {
        used = append(line, used, sizeof line, " in the host itself");
    }
    if (chost_thread_index() != MH_THREAD_NONE) {
        used = append(line, used, sizeof line, ", thread ");
        used = append_number(line, used, sizeof line, chost_thread_index());
    }
    used = append(line, used, sizeof line, ", process ");
    used = append_number(line, used, sizeof line, (unsigned long)getpid());
    used = append(line, used, sizeof line, "\n");
    ssize_t ignored = write(STDERR_FILENO, line, used);
    (void)ignored;
    /* Hand over to what was there before: Swift's backtrace, or the default action. The fault repeats on return. */
    for (size_t i = 0; i < FATALS; i++) {
        if (fatal[i] == number) sigaction(number, &before[i], NULL);
    }
    if (info != NULL && info->si_code > 0) return;
    /* A signal that was sent (kill, systemd's watchdog) does not repeat: raised here, now and not on return, Swift's handler
     * prints and comes back, expecting a fault; the second time the default action ends the process. */
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, number);
    pthread_sigmask(SIG_UNBLOCK, &set, NULL);
    raise(number);
    signal(number, SIG_DFL);
    raise(number);
}

void chost_crash_report_install(const char *version) {
    product_version = version;
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = crashed;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < FATALS; i++) sigaction(fatal[i], &action, &before[i]);
}
