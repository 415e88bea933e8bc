/* A term read vacancy by vacancy: see cursor.h. */
#include "cursor.h"

void cursor_init(struct cursor *cursor, const struct search_segment *segment, uint32_t term) {
    const struct term *found = &segment->terms[term];
    *cursor = (struct cursor){.segment = segment,
                              .term = found,
                              .docs = list_read(segment, terms_docs(found)),
                              .next = segment->bytes + found->positions};
}

void cursor_seek(struct cursor *cursor, uint32_t doc) {
    const struct term *term = cursor->term;
    const struct skip *skips = cursor->segment->skips + term->skips;
    uint32_t blocks = (term->count - 1) / SEGMENT_SKIP, block = cursor->block;
    while (block < blocks && skips[block].before < doc)
        block++;
    /* `block` blocks begin at or before doc; jump when that is further on than the cursor. */
    if (block > cursor->block &&
        (cursor->docs.doc == UINT32_MAX || skips[block - 1].before > cursor->docs.doc)) {
        const struct skip *skip = &skips[block - 1];
        cursor->docs.doc = skip->before;
        cursor->docs.left = term->count - block * SEGMENT_SKIP;
        if (cursor->docs.row == NULL)
            cursor->docs.at = cursor->segment->bytes + skip->docs;
        cursor->next = cursor->segment->bytes + skip->positions;
    }
    cursor->block = block;
    while (cursor->docs.doc != doc && cursor_next(cursor))
        ;
}
