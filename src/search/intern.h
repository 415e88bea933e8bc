/* The values of one field, numbered for the whole index, so that counts of several segments add up.
 * The writer adds; readers look up numbers below those their version knows. Nothing moves or goes
 * away before the index does. Private to src/search.
 */
#ifndef SEARCH_INTERN_H
#define SEARCH_INTERN_H

#include "memory.h"
#include "segreteria/core/str.h"

#define INTERN_CHUNK 1024u
#define INTERN_CHUNKS 8192u

struct intern {
    struct str *chunks[INTERN_CHUNKS];
    uint32_t count;
    uint32_t *slots; /* number + 1, 0 free */
    size_t slots_count;
    struct memory_store store;
    size_t bytes;
};

void intern_deinit(struct intern *intern);
/* TOO_LARGE: eight million values. */
NODISCARD enum status intern_add(struct intern *intern, struct str text, uint32_t *number);

static inline struct str intern_text(const struct intern *intern, uint32_t number) {
    return intern->chunks[number / INTERN_CHUNK][number % INTERN_CHUNK];
}

#endif
