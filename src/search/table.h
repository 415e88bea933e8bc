/* The builder's dictionary: keys, each with the bytes said about it so far, in the order in which
 * they came. Open addressing; keys and bytes live in one store. Private to src/search.
 */
#ifndef SEARCH_TABLE_H
#define SEARCH_TABLE_H

#include "memory.h"
#include "segreteria/core/str.h"

struct table_chunk {
    struct table_chunk *next;
    uint32_t used;
    uint32_t size;
    uint8_t bytes[];
};

struct table_entry {
    const char *key;
    uint32_t key_len;
    uint32_t hash;
    uint32_t count;
    uint32_t last; /* the newest ordinal; UINT32_MAX none */
    struct table_chunk *first, *newest;
};

struct table {
    struct table_entry *entries;
    size_t count, capacity;
    uint32_t *slots; /* entry + 1, 0 free */
    size_t slots_count;
    struct memory_store store;
};

NODISCARD enum status table_init(struct table *table);
void table_deinit(struct table *table);

/* The entry with that key, made if need be. Valid until the next find. */
NODISCARD enum status table_find(struct table *table, struct str key, struct table_entry **out);

/* Room for `most` bytes in one piece; what was written is told by table_commit. NULL: no memory. */
NODISCARD uint8_t *table_reserve(struct table *table, struct table_entry *entry, uint32_t most);
static inline void table_commit(struct table_entry *entry, const uint8_t *end) {
    entry->newest->used = (uint32_t)(end - entry->newest->bytes);
}

/* Sorts the entries by key; nothing can be found any more. */
void table_sort(struct table *table);

#endif
