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

/* On to the block that has `doc`, when that is not the one it stands in. */
void cursor_jump(struct cursor *cursor, uint32_t doc);

/* On to `doc`, which the term must have and which must be further on. Inline, so that the phrase
 * can be compiled for processors that count bits. */
static inline __attribute__((always_inline)) void cursor_seek(struct cursor *cursor, uint32_t doc) {
    if (doc > cursor->block_end)
        cursor_jump(cursor, doc);
    const uint64_t *row = cursor->docs.row;
    if (row == NULL) {
        while (cursor->docs.doc != doc && cursor_next(cursor))
            ;
        return;
    }
    /* A row tells how many vacancies are passed over. */
    uint32_t from = cursor->docs.doc + 1, word = from >> 6, last = doc >> 6;
    uint64_t between = row[word] & (~UINT64_C(0) << (from & 63));
    uint32_t passed = 0;
    for (; word < last; between = row[++word])
        passed += (uint32_t)__builtin_popcountll(between);
    between &= (UINT64_C(1) << (doc & 63)) - 1;
    passed += (uint32_t)__builtin_popcountll(between);
    const uint8_t *next = cursor->next;
    cursor->docs.left -= passed + 1;
    cursor->docs.doc = doc;
    for (; passed > 0; passed--)
        next = code_positions_skip(next);
    cursor->positions = next;
    cursor->next = code_positions_skip(next);
}

#endif
