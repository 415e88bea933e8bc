/* Memory of the search room: see memory.h. */
#include "memory.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK_SIZE ((size_t)1 << 16)

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

void *memory_store_alloc(struct memory_store *store, size_t size) {
    size = (size + 7) & ~(size_t)7;
    if (size > (size_t)(store->end - store->at) || store->at == NULL) {
        size_t bytes = BLOCK_SIZE;
        if (size > bytes - sizeof(struct memory_block))
            bytes = size + sizeof(struct memory_block);
        struct memory_block *block = memory_array(1, bytes);
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
