/* A test of what needs no host: addresses and request ids. Prints what is wrong; the exit status says whether all is well. */
#include "datagram.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int failures;
#define CHECK(condition) \
    do { \
        if (!(condition)) failures++, fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition); \
    } while (0)

static int parses(const char *text, place *to) { return place_parse(mh_cstr(text), to, 0) == MH_OK; }

static void addresses(void) {
    place p;
    char longer[200];
    const char *bad[] = {"", "udp://", "udp://127.0.0.1", "udp://127.0.0.1:", "udp://127.0.0.1:65536", "udp://:9062",
                         "udp://127.0.0.1:9o62", "udp://::1:9062", "unix:", "unix:relative", "tcp://127.0.0.1:1", "9062"};
    size_t i;
    CHECK(parses("unix:/run/a.sock", &p) && p.is_unix && strcmp(p.path, "/run/a.sock") == 0);
    CHECK(parses("unix:///run/a.sock", &p) && p.is_unix && strcmp(p.path, "/run/a.sock") == 0);
    CHECK(parses("/run/a.sock", &p) && p.is_unix);
    CHECK(parses("udp://127.0.0.1:9062", &p) && !p.is_unix && strcmp(p.host, "127.0.0.1") == 0 && strcmp(p.port, "9062") == 0);
    CHECK(parses("udp:127.0.0.1:9062", &p) && strcmp(p.port, "9062") == 0);
    CHECK(parses("udp://[::1]:0", &p) && strcmp(p.host, "::1") == 0 && strcmp(p.port, "0") == 0);
    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) CHECK(!parses(bad[i], &p));
    CHECK(place_parse(mh_bytes("unix:/a\0b", 9), &p, 0) == MH_E_INVALID);
    memset(longer, 'x', sizeof(longer));
    memcpy(longer, "unix:/", 6);
    CHECK(place_parse(mh_bytes(longer, 5 + 107), &p, 0) == MH_OK);
    CHECK(place_parse(mh_bytes(longer, 5 + 108), &p, 0) == MH_E_INVALID);
}

static void sockets(void) {
    place p;
    char folder[] = "/tmp/mi-datagram-XXXXXX", path[64], shown[SHOWN_ROOM];
    int32_t is_open;
    int first, second;
    CHECK(mkdtemp(folder) != 0);
    snprintf(path, sizeof(path), "unix:%s/s", folder);
    CHECK(parses(path, &p));
    first = place_bind(&p, 0600, 0);
    CHECK(first >= 0);
    CHECK(place_bind(&p, 0600, 0) == MH_E_BUSY);
    close(first); /* the file stays, as after a kill */
    second = place_bind(&p, 0600, 0);
    CHECK(second >= 0);
    place_show(&p, second, shown, &is_open);
    CHECK(strcmp(shown, path) == 0 && !is_open);
    close(second);
    unlink(p.path);
    first = place_bind(&p, 0600, 0);
    close(first);
    unlink(p.path);
    rmdir(folder);
    CHECK(parses("udp://127.0.0.1:0", &p));
    first = place_bind(&p, 0, 0);
    CHECK(first >= 0);
    place_show(&p, first, shown, &is_open);
    CHECK(strncmp(shown, "udp://127.0.0.1:", 16) == 0 && strcmp(shown + 16, "0") != 0 && !is_open);
    close(first);
}

static int id_is(const char *request, const char *expected) {
    char id[ID_ROOM];
    request_id(mh_cstr(request), id);
    return strcmp(id, expected) == 0;
}

static void ids(void) {
    CHECK(id_is("{\"jsonrpc\":\"2.0\",\"method\":\"x\",\"id\":7}", "7"));
    CHECK(id_is(" {\"id\" : \"a\\\"b\", \"method\":\"x\"}", "\"a\\\"b\""));
    CHECK(id_is("{\"params\":{\"id\":1},\"id\":2}", "2"));
    CHECK(id_is("{\"method\":\"id\",\"params\":[\"id\",\"id\"]}", "null"));
    CHECK(id_is("[{\"id\":1}]", "null"));
    CHECK(id_is("{\"id\":[1]}", "null"));
    CHECK(id_is("{\"id\":\"", "\"") || id_is("{\"id\":\"", "null"));
    CHECK(id_is("", "null"));
}

/* Whatever comes in, nothing is read beyond its end (which a sanitizer would see) and the id fits. */
static void noise(void) {
    static const char letters[] = "{}[]\":,\\id 1\0";
    char id[ID_ROOM];
    int round;
    srand(1);
    for (round = 0; round < 100000; round++) {
        size_t length = (size_t)(rand() % 40), i;
        char *text = (char *)malloc(length + 1);
        place p;
        if (!text) return;
        for (i = 0; i < length; i++) text[i] = letters[(size_t)rand() % sizeof(letters)];
        memcpy(text, length >= 6 && round % 2 ? "{\"id\":" : text, length >= 6 && round % 2 ? 6 : 0);
        text = (char *)realloc(text, length ? length : 1);
        request_id(mh_bytes(text, length), id);
        CHECK(strlen(id) > 0 && strlen(id) < ID_ROOM);
        place_parse(mh_bytes(text, length), &p, 0);
        free(text);
    }
}

int main(void) {
    addresses();
    sockets();
    ids();
    noise();
    if (failures == 0) puts("all is well");
    return failures == 0 ? 0 : 1;
}
