/* Rows as accounting writes them, made before the clock starts: about 150 bytes in 12 columns, and so on in that pattern for more columns. */
#ifndef BENCH_ROWS_H
#define BENCH_ROWS_H

#include <modhost/modhost.h>

#include <stdio.h>
#include <stdlib.h>

typedef struct {
    int columns;
    int count;
    mh_value *values; /* row after row; owned, as the texts are */
    char (*texts)[64];
    double bytes; /* of a row in the file, on the average */
} bench_rows;

static void bench_free_rows(bench_rows *rows) {
    free(rows->values);
    free(rows->texts);
    rows->values = NULL;
    rows->texts = NULL;
}

/* 0 good, -1 when memory is short. */
static int bench_make_rows(bench_rows *rows, int count, int columns) {
    rows->columns = columns;
    rows->count = count;
    rows->bytes = 0;
    rows->values = calloc((size_t)count * (size_t)columns, sizeof *rows->values);
    rows->texts = calloc((size_t)count * (size_t)columns, sizeof *rows->texts);
    if (!rows->values || !rows->texts) {
        bench_free_rows(rows);
        return -1;
    }
    for (int row = 0; row < count; row++) {
        for (int column = 0; column < columns; column++) {
            int at = row * columns + column;
            char *text = rows->texts[at];
            uint32_t number = (uint32_t)(row + column / 12) * 2654435761u;
            mh_value *value = &rows->values[at];
            switch (column % 12) {
            case 0: snprintf(text, 64, "%s", row % 3 ? "INVITE" : "BYE"); break;
            case 1: snprintf(text, 64, "%08x%c%c", number, 'a' + row % 26, 'a' + row % 7); break;
            case 2: snprintf(text, 64, "as%08x", number ^ 0x5bd1e995u); break;
            case 3: snprintf(text, 64, "%016llx-%08x@192.0.2.%d", number * 11400714819323198485ull, number, row % 250); break;
            case 4: snprintf(text, 64, "%d", row % 9 ? 200 : 487); break;
            case 5: snprintf(text, 64, "%s", row % 9 ? "OK" : "Request Terminated"); break;
            case 6: *value = mh_int(1795227895 + row); break;
            case 7: snprintf(text, 64, "sip:alice%d@example.com", row % 10); break;
            case 8: snprintf(text, 64, "sip:bob@example.net"); break;
            case 9: snprintf(text, 64, "192.0.2.%d", row % 200 + 50); break;
            case 10: *value = mh_int((int64_t)row * 997); break;
            default: snprintf(text, 64, "softphone/4.%d", row % 10);
            }
            if (*text) *value = mh_text(mh_cstr(text));
            rows->bytes += *text ? (double)value->as.text.len : (double)snprintf(NULL, 0, "%lld", (long long)value->as.integer);
            rows->bytes += 1;
        }
    }
    rows->bytes /= count;
    return 0;
}

#endif
