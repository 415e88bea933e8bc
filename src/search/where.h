/* Where each vacancy is: id -> (segment's number, ordinal). The writer's alone. Private to
 * src/search.
 */
#ifndef SEARCH_WHERE_H
#define SEARCH_WHERE_H

#include "segment.h"

struct where {
    uint64_t *slots; /* number << 32 | ordinal + 1; 0 free */
    size_t slots_count, used;
};

struct where_place {
    uint32_t slot, doc;
};

void where_deinit(struct where *where);
/* Room for `more` further vacancies, so that where_set cannot fail. */
NODISCARD enum status where_reserve(struct where *where, struct search_segment *const *segments,
                                    size_t more);
bool where_get(const struct where *where, struct search_segment *const *segments,
               const struct uuid *id, struct where_place *out);
/* Adds or moves. */
void where_set(struct where *where, struct search_segment *const *segments, const struct uuid *id,
               struct where_place place);
void where_remove(struct where *where, struct search_segment *const *segments,
                  const struct uuid *id);

#endif
