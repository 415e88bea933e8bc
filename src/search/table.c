/* The builder's dictionary: see table.h. */
#include "table.h"

#include <stdlib.h>
#include <string.h>

#define SLOTS_FIRST 1024u
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

static uint32_t hash_of(struct str key) {
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
    uint32_t *slots = memory_zeroed(count, sizeof *slots);
    if (slots == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < table->count; i++) {
        size_t at = table->entries[i].hash & (count - 1);
        while (slots[at] != 0)
            at = (at + 1) & (count - 1);
        slots[at] = (uint32_t)i + 1;
    }
    free(table->slots);
    table->slots = slots;
    table->slots_count = count;
    return STATUS_OK;
}

static enum status add(struct table *table, struct str key, uint32_t hash, size_t slot) {
    if (memory_grow((void **)&table->entries, &table->capacity, table->count + 1,
                    sizeof *table->entries) != STATUS_OK)
        return STATUS_NO_MEMORY;
    char *copy = memory_store_alloc(&table->store, key.len);
    if (copy == NULL)
        return STATUS_NO_MEMORY;
    if (key.len > 0)
        memcpy(copy, key.ptr, key.len);
    table->entries[table->count++] = (struct table_entry){
        .key = copy, .key_len = (uint32_t)key.len, .hash = hash, .last = UINT32_MAX};
    table->slots[slot] = (uint32_t)table->count;
    return STATUS_OK;
}

enum status table_find(struct table *table, struct str key, struct table_entry **out) {
    if ((table->count + 1) * 2 > table->slots_count && grow_slots(table) != STATUS_OK)
        return STATUS_NO_MEMORY;
    uint32_t hash = hash_of(key);
    size_t mask = table->slots_count - 1, at = hash & mask;
    for (; table->slots[at] != 0; at = (at + 1) & mask) {
        struct table_entry *entry = &table->entries[table->slots[at] - 1];
        if (entry->hash == hash && entry->key_len == key.len &&
            (key.len == 0 || memcmp(entry->key, key.ptr, key.len) == 0)) {
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
    struct table_chunk *newest = entry->newest;
    if (newest != NULL && newest->size - newest->used >= most)
        return newest->bytes + newest->used;
    uint32_t size = newest == NULL ? CHUNK_FIRST : newest->size * 2;
    if (size > CHUNK_MOST)
        size = CHUNK_MOST;
    if (size < most)
        size = most;
    struct table_chunk *chunk = memory_store_alloc(&table->store, sizeof *chunk + size);
    if (chunk == NULL)
        return NULL;
    *chunk = (struct table_chunk){.size = size};
    if (newest == NULL)
        entry->first = chunk;
    else
        newest->next = chunk;
    entry->newest = chunk;
    return chunk->bytes;
}

static int compare_entries(const void *a, const void *b) {
    const struct table_entry *x = a, *y = b;
    size_t shared = x->key_len < y->key_len ? x->key_len : y->key_len;
    int order = shared == 0 ? 0 : memcmp(x->key, y->key, shared);
    return order != 0 ? order : (x->key_len > y->key_len) - (x->key_len < y->key_len);
}

void table_sort(struct table *table) {
    if (table->count > 1)
        qsort(table->entries, table->count, sizeof *table->entries, compare_entries);
}
