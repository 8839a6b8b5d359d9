/* Debian's libnettle (nettle-dev, 3.8 or later) for Swift: the digests of the {s.md5} family, each as one call. Nettle's
 * own functions take a context of a size that only its headers know. */
#ifndef MODHOST_CNETTLE_SHIM_H
#define MODHOST_CNETTLE_SHIM_H

#include <nettle/md5.h>
#include <nettle/sha1.h>
#include <nettle/sha2.h>
#include <nettle/version.h>

#if NETTLE_VERSION_MAJOR != 3 || NETTLE_VERSION_MINOR < 8
#error "nettle 3.8 or a later 3.x is needed (Debian 12: apt-get install nettle-dev)"
#endif

/* Defines modhost_NAME(length, data, digest), which writes NAME_DIGEST_SIZE bytes. */
#define MODHOST_DIGEST(name, context, bytes)                                                                  \
    static inline void modhost_##name(size_t length, const uint8_t *data, uint8_t *digest) {                  \
        struct context state;                                                                                 \
        name##_init(&state);                                                                                  \
        name##_update(&state, length, data);                                                                  \
        name##_digest(&state, bytes, digest);                                                                 \
    }
MODHOST_DIGEST(md5, md5_ctx, MD5_DIGEST_SIZE)
MODHOST_DIGEST(sha1, sha1_ctx, SHA1_DIGEST_SIZE)
MODHOST_DIGEST(sha256, sha256_ctx, SHA256_DIGEST_SIZE)
MODHOST_DIGEST(sha384, sha512_ctx, SHA384_DIGEST_SIZE)
MODHOST_DIGEST(sha512, sha512_ctx, SHA512_DIGEST_SIZE)
#undef MODHOST_DIGEST

#endif
