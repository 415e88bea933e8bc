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

/* One cache line. */
struct table_entry {
    union {
        char near[16]; /* a key that fits */
        const char *far;
    } key;
    uint32_t key_len;
    uint32_t hash;
    uint32_t count;
    uint32_t last; /* the newest ordinal; UINT32_MAX none */
    struct table_chunk *first, *newest;
    uint8_t *at, *end; /* what is free of the newest */
};

static inline struct str table_key(const struct table_entry *entry) {
    return str_from(entry->key_len <= sizeof entry->key.near ? entry->key.near : entry->key.far,
                    entry->key_len);
}

struct table {
    struct table_entry *entries;
    size_t count, capacity;
    uint64_t *slots; /* hash << 32 | entry + 1; 0 free */
    size_t slots_count;
    struct memory_store store;
};

NODISCARD enum status table_init(struct table *table);
void table_deinit(struct table *table);

uint32_t table_hash(struct str key);
/* The entry with that key, made if need be. Valid until the next find. */
NODISCARD enum status table_find(struct table *table, struct str key, uint32_t hash,
                                 struct table_entry **out);

/* Memory that a find of that hash will look at: first the slot, then the entry, then what it writes
 * to. A vacancy's words are far apart, and waiting for each in turn is what building would spend
 * its time on. */
static inline void table_fetch_slot(const struct table *table, uint32_t hash) {
    __builtin_prefetch(&table->slots[hash & (table->slots_count - 1)]);
}
static inline void table_fetch_entry(const struct table *table, uint32_t hash) {
    uint64_t slot = table->slots[hash & (table->slots_count - 1)];
    if (slot != 0)
        __builtin_prefetch(&table->entries[(uint32_t)slot - 1]);
}
static inline void table_fetch_bytes(const struct table *table, uint32_t hash) {
    uint64_t slot = table->slots[hash & (table->slots_count - 1)];
    if (slot != 0)
        __builtin_prefetch(table->entries[(uint32_t)slot - 1].at, 1);
}

/* Room for `most` bytes in one piece; table_commit tells where what was written ends. NULL: no
 * memory. */
NODISCARD uint8_t *table_reserve(struct table *table, struct table_entry *entry, uint32_t most);
static inline void table_commit(struct table_entry *entry, uint8_t *end) { entry->at = end; }

/* Sorts the entries by key and notes how much of each chunk is used; nothing can be found any more.
 */
void table_sort(struct table *table);

#endif
