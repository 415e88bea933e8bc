/* Buffers of queries: handed out in order, all given back at the start of the next query. */
#include <stdlib.h>

#include "run.h"

#define BLOCK_SIZE ((size_t)1 << 20)
/* More than this is freed after a query that needed it. */
#define KEPT_MAX ((size_t)8 << 20)

struct scratch_block {
    struct scratch_block *next;
    size_t size;
    _Alignas(64) uint8_t bytes[];
};

enum status search_scratch_create(struct search_scratch **out) {
    *out = memory_zeroed(1, sizeof **out);
    return *out == NULL ? STATUS_NO_MEMORY : STATUS_OK;
}

static void free_blocks(struct search_scratch *scratch) {
    for (struct scratch_block *block = scratch->blocks; block != NULL;) {
        struct scratch_block *next = block->next;
        free(block);
        block = next;
    }
    *scratch = (struct search_scratch){0};
}

void search_scratch_destroy(struct search_scratch *scratch) {
    if (scratch == NULL)
        return;
    free_blocks(scratch);
    free(scratch);
}

static enum status add_block(struct search_scratch *scratch, size_t size) {
    size_t bytes = (sizeof(struct scratch_block) + size + 63) / 64 * 64;
    if (search_memory_fails != NULL && search_memory_fails())
        return STATUS_NO_MEMORY;
    struct scratch_block *block = aligned_alloc(64, bytes);
    if (block == NULL)
        return STATUS_NO_MEMORY;
    block->next = scratch->blocks;
    block->size = size;
    scratch->blocks = block;
    scratch->bytes += size;
    scratch->at = block->bytes;
    scratch->end = block->bytes + size;
    return STATUS_OK;
}

/* Several blocks become one of their size, so that a second query like the first needs no malloc.
 */
void scratch_reset(struct search_scratch *scratch) {
    struct scratch_block *block = scratch->blocks;
    if (block == NULL)
        return;
    if (block->next == NULL && block->size <= KEPT_MAX) {
        scratch->at = block->bytes;
        return;
    }
    size_t size = scratch->bytes;
    free_blocks(scratch);
    if (size <= KEPT_MAX)
        (void)!add_block(scratch, size);
}

void *scratch_array(struct search_scratch *scratch, size_t count, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) || bytes > SIZE_MAX / 2)
        return NULL;
    bytes = (bytes + 63) / 64 * 64;
    if (bytes > (size_t)(scratch->end - scratch->at) || scratch->at == NULL) {
        size_t wanted = bytes > BLOCK_SIZE ? bytes : BLOCK_SIZE;
        if (add_block(scratch, wanted) != STATUS_OK)
            return NULL;
    }
    void *piece = scratch->at;
    scratch->at += bytes;
    return piece;
}
