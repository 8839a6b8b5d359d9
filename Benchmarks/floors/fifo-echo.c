/* The floor of requests over a FIFO: `fifo-echo REQUEST_FIFO [epoll]` makes the FIFO, prints "ready", and answers each line with a
 * fixed JSON text into the reply FIFO that its "reply_name" names, beside the request FIFO. Bare, it is four system calls a request
 * (read, open, write, close). With `epoll` it does what a server has to that waits for other things too and looks whom it answers:
 * epoll_wait, read, open, fstat, write, close. It ends with SIGTERM. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/stat.h>
#include <unistd.h>

static const char answer[] = "{\"jsonrpc\":\"2.0\",\"result\":[\"x\"],\"id\":1}";
static const char member[] = "\"reply_name\":\"";

/* Answers one line; what names no reply FIFO gets no answer. */
static void serve(const char *line, size_t size, const char *directory, int is_careful) {
    const char *name = memmem(line, size, member, sizeof member - 1);
    if (!name) return;
    name += sizeof member - 1;
    const char *end = memchr(name, '"', (size_t)(line + size - name));
    char path[512];
    if (!end || snprintf(path, sizeof path, "%s/%.*s", directory, (int)(end - name), name) >= (int)sizeof path) return;
    int out = open(path, O_WRONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
    if (out < 0) return;
    struct stat status;
    if (!is_careful ||
        (fstat(out, &status) == 0 && S_ISFIFO(status.st_mode) && status.st_nlink == 1 && status.st_uid == geteuid())) {
        if (write(out, answer, sizeof answer - 1) < 0) perror("fifo-echo: write");
    }
    close(out);
}

int main(int argc, char **argv) {
    int is_careful = argc == 3 && strcmp(argv[2], "epoll") == 0;
    if (argc != 2 && !is_careful) {
        fprintf(stderr, "usage: fifo-echo REQUEST_FIFO [epoll]\n");
        return 2;
    }
    char directory[400], buffer[65536];
    char *slash = strrchr(argv[1], '/');
    if (!slash || (size_t)(slash - argv[1]) >= sizeof directory) {
        fprintf(stderr, "fifo-echo: found %s, expected a path with a directory\n", argv[1]);
        return 2;
    }
    snprintf(directory, sizeof directory, "%.*s", (int)(slash - argv[1]), argv[1]);
    int in = -1, poller = epoll_create1(EPOLL_CLOEXEC);
    struct epoll_event event = {.events = EPOLLIN};
    if (mkfifo(argv[1], 0600) != 0 || (in = open(argv[1], O_RDWR | O_CLOEXEC | (is_careful ? O_NONBLOCK : 0))) < 0 ||
        epoll_ctl(poller, EPOLL_CTL_ADD, in, &event) != 0) {
        perror("fifo-echo");
        return 1;
    }
    puts("ready");
    fflush(stdout);
    size_t have = 0;
    for (;;) {
        if (is_careful && epoll_wait(poller, &event, 1, -1) < 0 && errno != EINTR) return 1;
        ssize_t got = read(in, buffer + have, sizeof buffer - have);
        if (got < 0 && errno != EAGAIN && errno != EINTR) return 1;
        if (got > 0) have += (size_t)got;
        size_t start = 0;
        for (char *end; (end = memchr(buffer + start, '\n', have - start)); start = (size_t)(end - buffer) + 1)
            serve(buffer + start, (size_t)(end - buffer) - start, directory, is_careful);
        memmove(buffer, buffer + start, have - start);
        have -= start;
        if (have == sizeof buffer) have = 0; /* a line that long is nobody's */
    }
}
