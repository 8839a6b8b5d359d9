/* Addresses: from the text of the parameter `listen` to a bound socket. */
#include "datagram.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Reports with the address in front, so that the operator sees which one. */
static int32_t refuse(const mh_error *err, int32_t code, const char *subject, const char *text) {
    char line[600];
    snprintf(line, sizeof(line), "%s: %s", subject, text);
    return mh_fail(err, code, line);
}

static int32_t starts(mh_str text, const char *prefix) {
    size_t length = strlen(prefix);
    return text.len >= length && memcmp(text.ptr, prefix, length) == 0;
}

static mh_str after(mh_str text, size_t count) { return mh_bytes(text.ptr + count, text.len - count); }

static int32_t parse_path(mh_str path, place *to, const mh_error *err) {
    if (path.len == 0 || path.ptr[0] != '/') return mh_fail(err, MH_E_INVALID, "a UNIX socket's path must begin with /");
    if (path.len >= PATH_ROOM) return mh_fail(err, MH_E_INVALID, "a UNIX socket's path may have 107 bytes, this one is longer");
    to->is_unix = 1;
    memcpy(to->path, path.ptr, path.len);
    return MH_OK;
}

static int32_t parse_host_and_port(mh_str text, place *to, const mh_error *err) {
    const char *colon = (const char *)memrchr(text.ptr, ':', text.len);
    mh_str host, port;
    size_t i;
    unsigned number = 0;

    if (!colon) return mh_fail(err, MH_E_INVALID, "the port is missing: expected udp://HOST:PORT");
    host = mh_bytes(text.ptr, (size_t)(colon - text.ptr));
    port = after(text, host.len + 1);
    if (port.len == 0 || port.len > 5) return mh_fail(err, MH_E_INVALID, "the port must be a number from 0 to 65535");
    for (i = 0; i < port.len; i++) {
        if (port.ptr[i] < '0' || port.ptr[i] > '9')
            return mh_fail(err, MH_E_INVALID, "the port must be a number from 0 to 65535");
        number = number * 10 + (unsigned)(port.ptr[i] - '0');
    }
    if (number > 65535) return mh_fail(err, MH_E_INVALID, "the port must be a number from 0 to 65535");
    if (host.len >= 2 && host.ptr[0] == '[' && host.ptr[host.len - 1] == ']') {
        host = mh_bytes(host.ptr + 1, host.len - 2);
    } else if (memchr(host.ptr, ':', host.len)) {
        return mh_fail(err, MH_E_INVALID, "an IPv6 address needs brackets: udp://[::1]:9062");
    }
    if (host.len == 0 || host.len >= HOST_ROOM)
        return mh_fail(err, MH_E_INVALID, "the host is missing or too long: expected udp://HOST:PORT");
    memcpy(to->host, host.ptr, host.len);
    memcpy(to->port, port.ptr, port.len);
    return MH_OK;
}

int32_t place_parse(mh_str text, place *to, const mh_error *err) {
    memset(to, 0, sizeof(*to));
    if (text.len == 0) return mh_fail(err, MH_E_INVALID, "empty: expected unix:/PATH or udp://HOST:PORT");
    if (memchr(text.ptr, 0, text.len)) return mh_fail(err, MH_E_INVALID, "an address holds no NUL byte");
    if (starts(text, "unix://")) return parse_path(after(text, 7), to, err);
    if (starts(text, "unix:")) return parse_path(after(text, 5), to, err);
    if (starts(text, "udp://")) return parse_host_and_port(after(text, 6), to, err);
    if (starts(text, "udp:")) return parse_host_and_port(after(text, 4), to, err);
    if (text.ptr[0] == '/') return parse_path(text, to, err);
    return mh_fail(err, MH_E_INVALID, "no address: expected unix:/PATH or udp://HOST:PORT");
}

/* Removes what a host that was killed has left: a socket file that nobody receives on. */
static int32_t clear_path(const char *path, const struct sockaddr_un *address, const mh_error *err) {
    struct stat status;
    int probe, code;

    if (lstat(path, &status) < 0) return errno == ENOENT ? MH_OK : refuse(err, MH_E_IO, path, strerror(errno));
    if (!S_ISSOCK(status.st_mode)) return refuse(err, MH_E_EXISTS, path, "is there and is no socket: remove it");
    probe = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (probe < 0) return refuse(err, MH_E_IO, path, strerror(errno));
    code = connect(probe, (const struct sockaddr *)address, sizeof(*address)) < 0 ? errno : 0;
    close(probe);
    if (code == 0) return refuse(err, MH_E_BUSY, path, "another program receives there");
    if (code != ECONNREFUSED) return refuse(err, MH_E_IO, path, strerror(code));
    if (unlink(path) < 0 && errno != ENOENT) return refuse(err, MH_E_IO, path, strerror(errno));
    return MH_OK;
}

static int32_t bind_unix(const place *from, uint32_t mode, const mh_error *err) {
    struct sockaddr_un address;
    int descriptor, code;
    int32_t cleared;

    memset(&address, 0, sizeof(address));
    address.sun_family = AF_UNIX;
    memcpy(address.sun_path, from->path, sizeof(address.sun_path));
    cleared = clear_path(from->path, &address, err);
    if (cleared < 0) return cleared;

    descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor < 0) return refuse(err, MH_E_IO, from->path, strerror(errno));
    /* Closed to others from its first moment; open as asked once it is whole. */
    if (fchmod(descriptor, 0600) < 0 || bind(descriptor, (struct sockaddr *)&address, sizeof(address)) < 0 ||
        chmod(from->path, (mode_t)mode) < 0) {
        code = errno;
        close(descriptor);
        return refuse(err, MH_E_IO, from->path, strerror(code));
    }
    return descriptor;
}

static int32_t bind_udp(const place *from, const mh_error *err) {
    struct addrinfo hints, *found = 0;
    char shown[SHOWN_ROOM];
    int descriptor, code;

    snprintf(shown, sizeof(shown), "udp://%s:%s", from->host, from->port);
    memset(&hints, 0, sizeof(hints));
    hints.ai_socktype = SOCK_DGRAM;
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    code = getaddrinfo(from->host, from->port, &hints, &found);
    if (code != 0) return refuse(err, MH_E_IO, shown, gai_strerror(code));
    descriptor = socket(found->ai_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    code = descriptor < 0 || bind(descriptor, found->ai_addr, found->ai_addrlen) < 0 ? errno : 0;
    freeaddrinfo(found);
    if (code == 0) return descriptor;
    if (descriptor >= 0) close(descriptor);
    return refuse(err, MH_E_IO, shown, strerror(code));
}

int32_t place_bind(const place *from, uint32_t mode, const mh_error *err) {
    return from->is_unix ? bind_unix(from, mode, err) : bind_udp(from, err);
}

void place_show(const place *from, int descriptor, char shown[SHOWN_ROOM], int32_t *is_open) {
    struct sockaddr_storage address;
    socklen_t length = sizeof(address);
    char text[INET6_ADDRSTRLEN] = "?";

    *is_open = 0;
    memset(&address, 0, sizeof(address));
    if (from->is_unix) {
        snprintf(shown, SHOWN_ROOM, "unix:%s", from->path);
    } else if (getsockname(descriptor, (struct sockaddr *)&address, &length) < 0) {
        snprintf(shown, SHOWN_ROOM, "udp://%s:%s", from->host, from->port);
    } else if (address.ss_family == AF_INET6) {
        const struct sockaddr_in6 *six = (const struct sockaddr_in6 *)&address;
        inet_ntop(AF_INET6, &six->sin6_addr, text, sizeof(text));
        *is_open = !IN6_IS_ADDR_LOOPBACK(&six->sin6_addr);
        snprintf(shown, SHOWN_ROOM, "udp://[%s]:%u", text, (unsigned)ntohs(six->sin6_port));
    } else {
        const struct sockaddr_in *four = (const struct sockaddr_in *)&address;
        inet_ntop(AF_INET, &four->sin_addr, text, sizeof(text));
        *is_open = (ntohl(four->sin_addr.s_addr) >> 24) != 127;
        snprintf(shown, SHOWN_ROOM, "udp://%s:%u", text, (unsigned)ntohs(four->sin_port));
    }
}
