/* modhost/base.h: the vocabulary of the module ABI: strings, arrays, values, errors.
 *
 * The rules that every header here keeps:
 *   - C11 that also compiles as C++11 and later and imports into Swift and bindgen unaided; only <stdint.h> and <stddef.h>.
 *   - Every struct that may grow begins with `struct_size`; whoever fills it writes sizeof(itself). The reader copies
 *     min(struct_size, sizeof its own) into a zeroed local, so an absent field reads as zero. Fields are only appended.
 *     The four value types below (mh_str, mh_array, mh_value, mh_error) are frozen and carry no size.
 *   - Padding is a field named reserved and must be zero. Flag bits that the host does not know are refused at load.
 *   - Every function tells four things in brackets:
 *       thread: main | worker | any | command | caller   (main: the host's main thread; worker: the event loop that owns
 *               the object; command: the thread that runs a management command; caller: the thread of the call it
 *               was reached from)
 *       phase:  load | init | run | stop                 (when it may be called; several joined by "+")
 *       blocks: no | yes                                 (whether it may wait for disk, network or another thread)
 *       owns:   who owns each pointer, and for how long
 *     The tests fail when one of the four is missing.
 *   - Nothing is thrown across: no C++ exception, no longjmp, no Swift error.
 */
#ifndef MODHOST_BASE_H
#define MODHOST_BASE_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define MH_ABI_MAJOR 1
#define MH_ABI_MINOR 1

/* Return codes: zero or positive is success, negative one of these. Text goes to the mh_error of the call. */
#define MH_OK 0
#define MH_DEFERRED 1          /* a command's reply comes later, through mh_mi_reply.finish */
#define MH_FULL 1              /* a write was taken, but the stream is above its high water mark: wait for `drained` */
#define MH_E_INVALID (-1)      /* an argument is wrong */
#define MH_E_NO_MEMORY (-2)
#define MH_E_UNSUPPORTED (-3)  /* this provider or host cannot do that, ever */
#define MH_E_NOT_FOUND (-4)
#define MH_E_EXISTS (-5)
#define MH_E_BUSY (-6)
#define MH_E_IO (-7)           /* the operating system refused; the text holds its reason */
#define MH_E_NO_SPACE (-8)     /* the disk or a quota is full; trying again later can succeed */
#define MH_E_AGAIN (-9)        /* not now; try again when told */
#define MH_E_CANCELLED (-10)
#define MH_E_TIMEOUT (-11)
#define MH_E_STATE (-12)       /* wrong thread or phase */
#define MH_E_LIMIT (-13)       /* over a stated limit */
#define MH_E_CLOSED (-14)
#define MH_E_ABI (-15)         /* the other side is too old or too new */
#define MH_E_DENIED (-16)
#define MH_E_INTERNAL (-99)

/* A counted string: UTF-8 text or raw bytes, not NUL-terminated. Borrowed for the call unless a comment says static.
 * An empty string has len 0, and then ptr may be NULL. */
typedef struct mh_str {
    const char *ptr;
    size_t len;
} mh_str;

/* An array of structs whose size the reader may not know: element i starts at items + i * stride. The stride is a
 * multiple of 8 and no smaller than the elements' struct_size; items may be NULL only when count is 0. */
typedef struct mh_array {
    const void *items;
    uint32_t count;
    uint32_t stride; /* bytes from one element to the next: sizeof(element) of whoever filled it */
} mh_array;

/* Types of a value, a parameter, an argument and a database column. */
#define MH_NULL 0u
#define MH_INT 1u      /* as.integer: signed 64-bit */
#define MH_FLOAT 2u    /* as.real: IEEE-754 double */
#define MH_STRING 3u   /* as.text: text or bytes of any content */
#define MH_BOOL 4u     /* as.integer: 0 or 1 */
#define MH_TIME 5u     /* as.integer: microseconds since 1970-01-01T00:00:00Z */
#define MH_BLOB 6u     /* as.text: bytes that are not text */
#define MH_DURATION 7u /* as.integer: nanoseconds */
#define MH_SIZE 8u     /* as.integer: bytes */
#define MH_LIST 9u     /* as.list: array of mh_value */

/* The tagged value, the one union of this ABI. 24 bytes. */
typedef struct mh_value {
    uint32_t type;     /* MH_NULL ... MH_LIST */
    uint32_t reserved; /* 0 */
    union {
        int64_t integer;
        double real;
        mh_str text;
        mh_array list;
    } as;
} mh_value;

/* An error sink, owned by the side that calls: whoever fails reports a code and a text of one line, in English, without a
 * trailing full stop or newline: what was found, what was expected, what to do. */
typedef struct mh_error {
    void *ctx;
    /* Records the error of this call; a second report replaces the first.
     * [thread: caller] [phase: load+init+run+stop] [blocks: no] [owns: text is borrowed for the call and copied] */
    void (*report)(void *ctx, int32_t code, mh_str text);
} mh_error;

/* One loaded module, as the host knows it. Opaque; handed out by init, the first argument of every service function. */
typedef struct mh_self mh_self;

/* Initialisers for static data: `mh_str name = MH_STR("flatstore");`, `mh_array a = MH_ARRAY(items);` */
#define MH_STR(literal) { (literal), sizeof(literal) - 1 }
#define MH_ARRAY(items) { (items), (uint32_t)(sizeof(items) / sizeof((items)[0])), (uint32_t)sizeof((items)[0]) }
#define MH_EMPTY_STR { 0, 0 }
#define MH_EMPTY_ARRAY { 0, 0, 0 }

/* Wraps NUL-terminated text. [thread: any] [phase: load+init+run+stop] [blocks: no] [owns: borrows text] */
static inline mh_str mh_cstr(const char *text) {
    mh_str s;
    s.ptr = text;
    s.len = 0;
    if (text) {
        while (text[s.len]) s.len++;
    }
    return s;
}

/* Wraps counted bytes. [thread: any] [phase: load+init+run+stop] [blocks: no] [owns: borrows ptr] */
static inline mh_str mh_bytes(const void *ptr, size_t len) {
    mh_str s;
    s.ptr = (const char *)ptr;
    s.len = len;
    return s;
}

/* Whether two strings hold the same bytes. [thread: any] [phase: load+init+run+stop] [blocks: no] [owns: borrows both] */
static inline int32_t mh_str_equal(mh_str a, mh_str b) {
    size_t i;
    if (a.len != b.len) return 0;
    for (i = 0; i < a.len; i++) {
        if (a.ptr[i] != b.ptr[i]) return 0;
    }
    return 1;
}

/* Makes an integer value. [thread: any] [phase: load+init+run+stop] [blocks: no] [owns: nothing] */
static inline mh_value mh_int(int64_t integer) {
    mh_value v;
    v.type = MH_INT;
    v.reserved = 0;
    v.as.text.ptr = 0;
    v.as.text.len = 0;
    v.as.integer = integer;
    return v;
}

/* Makes a floating-point value. [thread: any] [phase: load+init+run+stop] [blocks: no] [owns: nothing] */
static inline mh_value mh_float(double real) {
    mh_value v = mh_int(0);
    v.type = MH_FLOAT;
    v.as.real = real;
    return v;
}

/* Makes a string value. [thread: any] [phase: load+init+run+stop] [blocks: no] [owns: the value borrows text] */
static inline mh_value mh_text(mh_str text) {
    mh_value v = mh_int(0);
    v.type = MH_STRING;
    v.as.text = text;
    return v;
}

/* Makes a boolean value. [thread: any] [phase: load+init+run+stop] [blocks: no] [owns: nothing] */
static inline mh_value mh_bool(int32_t truth) {
    mh_value v = mh_int(truth ? 1 : 0);
    v.type = MH_BOOL;
    return v;
}

/* Makes the null value. [thread: any] [phase: load+init+run+stop] [blocks: no] [owns: nothing] */
static inline mh_value mh_null(void) {
    mh_value v = mh_int(0);
    v.type = MH_NULL;
    return v;
}

/* Reports an error and returns its code, so that `return mh_fail(err, MH_E_IO, "...");` reads well. err may be NULL.
 * [thread: caller] [phase: load+init+run+stop] [blocks: no] [owns: borrows text] */
static inline int32_t mh_fail(const mh_error *err, int32_t code, const char *text) {
    if (err && err->report) err->report(err->ctx, code, mh_cstr(text));
    return code;
}

/* The reader's rule: zeroes the `size` bytes at `to`, then copies min(`from_size`, `size`) bytes of `from`, where
 * from_size is the struct_size that the other side wrote.
 * [thread: any] [phase: load+init+run+stop] [blocks: no] [owns: borrows both] */
static inline void mh_read_struct(void *to, size_t size, const void *from, size_t from_size) {
    unsigned char *target = (unsigned char *)to;
    const unsigned char *source = (const unsigned char *)from;
    size_t i;
    for (i = 0; i < size; i++) target[i] = i < from_size ? source[i] : 0;
}

/* Element `index` of an array, or NULL when out of range.
 * [thread: any] [phase: load+init+run+stop] [blocks: no] [owns: the element belongs to the array] */
static inline const void *mh_array_at(const mh_array *array, uint32_t index) {
    if (!array->items || index >= array->count) return 0;
    return (const unsigned char *)array->items + (size_t)index * array->stride;
}

/* True when a service table that was found holds the function or field `member`: a table of an older host may end before.
 * `if (MH_HAS(loop, watch)) loop->watch(...)` */
#define MH_HAS(table, member) \
    ((table) != 0 && \
     (size_t)(table)->struct_size >= (size_t)((const char *)(&(table)->member + 1) - (const char *)(table)))

#ifdef __cplusplus
}
#endif
#endif
