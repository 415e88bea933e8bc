/* Memory of the search room: see memory.h. */
#include "memory.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define BLOCK_FIRST ((size_t)1 << 12)
#define BLOCK_MOST ((size_t)1 << 23)
#define HUGE_PAGE ((size_t)1 << 21)

static bool fails(void) { return search_memory_fails != NULL && search_memory_fails(); }

void *memory_array(size_t count, size_t size) {
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes) || fails())
        return NULL;
    return malloc(bytes == 0 ? 1 : bytes);
}

void *memory_zeroed(size_t count, size_t size) {
    if (fails())
        return NULL;
    return calloc(count == 0 ? 1 : count, size);
}

enum status memory_grow(void **array, size_t *capacity, size_t wanted, size_t size) {
    if (wanted <= *capacity)
        return STATUS_OK;
    size_t count = *capacity + *capacity / 2, bytes;
    if (count < wanted)
        count = wanted;
    if (count < 8)
        count = 8;
    if (__builtin_mul_overflow(count, size, &bytes) || fails())
        return STATUS_NO_MEMORY;
    void *grown = realloc(*array, bytes);
    if (grown == NULL)
        return STATUS_NO_MEMORY;
    *array = grown;
    *capacity = count;
    return STATUS_OK;
}

void memory_trim(void **array, size_t count, size_t size) {
    if (*array == NULL)
        return;
    void *trimmed = realloc(*array, count * size == 0 ? 1 : count * size);
    if (trimmed != NULL)
        *array = trimmed;
}

void *memory_wide(size_t bytes) {
    size_t unit = bytes < HUGE_PAGE ? 64 : HUGE_PAGE;
    if (fails() || bytes > SIZE_MAX - HUGE_PAGE)
        return NULL;
    bytes = (bytes + unit - 1) / unit * unit;
    void *memory = aligned_alloc(unit, bytes);
    if (memory != NULL && unit == HUGE_PAGE)
        (void)madvise(memory, bytes, MADV_HUGEPAGE); /* as well without */
    return memory;
}

void *memory_store_alloc(struct memory_store *store, size_t size) {
    size = (size + 7) & ~(size_t)7;
    if (size > (size_t)(store->end - store->at) || store->at == NULL) {
        size_t bytes = store->blocks == NULL ? BLOCK_FIRST : store->blocks->size * 2;
        if (bytes > BLOCK_MOST)
            bytes = BLOCK_MOST;
        if (size > bytes - sizeof(struct memory_block))
            bytes = size + sizeof(struct memory_block);
        struct memory_block *block = memory_wide(bytes);
        if (block == NULL)
            return NULL;
        *block = (struct memory_block){.next = store->blocks, .size = bytes};
        store->blocks = block;
        store->bytes += bytes;
        store->at = (uint8_t *)(block + 1);
        store->end = (uint8_t *)block + bytes;
    }
    void *piece = store->at;
    store->at += size;
    return piece;
}

void memory_store_deinit(struct memory_store *store) {
    for (struct memory_block *block = store->blocks; block != NULL;) {
        struct memory_block *next = block->next;
        free(block);
        block = next;
    }
    *store = (struct memory_store){0};
}
