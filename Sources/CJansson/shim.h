/* Debian's libjansson (libjansson-dev, 2.14 or later) for Swift. Jansson's headers are used as they are; the one
 * function below exists because C allows an enum and a function of one name (json_error_code) and Swift does not. */
#ifndef MODHOST_CJANSSON_SHIM_H
#define MODHOST_CJANSSON_SHIM_H

#include <jansson.h>

#if JANSSON_VERSION_HEX < 0x020e00
#error "jansson 2.14 or later is needed (Debian 12: apt-get install libjansson-dev)"
#endif

/* The kind of a parse error, one of `enum json_error_code`. */
static inline int modhost_json_error_kind(const json_error_t *error) {
    return (int)(unsigned char)error->text[JSON_ERROR_TEXT_LENGTH - 1];
}

#endif
