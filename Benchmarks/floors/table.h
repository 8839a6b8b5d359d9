/* The floor of htable: a hand-written table with open addressing, inline entries of a 15-byte key and an integer, and striped locks; batches
 * of sixteen keys prefetch. It has all its memory beforehand, never grows, never removes and knows no expiry. */
#ifndef FLOOR_TABLE_H
#define FLOOR_TABLE_H

#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BATCH 16
#define KEY_SIZE 16

/* Fifteen bytes, such as "user:0000123456". */
static void make_key(char *key, uint64_t number) {
    memcpy(key, "user:", 5);
    for (int i = 14; i >= 5; i--, number /= 10) key[i] = (char)('0' + number % 10);
}

#define STRIPES 64

typedef struct {
    uint64_t hash; /* 0: empty */
    char key[KEY_SIZE];
    int64_t value;
} entry;

typedef struct {
    pthread_mutex_t mutex;
    entry *entries;
    uint64_t mask;
    char padding[64 - (sizeof(pthread_mutex_t) + 16) % 64];
} stripe;

static stripe stripes[STRIPES];

/* Multiply and fold, two words of the key at a time: the kind of hash that fast tables use. */
static uint64_t hash_of(const char *key) {
    uint64_t a, b;
    memcpy(&a, key, 8);
    memcpy(&b, key + 7, 8);
    unsigned __int128 product = (unsigned __int128)(a ^ 0xA0761D6495B05B17u) * (b ^ 0xE7037ED1A0B428DBu);
    uint64_t folded = (uint64_t)(product >> 64) ^ (uint64_t)product;
    product = (unsigned __int128)(folded ^ 0x8EBC6AF09C88C6E3u) * 0x589965CC75374CC3u;
    return ((uint64_t)(product >> 64) ^ (uint64_t)product) | 1;
}

static int floor_open(uint64_t entries) {
    uint64_t size = 64;
    while (size * 3 / 4 * STRIPES < entries) size *= 2;
    for (int i = 0; i < STRIPES; i++) {
        pthread_mutex_init(&stripes[i].mutex, NULL);
        stripes[i].mask = size - 1;
        stripes[i].entries = calloc(size, sizeof(entry));
        if (!stripes[i].entries) return -1;
    }
    return 0;
}

static void floor_close(void) {
    for (int i = 0; i < STRIPES; i++) free(stripes[i].entries);
}

static stripe *stripe_of(uint64_t hash) { return &stripes[hash >> 58]; }

static entry *floor_find(stripe *s, uint64_t hash, const char *key) {
    for (uint64_t i = (hash >> 1) & s->mask;; i = (i + 1) & s->mask) {
        entry *e = &s->entries[i];
        if (!e->hash || (e->hash == hash && !memcmp(e->key, key, 15))) return e;
    }
}

static int floor_get(const char *key, int64_t *value) {
    uint64_t hash = hash_of(key);
    stripe *s = stripe_of(hash);
    pthread_mutex_lock(&s->mutex);
    entry *e = floor_find(s, hash, key);
    int found = e->hash != 0;
    *value = e->value;
    pthread_mutex_unlock(&s->mutex);
    return found;
}

static int64_t floor_put(uint64_t hash, const char *key, int64_t value, int adds) {
    stripe *s = stripe_of(hash);
    pthread_mutex_lock(&s->mutex);
    entry *e = floor_find(s, hash, key);
    if (!e->hash) {
        e->hash = hash;
        memcpy(e->key, key, 15);
    }
    int64_t result = e->value = adds ? e->value + value : value;
    pthread_mutex_unlock(&s->mutex);
    return result;
}

static int64_t floor_set(const char *key, int64_t value, int adds) { return floor_put(hash_of(key), key, value, adds); }

static int64_t floor_get_batch(char (*keys)[KEY_SIZE]) {
    uint64_t hashes[BATCH];
    int64_t sum = 0, value;
    for (int i = 0; i < BATCH; i++) {
        hashes[i] = hash_of(keys[i]);
        stripe *s = stripe_of(hashes[i]);
        __builtin_prefetch(&s->entries[(hashes[i] >> 1) & s->mask]);
    }
    for (int i = 0; i < BATCH; i++) {
        stripe *s = stripe_of(hashes[i]);
        pthread_mutex_lock(&s->mutex);
        entry *e = floor_find(s, hashes[i], keys[i]);
        value = e->hash ? e->value : 0;
        pthread_mutex_unlock(&s->mutex);
        sum += value;
    }
    return sum;
}

static int64_t floor_set_batch(char (*keys)[KEY_SIZE], int64_t value, int adds) {
    uint64_t hashes[BATCH];
    int64_t sum = 0;
    for (int i = 0; i < BATCH; i++) {
        hashes[i] = hash_of(keys[i]);
        stripe *s = stripe_of(hashes[i]);
        __builtin_prefetch(&s->entries[(hashes[i] >> 1) & s->mask], 1);
    }
    for (int i = 0; i < BATCH; i++) sum += floor_put(hashes[i], keys[i], value, adds);
    return sum;
}

#endif
