/* Where each vacancy is: a table of eight bytes an entry, since the ids themselves are in the
 * segments. Linear probing; removal moves what follows back.
 */
#include "where.h"

#include <stdlib.h>

#include "memory.h"

static size_t hash_of(const struct uuid *id) {
    uint64_t high, low;
    memcpy(&high, id->bytes, 8);
    memcpy(&low, id->bytes + 8, 8);
    uint64_t hash = (high ^ low) * UINT64_C(0x9e3779b97f4a7c15);
    return (size_t)(hash ^ hash >> 29);
}

static const struct uuid *id_of(struct search_segment *const *segments, uint64_t entry) {
    return &segments[entry >> 32]->ids[(uint32_t)entry - 1];
}

void where_deinit(struct where *where) {
    free(where->slots);
    *where = (struct where){0};
}

/* The slot that has the id, or the free one where it would be. */
static size_t probe(const struct where *where, struct search_segment *const *segments,
                    const struct uuid *id) {
    size_t mask = where->slots_count - 1, at = hash_of(id) & mask;
    while (where->slots[at] != 0 &&
           memcmp(id_of(segments, where->slots[at])->bytes, id->bytes, sizeof id->bytes) != 0)
        at = (at + 1) & mask;
    return at;
}

enum status where_reserve(struct where *where, struct search_segment *const *segments,
                          size_t more) {
    size_t wanted = (where->used + more) * 3 / 2 + 1, count = where->slots_count;
    if (count >= wanted)
        return STATUS_OK;
    if (count == 0)
        count = 1024;
    while (count < wanted)
        count *= 2;
    uint64_t *slots = memory_zeroed(count, sizeof *slots);
    if (slots == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < where->slots_count; i++) {
        if (where->slots[i] == 0)
            continue;
        size_t at = hash_of(id_of(segments, where->slots[i])) & (count - 1);
        while (slots[at] != 0)
            at = (at + 1) & (count - 1);
        slots[at] = where->slots[i];
    }
    free(where->slots);
    where->slots = slots;
    where->slots_count = count;
    return STATUS_OK;
}

bool where_get(const struct where *where, struct search_segment *const *segments,
               const struct uuid *id, struct where_place *out) {
    if (where->slots_count == 0)
        return false;
    uint64_t entry = where->slots[probe(where, segments, id)];
    if (entry == 0)
        return false;
    *out = (struct where_place){(uint32_t)(entry >> 32), (uint32_t)entry - 1};
    return true;
}

void where_set(struct where *where, struct search_segment *const *segments, const struct uuid *id,
               struct where_place place) {
    size_t at = probe(where, segments, id);
    where->used += where->slots[at] == 0;
    where->slots[at] = (uint64_t)place.slot << 32 | (place.doc + 1);
}

void where_remove(struct where *where, struct search_segment *const *segments,
                  const struct uuid *id) {
    if (where->slots_count == 0)
        return;
    size_t mask = where->slots_count - 1, at = probe(where, segments, id);
    if (where->slots[at] == 0)
        return;
    where->used--;
    for (size_t next = (at + 1) & mask; where->slots[next] != 0; next = (next + 1) & mask) {
        size_t home = hash_of(id_of(segments, where->slots[next])) & mask;
        if (((next - home) & mask) >= ((next - at) & mask)) {
            where->slots[at] = where->slots[next];
            at = next;
        }
    }
    where->slots[at] = 0;
}
