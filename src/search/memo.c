/* See memo.h. */
#include "memo.h"

#include <stdlib.h>
#include <string.h>

#include "codes.h"
#include "memory.h"

#define PROBES 8u

struct memo *memo_create(size_t bytes_max) {
    struct memo *memo = memory_zeroed(1, sizeof *memo);
    if (memo != NULL)
        memo->bytes_max = bytes_max;
    return memo;
}

void memo_free(struct memo *memo) {
    if (memo == NULL)
        return;
    for (unsigned i = 0; i < MEMO_SLOTS; i++)
        free(atomic_load_explicit(&memo->slots[i], memory_order_relaxed));
    free(memo);
}

/* The phrase as bytes; 0 when it is too long to be noted. */
static uint32_t key_of(uint8_t dictionary, const struct search_sequence *sequence,
                       uint8_t out[MEMO_KEY_MAX]) {
    uint32_t at = 0;
    out[at++] = dictionary;
    for (size_t i = 0; i < sequence->count; i++) {
        const struct search_step *step = &sequence->steps[i];
        if (step->lexeme.len > MEMO_KEY_MAX - 4 || at > MEMO_KEY_MAX - 4 - step->lexeme.len)
            return 0;
        out[at++] = (uint8_t)(step->distance >> 8);
        out[at++] = (uint8_t)step->distance;
        out[at++] = (uint8_t)(step->lexeme.len >> 8);
        out[at++] = (uint8_t)step->lexeme.len;
        memcpy(out + at, step->lexeme.ptr, step->lexeme.len);
        at += (uint32_t)step->lexeme.len;
    }
    return at;
}

static uint64_t hash_of(const uint8_t *key, uint32_t len) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (uint32_t i = 0; i < len; i++)
        hash = (hash ^ key[i]) * UINT64_C(0x100000001b3);
    return hash ^ hash >> 29;
}

static const uint8_t *entry_key(const struct memo_entry *entry) {
    return entry->bytes + entry->noted_len;
}

const struct memo_entry *memo_find_key(struct memo *memo, const uint8_t *key, size_t key_len) {
    if (memo == NULL)
        return NULL;
    uint64_t hash = hash_of(key, (uint32_t)key_len);
    for (unsigned i = 0; i < PROBES; i++) {
        const struct memo_entry *entry = atomic_load_explicit(&memo->slots[(hash + i) % MEMO_SLOTS],
                                                              memory_order_acquire);
        if (entry == NULL)
            return NULL;
        if (entry->hash == hash && entry->key_len == key_len &&
            memcmp(entry_key(entry), key, key_len) == 0)
            return entry;
    }
    return NULL;
}

const struct memo_entry *memo_find(struct memo *memo, uint8_t dictionary,
                                   const struct search_sequence *sequence) {
    uint8_t key[MEMO_KEY_MAX];
    uint32_t len = key_of(dictionary, sequence, key);
    return len == 0 ? NULL : memo_find_key(memo, key, len);
}

#define DOC_MASK ((UINT32_C(1) << MEMO_TIER_SHIFT) - 1)

static uint32_t matches_len(const uint32_t *matches, uint32_t count) {
    uint8_t code[CODE_NUMBER_MAX];
    uint32_t len = 0, before = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t doc = matches[i] & DOC_MASK;
        len += (uint32_t)(code_number_write(code, (doc - before) << 2) - code);
        before = doc;
    }
    return len;
}

static void write_matches(uint8_t *out, const uint32_t *matches, uint32_t count) {
    uint32_t before = 0;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t doc = matches[i] & DOC_MASK;
        out = code_number_write(out, (doc - before) << 2 | matches[i] >> MEMO_TIER_SHIFT);
        before = doc;
    }
}

void memo_read(const struct memo_entry *entry, uint32_t *out) {
    const uint8_t *at = entry->bytes;
    uint32_t doc = 0, number;
    for (uint32_t i = 0; i < entry->count; i++) {
        at = code_number_read(at, &number);
        doc += number >> 2;
        out[i] = doc | (number & 3) << MEMO_TIER_SHIFT;
    }
}

static bool insert(struct memo *memo, struct memo_entry *entry) {
    for (unsigned i = 0; i < PROBES; i++) {
        struct memo_entry *none = NULL;
        if (atomic_compare_exchange_strong(&memo->slots[(entry->hash + i) % MEMO_SLOTS], &none,
                                           entry))
            return true;
        if (none->hash == entry->hash)
            return false; /* another reader was first */
    }
    return false;
}

/* Room for what is noted, within the limit; NULL: none. */
static struct memo_entry *entry_new(struct memo *memo, const uint8_t *key, size_t key_len,
                                    uint32_t count, size_t noted_len) {
    size_t size = sizeof(struct memo_entry) + noted_len + key_len;
    /* Rows are large, and who asks for every language should leave room for the rest. */
    size_t max = key[0] == MEMO_LANGUAGE ? memo->bytes_max / 2 : memo->bytes_max;
    struct memo_entry *entry = NULL;
    if (atomic_fetch_add(&memo->bytes, size) + size <= max)
        entry = memory_array(1, size);
    if (entry == NULL) {
        atomic_fetch_sub(&memo->bytes, size);
        return NULL;
    }
    *entry = (struct memo_entry){.hash = hash_of(key, (uint32_t)key_len),
                                 .key_len = (uint32_t)key_len,
                                 .count = count,
                                 .noted_len = (uint32_t)noted_len};
    memcpy(entry->bytes + noted_len, key, key_len);
    return entry;
}

static void keep(struct memo *memo, struct memo_entry *entry) {
    size_t size = sizeof *entry + entry->noted_len + entry->key_len;
    if (insert(memo, entry))
        return;
    free(entry);
    atomic_fetch_sub(&memo->bytes, size);
}

void memo_add_key(struct memo *memo, const uint8_t *key, size_t key_len, uint32_t count,
                  const void *noted, size_t noted_len) {
    struct memo_entry *entry = memo == NULL ? NULL
                                            : entry_new(memo, key, key_len, count, noted_len);
    if (entry == NULL)
        return;
    memcpy(entry->bytes, noted, noted_len);
    keep(memo, entry);
}

void memo_add(struct memo *memo, uint8_t dictionary, const struct search_sequence *sequence,
              const uint32_t *matches, uint32_t count) {
    uint8_t key[MEMO_KEY_MAX];
    uint32_t key_len = key_of(dictionary, sequence, key), len = matches_len(matches, count);
    struct memo_entry *entry = memo == NULL || key_len == 0
                                   ? NULL
                                   : entry_new(memo, key, key_len, count, len);
    if (entry == NULL)
        return;
    write_matches(entry->bytes, matches, count);
    keep(memo, entry);
}
