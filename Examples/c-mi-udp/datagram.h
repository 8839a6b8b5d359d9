/* What the files of this module share: its settings, its sockets, and one function or two of each file.
 *
 * The sockets live on the management thread, where commands run, so a request needs no hop to another thread. Replies
 * may be finished by any thread: a datagram is sent by one system call, which needs no lock. */
#ifndef MI_DATAGRAM_H
#define MI_DATAGRAM_H

#include <modhost/modhost.h>
#include <stdatomic.h>
#include <sys/socket.h>

#define NAME "mi-datagram"
#define PLACES_MAXIMUM 16
#define PATH_ROOM 108 /* of a UNIX socket's path, with its NUL */
#define HOST_ROOM 256
#define DATAGRAM_MAXIMUM 65536
#define UDP_MAXIMUM 65507 /* bytes that fit one UDP datagram over IPv4 */

/* ---- address.c: where to listen ---- */

/* An address as the parameter `listen` wrote it. */
typedef struct place {
    int32_t is_unix;
    char path[PATH_ROOM];
    char host[HOST_ROOM];
    char port[6];
} place;

/* Reads "unix:/PATH", "unix:///PATH", "/PATH", "udp://HOST:PORT" or "udp:HOST:PORT". */
int32_t place_parse(mh_str text, place *to, const mh_error *err);

/* Opens and binds a socket that does not block; its descriptor, or negative with a report. mode: of a UNIX socket's file. */
int32_t place_bind(const place *from, uint32_t mode, const mh_error *err);

#define SHOWN_ROOM 320
/* Writes the address that a bound descriptor has, as a URL. *is_open is 1 when other machines can reach it. */
void place_show(const place *from, int descriptor, char shown[SHOWN_ROOM], int32_t *is_open);

/* ---- request_id.c ---- */

#define ID_ROOM 128
/* Writes the top-level "id" of a JSON-RPC request as JSON text; "null" when there is none that fits the room. */
void request_id(mh_str request, char id[ID_ROOM]);

/* ---- module.c: what is shared while it runs ---- */

/* Service tables, looked up once in init and read-only afterwards. */
typedef struct services {
    mh_self *self;
    const mh_log_service *log;
    const mh_loop_service *loop;
    const mh_counter_service *counter;
    const mh_mi_service *mi;
} services;
extern services services_;

/* Parameters. The host writes them before init; afterwards they do not change. */
typedef struct settings {
    place places[PLACES_MAXIMUM];
    uint32_t count;
    uint32_t mode;
    int64_t max_reply;   /* bytes */
    int64_t max_pending; /* requests */
} settings;
extern settings settings_;

/* One socket. Made in init, closed in stop. */
typedef struct receiver {
    const place *place;
    int descriptor;
    mh_task *watch;
    char shown[SHOWN_ROOM];
} receiver;

typedef struct counters {
    mh_counter *requests;
    mh_counter *replies;
    mh_counter *lost;    /* replies that nobody took */
    mh_counter *refused; /* datagrams that were not run */
} counters;
extern counters counters_;

/* Writes a line when its level is wanted; subject goes into a field. */
void log_line(int32_t level, const char *text, const char *subject);

/* ---- exchange.c: one request and its reply ---- */

/* Takes what has come in on a socket, up to a limit, and queues the requests. Management thread. */
void receive(receiver *from);
/* Requests whose reply is not sent. */
int64_t pending(void);

#endif
