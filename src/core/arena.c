/* The bounded arena: a chain of blocks, each twice the size of the one before up to a cap. */
#include "segreteria/core/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define BLOCK_MIN 4096
#define BLOCK_MAX ((size_t)256 * 1024)

struct arena_block {
    struct arena_block *older;
    size_t capacity;
    size_t used;
    alignas(max_align_t) char data[];
};

struct arena_defer {
    struct arena_defer *next;
    void (*destroy)(void *object);
    void *object;
};

void arena_init(struct arena *arena, size_t limit) { *arena = (struct arena){.limit = limit}; }

static void run_defers(struct arena *arena) {
    while (arena->defers != NULL) {
        struct arena_defer *defer = arena->defers;
        arena->defers = defer->next;
        defer->destroy(defer->object);
    }
}

static void free_blocks(struct arena_block *block, const struct arena_block *keep) {
    while (block != NULL && block != keep) {
        struct arena_block *older = block->older;
        free(block);
        block = older;
    }
}

void arena_deinit(struct arena *arena) {
    run_defers(arena);
    free_blocks(arena->head, NULL);
    arena->head = NULL;
    arena->used = 0;
}

void arena_reset(struct arena *arena) {
    run_defers(arena);
    struct arena_block *oldest = arena->head;
    while (oldest != NULL && oldest->older != NULL)
        oldest = oldest->older;
    if (oldest != NULL && oldest->capacity > BLOCK_MIN) {
        free_blocks(arena->head, NULL);
        oldest = NULL;
    }
    if (oldest != NULL) {
        free_blocks(arena->head, oldest);
        oldest->used = 0;
    }
    arena->head = oldest;
    arena->used = 0;
}

static struct arena_block *block_add(struct arena *arena, size_t least) {
    size_t capacity = arena->head == NULL ? BLOCK_MIN : arena->head->capacity * 2;
    if (capacity > BLOCK_MAX)
        capacity = BLOCK_MAX;
    if (capacity < least)
        capacity = least;
    struct arena_block *block = malloc(sizeof *block + capacity);
    if (block == NULL)
        return NULL;
    block->older = arena->head;
    block->capacity = capacity;
    block->used = 0;
    arena->head = block;
    return block;
}

void *arena_alloc(struct arena *arena, size_t size) {
    if (size > arena->limit || arena->used > arena->limit - size)
        return NULL;
    const size_t align = alignof(max_align_t);
    size_t rounded = (size + (align - 1)) & ~(align - 1);
    if (rounded < size)
        return NULL;
    struct arena_block *block = arena->head;
    if (block == NULL || block->capacity - block->used < rounded)
        block = block_add(arena, rounded);
    if (block == NULL)
        return NULL;
    void *memory = block->data + block->used;
    block->used += rounded;
    arena->used += size;
    return memory;
}

void *arena_zalloc(struct arena *arena, size_t size) {
    void *memory = arena_alloc(arena, size);
    if (memory != NULL)
        memset(memory, 0, size);
    return memory;
}

void *arena_array(struct arena *arena, size_t count, size_t size) {
    size_t total;
    if (__builtin_mul_overflow(count, size, &total))
        return NULL;
    return arena_zalloc(arena, total);
}

char *arena_strdup(struct arena *arena, struct str s) {
    if (s.len == SIZE_MAX)
        return NULL;
    char *copy = arena_alloc(arena, s.len + 1);
    if (copy == NULL)
        return NULL;
    if (s.len > 0)
        memcpy(copy, s.ptr, s.len);
    copy[s.len] = '\0';
    return copy;
}

struct str arena_printf(struct arena *arena, const char *format, ...) {
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    struct str out = STR_NONE;
    char *text = len < 0 ? NULL : arena_alloc(arena, (size_t)len + 1);
    if (text != NULL) {
        (void)vsnprintf(text, (size_t)len + 1, format, again);
        out = str_from(text, (size_t)len);
    }
    va_end(again);
    return out;
}

enum status arena_defer(struct arena *arena, void (*destroy)(void *object), void *object) {
    struct arena_defer *defer = arena_alloc(arena, sizeof *defer);
    if (defer == NULL) {
        destroy(object);
        return STATUS_NO_MEMORY;
    }
    *defer = (struct arena_defer){.next = arena->defers, .destroy = destroy, .object = object};
    arena->defers = defer;
    return STATUS_OK;
}
