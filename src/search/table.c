/* The builder's dictionary: see table.h. */
#include "table.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS_FIRST 64u
#define CHUNK_FIRST 24u
#define CHUNK_MOST 4096u

enum status table_init(struct table *table) {
    *table = (struct table){.slots_count = SLOTS_FIRST};
    table->slots = memory_zeroed(SLOTS_FIRST, sizeof *table->slots);
    return table->slots == NULL ? STATUS_NO_MEMORY : STATUS_OK;
}

void table_deinit(struct table *table) {
    free(table->entries);
    free(table->slots);
    memory_store_deinit(&table->store);
    *table = (struct table){0};
}

uint32_t table_hash(struct str key) {
    uint64_t hash = UINT64_C(0x9e3779b97f4a7c15) ^ key.len;
    const char *at = key.ptr;
    size_t left = key.len;
    for (; left >= 8; left -= 8, at += 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        hash = (hash ^ word) * UINT64_C(0xff51afd7ed558ccd);
        hash ^= hash >> 32;
    }
    uint64_t word = 0;
    if (left > 0)
        memcpy(&word, at, left);
    hash = (hash ^ word) * UINT64_C(0xff51afd7ed558ccd);
    hash ^= hash >> 29;
    return (uint32_t)(hash ^ hash >> 32);
}

static enum status grow_slots(struct table *table) {
    size_t count = table->slots_count * 2;
    uint64_t *slots = memory_wide(count * sizeof *slots);
    if (slots == NULL)
        return STATUS_NO_MEMORY;
    memset(slots, 0, count * sizeof *slots);
    for (size_t i = 0; i < table->slots_count; i++) {
        if (table->slots[i] == 0)
            continue;
        size_t at = (table->slots[i] >> 32) & (count - 1);
        while (slots[at] != 0)
            at = (at + 1) & (count - 1);
        slots[at] = table->slots[i];
    }
    free(table->slots);
    table->slots = slots;
    table->slots_count = count;
    return STATUS_OK;
}

static enum status grow_entries(struct table *table) {
    size_t capacity = table->capacity == 0 ? 32 : table->capacity * 2;
    struct table_entry *entries = memory_wide(capacity * sizeof *entries);
    if (entries == NULL)
        return STATUS_NO_MEMORY;
    if (table->count > 0)
        memcpy(entries, table->entries, table->count * sizeof *entries);
    free(table->entries);
    table->entries = entries;
    table->capacity = capacity;
    return STATUS_OK;
}

static enum status add(struct table *table, struct str key, uint32_t hash, size_t slot) {
    if (table->count == table->capacity && grow_entries(table) != STATUS_OK)
        return STATUS_NO_MEMORY;
    struct table_entry entry = {.key_len = (uint32_t)key.len, .hash = hash, .last = UINT32_MAX};
    char *room = entry.key.near;
    if (key.len > sizeof entry.key.near) {
        room = memory_store_alloc(&table->store, key.len);
        if (room == NULL)
            return STATUS_NO_MEMORY;
        entry.key.far = room;
    }
    if (key.len > 0)
        memcpy(room, key.ptr, key.len);
    table->entries[table->count++] = entry;
    table->slots[slot] = (uint64_t)hash << 32 | table->count;
    return STATUS_OK;
}

/* A short key filled up with zeros, as an entry keeps it. */
struct short_key {
    uint64_t words[2];
};

static bool is_short(const struct table_entry *entry, uint32_t len, const struct short_key *key) {
    struct short_key own;
    memcpy(&own, entry->key.near, sizeof own);
    return entry->key_len == len &&
           ((own.words[0] ^ key->words[0]) | (own.words[1] ^ key->words[1])) == 0;
}

enum status table_find(struct table *table, struct str key, uint32_t hash,
                       struct table_entry **out) {
    if ((table->count + 1) * 2 > table->slots_count && grow_slots(table) != STATUS_OK)
        return STATUS_NO_MEMORY;
    size_t mask = table->slots_count - 1, at = hash & mask;
    bool near = key.len <= sizeof((struct table_entry *)0)->key.near;
    struct short_key shorter = {{0, 0}};
    if (near && key.len > 0)
        memcpy(&shorter, key.ptr, key.len);
    for (; table->slots[at] != 0; at = (at + 1) & mask) {
        if (table->slots[at] >> 32 != hash)
            continue;
        struct table_entry *entry = &table->entries[(uint32_t)table->slots[at] - 1];
        if (near ? is_short(entry, (uint32_t)key.len, &shorter) : str_eq(table_key(entry), key)) {
            *out = entry;
            return STATUS_OK;
        }
    }
    enum status status = add(table, key, hash, at);
    if (status == STATUS_OK)
        *out = &table->entries[table->count - 1];
    return status;
}

uint8_t *table_reserve(struct table *table, struct table_entry *entry, uint32_t most) {
    if ((size_t)(entry->end - entry->at) >= most && entry->at != NULL)
        return entry->at;
    struct table_chunk *newest = entry->newest;
    uint32_t size = newest == NULL ? CHUNK_FIRST : newest->size * 2;
    if (size > CHUNK_MOST)
        size = CHUNK_MOST;
    if (size < most)
        size = most;
    struct table_chunk *chunk = memory_store_alloc(&table->store, sizeof *chunk + size);
    if (chunk == NULL)
        return NULL;
    *chunk = (struct table_chunk){.size = size};
    if (newest == NULL) {
        entry->first = chunk;
    } else {
        newest->next = chunk;
        newest->used = (uint32_t)(entry->at - newest->bytes);
    }
    entry->newest = chunk;
    entry->at = chunk->bytes;
    entry->end = chunk->bytes + size;
    return chunk->bytes;
}

static int compare_entries(const void *a, const void *b) {
    struct str x = table_key(a), y = table_key(b);
    size_t shared = x.len < y.len ? x.len : y.len;
    int order = shared == 0 ? 0 : memcmp(x.ptr, y.ptr, shared);
    return order != 0 ? order : (x.len > y.len) - (x.len < y.len);
}

void table_sort(struct table *table) {
    for (size_t i = 0; i < table->count; i++) {
        struct table_entry *entry = &table->entries[i];
        if (entry->newest != NULL)
            entry->newest->used = (uint32_t)(entry->at - entry->newest->bytes);
    }
    if (table->count > 1)
        qsort(table->entries, table->count, sizeof *table->entries, compare_entries);
}
