/* A term read vacancy by vacancy: see cursor.h. */
#include "cursor.h"

void cursor_init(struct cursor *cursor, const struct search_segment *segment, uint32_t term) {
    const struct term *found = &segment->terms[term];
    *cursor = (struct cursor){.segment = segment,
                              .term = found,
                              .docs = list_read(segment, terms_docs(found)),
                              .next = segment->bytes + found->positions};
    if (found->count > SEGMENT_SKIP)
        cursor->block_end = segment->skips[found->skips].before;
    else
        cursor->block_end = UINT32_MAX;
}

void cursor_jump(struct cursor *cursor, uint32_t doc) {
    const struct term *term = cursor->term;
    const struct skip *skips = cursor->segment->skips + term->skips;
    uint32_t blocks = (term->count - 1) / SEGMENT_SKIP, block = cursor->block;
    while (block < blocks && skips[block].before < doc)
        block++;
    if (block > cursor->block) {
        const struct skip *skip = &skips[block - 1];
        cursor->docs.doc = skip->before;
        cursor->docs.left = term->count - block * SEGMENT_SKIP;
        if (cursor->docs.row == NULL)
            cursor->docs.at = cursor->segment->bytes + skip->docs;
        cursor->next = cursor->segment->bytes + skip->positions;
    }
    cursor->block = block;
    cursor->block_end = block < blocks ? skips[block].before : UINT32_MAX;
}
