/* Several segments made one, without the vacancies that have gone. Private to src/search. */
#ifndef SEARCH_COMBINE_H
#define SEARCH_COMBINE_H

#include "segment.h"

#define COMBINE_MAX 16u
#define COMBINE_GONE UINT32_MAX

struct combine_source {
    const struct search_segment *segment;
    const uint64_t *live; /* which vacancies are taken */
    uint32_t *moved;      /* out: the new ordinal of each, or COMBINE_GONE; the caller frees it */
};

/* `docs`: how many are live in all; at least one. */
NODISCARD enum status combine(struct combine_source *sources, unsigned count, uint32_t docs,
                              struct search_segment **out);

#endif
