/* A term read vacancy by vacancy, with its positions. Private to src/search. */
#ifndef SEARCH_CURSOR_H
#define SEARCH_CURSOR_H

#include "segment.h"

struct cursor {
    const struct search_segment *segment;
    const struct term *term;
    struct list_reader docs; /* docs.doc: where it stands */
    const uint8_t *next;     /* positions of the vacancy after that */
    const uint8_t *positions;
    uint32_t block;     /* skips passed */
    uint32_t block_end; /* the last vacancy before the next */
};

void cursor_init(struct cursor *cursor, const struct search_segment *segment, uint32_t term);

static inline bool cursor_next(struct cursor *cursor) {
    if (!list_next(&cursor->docs))
        return false;
    cursor->positions = cursor->next;
    cursor->next = code_positions_skip(cursor->next);
    return true;
}

/* On to `doc`, which the term must have and which must be further on. */
void cursor_seek(struct cursor *cursor, uint32_t doc);

#endif
