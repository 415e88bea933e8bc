/* A table of fixed size; a key has a row of a few places, of which the oldest is given up. */
#include "segreteria/api/plans.h"

#include <sodium.h>
#include <stdlib.h>

#define WAYS 4u

struct kept {
    char *text; /* the key, then what is kept */
    size_t key_len, plan_len;
    uint64_t until_ms;
};

struct plans {
    unsigned char secret[crypto_shorthash_KEYBYTES];
    size_t places, bytes_max;
    struct kept kept[];
};

enum status plans_create(size_t places, size_t bytes_max, struct plans **out) {
    struct plans *plans = calloc(1, sizeof *plans + places * sizeof plans->kept[0]);
    if (plans == NULL)
        return STATUS_NO_MEMORY;
    plans->places = places;
    plans->bytes_max = bytes_max;
    crypto_shorthash_keygen(plans->secret);
    *out = plans;
    return STATUS_OK;
}

void plans_destroy(struct plans *plans) {
    for (size_t i = 0; plans != NULL && i < plans->places; i++)
        free(plans->kept[i].text);
    free(plans);
}

/* The first place of the key's row. */
static struct kept *row_of(struct plans *plans, struct str key) {
    unsigned char hash[crypto_shorthash_BYTES];
    uint64_t number;
    (void)crypto_shorthash(hash, (const unsigned char *)key.ptr, key.len, plans->secret);
    memcpy(&number, hash, sizeof number);
    return &plans->kept[number % (plans->places / WAYS) * WAYS];
}

static bool is_of(const struct kept *kept, struct str key) {
    return kept->text != NULL && str_eq(str_from(kept->text, kept->key_len), key);
}

struct str plans_get(struct plans *plans, struct str key, uint64_t now_ms) {
    const struct kept *row = row_of(plans, key);
    for (size_t i = 0; i < WAYS; i++)
        if (now_ms < row[i].until_ms && is_of(&row[i], key))
            return str_from(row[i].text + row[i].key_len, row[i].plan_len);
    return STR_NONE;
}

/* The key's own place, or else one that is empty, or has been filled longest. */
static struct kept *place_for(struct plans *plans, struct str key) {
    struct kept *row = row_of(plans, key), *oldest = row;
    for (size_t i = 0; i < WAYS; i++) {
        if (is_of(&row[i], key))
            return &row[i];
        if (row[i].until_ms < oldest->until_ms) /* 0: empty */
            oldest = &row[i];
    }
    return oldest;
}

void plans_put(struct plans *plans, struct str key, struct str plan, uint64_t now_ms) {
    struct kept *kept = place_for(plans, key);
    free(kept->text);
    *kept = (struct kept){0};
    if (key.len + plan.len > plans->bytes_max)
        return;
    kept->text = malloc(key.len + plan.len + 1);
    if (kept->text == NULL)
        return;
    memcpy(kept->text, key.ptr, key.len);
    memcpy(kept->text + key.len, plan.ptr, plan.len);
    kept->key_len = key.len;
    kept->plan_len = plan.len;
    kept->until_ms = now_ms + PLANS_TTL_MS;
}
