/* The floor of flatstore: rows formatted by hand in C and appended to a file, one write a row or a full buffer at a time. It keeps the
 * promise that flatstore keeps (escape=percent: no value splits a field or a row) and looks for delimiters sixteen bytes at a step where
 * the processor can, so that there is no easy win over it; it has no threads, no rotation, and no care for a short write. */
#ifndef BENCH_FLOOR_ROWS_H
#define BENCH_FLOOR_ROWS_H

#include <modhost/modhost.h>

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

typedef struct {
    int descriptor;
    size_t used;
    size_t limit; /* written out when it holds this much; 0: after each row or batch */
    char buffer[1 << 20];
} floor_file;

static inline char *floor_escaped(char *out, const char *text, size_t length) {
    for (size_t i = 0; i < length; i++) {
        char c = text[i];
        if (c == '|' || c == '\n') {
            *out++ = '%';
            *out++ = "0123456789ABCDEF"[(unsigned char)c >> 4];
            *out++ = "0123456789ABCDEF"[c & 15];
        } else {
            *out++ = c;
        }
    }
    return out;
}

static inline uint64_t floor_zero_bytes(uint64_t word) {
    return (word - 0x0101010101010101u) & ~word & 0x8080808080808080u;
}

static inline uint64_t floor_delimiters(uint64_t word) {
    return floor_zero_bytes(word ^ 0x7C7C7C7C7C7C7C7Cu) | floor_zero_bytes(word ^ 0x0A0A0A0A0A0A0A0Au);
}

/* Copies and searches at once; writes again with escapes only when there is something to escape. */
static inline __attribute__((always_inline)) char *floor_text(char *out, const char *text, size_t length) {
    uint64_t found = 0;
    if (length >= 16) {
#if defined(__SSE2__)
        const __m128i field = _mm_set1_epi8('|'), record = _mm_set1_epi8('\n');
        __m128i any = _mm_setzero_si128();
        for (size_t at = 0;;) {
            __m128i bytes = _mm_loadu_si128((const __m128i *)(text + at));
            any = _mm_or_si128(any, _mm_or_si128(_mm_cmpeq_epi8(bytes, field), _mm_cmpeq_epi8(bytes, record)));
            _mm_storeu_si128((__m128i *)(out + at), bytes);
            if (at == length - 16) break;
            at = at + 16 > length - 16 ? length - 16 : at + 16;
        }
        found = (uint64_t)_mm_movemask_epi8(any);
#else
        for (size_t at = 0;;) {
            uint64_t word;
            memcpy(&word, text + at, 8);
            found |= floor_delimiters(word);
            memcpy(out + at, &word, 8);
            if (at == length - 8) break;
            at = at + 8 > length - 8 ? length - 8 : at + 8;
        }
#endif
    } else if (length >= 8) {
        uint64_t low, high;
        memcpy(&low, text, 8);
        memcpy(&high, text + length - 8, 8);
        memcpy(out, &low, 8);
        memcpy(out + length - 8, &high, 8);
        found = floor_delimiters(low) | floor_delimiters(high);
    } else if (length >= 4) {
        uint32_t low, high;
        memcpy(&low, text, 4);
        memcpy(&high, text + length - 4, 4);
        memcpy(out, &low, 4);
        memcpy(out + length - 4, &high, 4);
        found = floor_delimiters((uint64_t)high << 32 | low);
    } else {
        for (size_t i = 0; i < length; i++) {
            out[i] = text[i];
            found |= text[i] == '|' || text[i] == '\n';
        }
    }
    return found ? floor_escaped(out, text, length) : out + length;
}

static inline __attribute__((always_inline)) char *floor_number(char *out, int64_t number) {
    static const char pairs[] = "00010203040506070809101112131415161718192021222324252627282930313233343536373839404142434445464748"
                                "4950515253545556575859606162636465666768697071727374757677787980818283848586878889909192939495969798"
                                "99";
    char digits[20];
    char *at = digits + sizeof digits;
    uint64_t rest = number < 0 ? -(uint64_t)number : (uint64_t)number;
    while (rest >= 100) {
        memcpy(at -= 2, pairs + rest % 100 * 2, 2);
        rest /= 100;
    }
    if (rest >= 10) {
        memcpy(at -= 2, pairs + rest * 2, 2);
    } else {
        *--at = (char)('0' + rest);
    }
    if (number < 0) *out++ = '-';
    size_t count = (size_t)(digits + sizeof digits - at);
    memcpy(out, at, count);
    return out + count;
}

/* One row of texts and integers, with room for all of it behind `out`. */
static inline __attribute__((always_inline)) char *floor_row(char *out, const mh_value *row, int columns) {
    for (int i = 0; i < columns; i++) {
        if (i) *out++ = '|';
        out = row[i].type == MH_INT ? floor_number(out, row[i].as.integer)
                                    : floor_text(out, row[i].as.text.ptr, row[i].as.text.len);
    }
    *out++ = '\n';
    return out;
}

/* 0 good, -1 with errno. */
static inline int floor_open(floor_file *file, const char *path, size_t limit) {
    file->used = 0;
    file->limit = limit;
    file->descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_TRUNC | O_CLOEXEC, 0640);
    return file->descriptor < 0 ? -1 : 0;
}

static inline int floor_write_out(floor_file *file) {
    size_t used = file->used;
    file->used = 0;
    return used && write(file->descriptor, file->buffer, used) != (ssize_t)used ? -1 : 0;
}

/* Appends `rows` rows: all of them in one write, or behind what waits in the buffer. 0 good, -1 with errno. */
static inline __attribute__((always_inline)) int floor_append(floor_file *file, const mh_value *values, int columns, int rows) {
    for (int row = 0; row < rows; row++) {
        char *end = floor_row(file->buffer + file->used, values + row * columns, columns);
        file->used = (size_t)(end - file->buffer);
        if (file->limit && file->used + 4096 > file->limit && floor_write_out(file) < 0) return -1;
    }
    return file->limit ? 0 : floor_write_out(file);
}

#endif
