/* Finds the id of a JSON-RPC request, for the one answer that this module writes itself: the reply does not fit a datagram.
 * The host has parsed the request by then, so the text is known to be sound JSON; still nothing is read beyond its end. */
#include "datagram.h"

#include <string.h>

/* The index behind the string that begins at `from`, which is a quote. */
static size_t skip_string(mh_str text, size_t from) {
    size_t i = from + 1;
    while (i < text.len && text.ptr[i] != '"') i += text.ptr[i] == '\\' ? 2 : 1;
    return i < text.len ? i + 1 : text.len;
}

static int is_blank(char byte) { return byte == ' ' || byte == '\t' || byte == '\n' || byte == '\r'; }

static size_t skip_blanks(mh_str text, size_t from) {
    while (from < text.len && is_blank(text.ptr[from])) from++;
    return from;
}

static void copy_scalar(mh_str text, size_t from, char id[ID_ROOM]) {
    size_t end = from;
    if (from < text.len && text.ptr[from] == '"') {
        end = skip_string(text, from);
    } else {
        while (end < text.len && !is_blank(text.ptr[end]) && !strchr(",}]{[", text.ptr[end])) end++;
    }
    if (end == from || end - from >= ID_ROOM) return; /* an object, a list or too long: stays null */
    memcpy(id, text.ptr + from, end - from);
    id[end - from] = 0;
}

void request_id(mh_str request, char id[ID_ROOM]) {
    size_t i = 0;
    int depth = 0;
    strcpy(id, "null");
    while (i < request.len) {
        switch (request.ptr[i]) {
        case '{': case '[': depth++; i++; break;
        case '}': case ']': depth--; i++; break;
        case '"': {
            size_t end = skip_string(request, i);
            size_t colon = skip_blanks(request, end);
            int is_id = end - i == 4 && memcmp(request.ptr + i, "\"id\"", 4) == 0;
            i = end;
            if (depth == 1 && is_id && colon < request.len && request.ptr[colon] == ':') {
                copy_scalar(request, skip_blanks(request, colon + 1), id);
                return;
            }
            break;
        }
        default: i++;
        }
    }
}
