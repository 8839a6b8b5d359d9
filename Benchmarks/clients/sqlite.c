/* SQLite in this process, doing what flatstore and timestore do: each command prints CPU and wall nanoseconds a row.
 * `sqlite FILE rows COUNT ROWS_A_TRANSACTION SYNCHRONOUS` appends accounting rows of 12 columns and about 150 bytes.
 * `sqlite FILE put COUNT ROWS_A_TRANSACTION SYNCHRONOUS FIRST_TIME` stores records of one series in a table without row ids;
 * `sqlite FILE get COUNT 0 SYNCHRONOUS FIRST_TIME` reads them back. The journal is WAL; SYNCHRONOUS is OFF, NORMAL or FULL. */
#define _GNU_SOURCE
#include <sqlite3.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static sqlite3 *db;

static _Noreturn void give_up(const char *what) {
    fprintf(stderr, "sqlite: %s: %s\n", what, db ? sqlite3_errmsg(db) : "");
    exit(1);
}

static double clock_ns(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void run(const char *sql) {
    if (sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK) give_up(sql);
}

static sqlite3_stmt *prepare(const char *sql) {
    sqlite3_stmt *statement;
    if (sqlite3_prepare_v2(db, sql, -1, &statement, NULL) != SQLITE_OK) give_up(sql);
    return statement;
}

static void bind_text(sqlite3_stmt *insert, int column, const char *text) {
    sqlite3_bind_text(insert, column, text, -1, SQLITE_STATIC);
}

static void bind_row(sqlite3_stmt *insert, uint64_t n, char *call_id) {
    sprintf(call_id, "%016llx-%08llx@192.0.2.17", (unsigned long long)n * 2654435761u, (unsigned long long)n);
    bind_text(insert, 1, "INVITE");
    bind_text(insert, 2, "8f3b2c6e1d");
    bind_text(insert, 3, "as5d8f7a9c");
    bind_text(insert, 4, call_id);
    bind_text(insert, 5, "200");
    bind_text(insert, 6, "OK");
    sqlite3_bind_int64(insert, 7, 1795227895 + (int64_t)n);
    bind_text(insert, 8, "sip:alice@example.com");
    bind_text(insert, 9, "sip:bob@example.net");
    bind_text(insert, 10, "192.0.2.17");
    sqlite3_bind_int64(insert, 11, (int64_t)n);
    bind_text(insert, 12, "softphone/4.2");
}

static void bind_record(sqlite3_stmt *insert, uint64_t n, int64_t time) {
    sqlite3_bind_int64(insert, 1, 1);
    sqlite3_bind_int64(insert, 2, time + (int64_t)n);
    sqlite3_bind_double(insert, 3, 20.0 + (double)((n * 7) % 101) / 10);
}

static void append(int is_row, uint64_t count, uint64_t together, int64_t time) {
    sqlite3_stmt *insert = prepare(is_row ? "insert into acc values (?,?,?,?,?,?,?,?,?,?,?,?)" : "insert into series values (?,?,?)");
    char call_id[64];
    for (uint64_t i = 0; i < count; i++) {
        if (together > 1 && i % together == 0) run("begin");
        is_row ? bind_row(insert, i, call_id) : bind_record(insert, i, time);
        if (sqlite3_step(insert) != SQLITE_DONE) give_up("insert");
        sqlite3_reset(insert);
        if (together > 1 && (i % together == together - 1 || i + 1 == count)) run("commit");
    }
    sqlite3_finalize(insert);
}

static void read_back(uint64_t count, int64_t time) {
    sqlite3_stmt *query = prepare("select time, value from series where id = 1 and time between ? and ? order by time");
    uint64_t found = 0;
    volatile double sum = 0;
    sqlite3_bind_int64(query, 1, time);
    sqlite3_bind_int64(query, 2, time + (int64_t)count - 1);
    for (; sqlite3_step(query) == SQLITE_ROW; found++) sum = sum + (double)sqlite3_column_int64(query, 0) + sqlite3_column_double(query, 1);
    sqlite3_finalize(query);
    if (found != count) {
        fprintf(stderr, "sqlite: expected %llu records, found %llu\n", (unsigned long long)count, (unsigned long long)found);
        exit(1);
    }
}

int main(int argc, char **argv) {
    char sql[64];
    if (argc < 6) give_up("usage: sqlite FILE rows|put|get COUNT ROWS_A_TRANSACTION OFF|NORMAL|FULL [FIRST_TIME]");
    uint64_t count = strtoull(argv[3], NULL, 10), together = strtoull(argv[4], NULL, 10);
    int64_t time = argc > 6 ? atoll(argv[6]) : 0;
    if (!count) give_up("COUNT starts at 1");
    if (sqlite3_open(argv[1], &db) != SQLITE_OK) give_up(argv[1]);
    run("pragma journal_mode = wal");
    snprintf(sql, sizeof sql, "pragma synchronous = %s", argv[5]);
    run(sql);
    run("create table if not exists acc (method, from_tag, to_tag, callid, code, reason, time, from_uri, to_uri, source, number, agent)");
    run("create table if not exists series (id integer, time integer, value real, primary key (id, time)) without rowid");
    double cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID), wall = clock_ns(CLOCK_MONOTONIC);
    strcmp(argv[2], "get") == 0 ? read_back(count, time) : append(strcmp(argv[2], "rows") == 0, count, together, time);
    printf("%.1f %.1f\n", (clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu) / (double)count,
           (clock_ns(CLOCK_MONOTONIC) - wall) / (double)count);
    sqlite3_close(db);
    return 0;
}
