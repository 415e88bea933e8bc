/* Index-wide numbers of values: see intern.h. */
#include "intern.h"

#include <stdlib.h>

void intern_deinit(struct intern *intern) {
    for (size_t i = 0; i < INTERN_CHUNKS; i++)
        free(intern->chunks[i]);
    free(intern->slots);
    memory_store_deinit(&intern->store);
    *intern = (struct intern){0};
}

static uint64_t hash_of(struct str text) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < text.len; i++)
        hash = (hash ^ (uint8_t)text.ptr[i]) * UINT64_C(0x100000001b3);
    return hash ^ hash >> 31;
}

static enum status grow(struct intern *intern) {
    size_t count = intern->slots_count == 0 ? 64 : intern->slots_count * 2;
    uint32_t *slots = memory_zeroed(count, sizeof *slots);
    if (slots == NULL)
        return STATUS_NO_MEMORY;
    for (uint32_t i = 0; i < intern->count; i++) {
        size_t at = hash_of(intern_text(intern, i)) & (count - 1);
        while (slots[at] != 0)
            at = (at + 1) & (count - 1);
        slots[at] = i + 1;
    }
    intern->bytes += (count - intern->slots_count) * sizeof *slots;
    free(intern->slots);
    intern->slots = slots;
    intern->slots_count = count;
    return STATUS_OK;
}

enum status intern_add(struct intern *intern, struct str text, uint32_t *number) {
    if (((size_t)intern->count + 1) * 2 > intern->slots_count && grow(intern) != STATUS_OK)
        return STATUS_NO_MEMORY;
    size_t mask = intern->slots_count - 1, at = hash_of(text) & mask;
    for (; intern->slots[at] != 0; at = (at + 1) & mask)
        if (str_eq(intern_text(intern, intern->slots[at] - 1), text)) {
            *number = intern->slots[at] - 1;
            return STATUS_OK;
        }
    if (intern->count == INTERN_CHUNK * INTERN_CHUNKS)
        return STATUS_TOO_LARGE;
    struct str **chunk = &intern->chunks[intern->count / INTERN_CHUNK];
    if (*chunk == NULL) {
        *chunk = memory_array(INTERN_CHUNK, sizeof **chunk);
        if (*chunk == NULL)
            return STATUS_NO_MEMORY;
        intern->bytes += INTERN_CHUNK * sizeof **chunk;
    }
    size_t before = intern->store.bytes;
    char *copy = memory_store_alloc(&intern->store, text.len);
    if (copy == NULL)
        return STATUS_NO_MEMORY;
    intern->bytes += intern->store.bytes - before;
    memcpy(copy, text.ptr, text.len);
    (*chunk)[intern->count % INTERN_CHUNK] = str_from(copy, text.len);
    *number = intern->count++;
    intern->slots[at] = intern->count;
    return STATUS_OK;
}
