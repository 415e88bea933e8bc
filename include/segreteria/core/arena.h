/* Memory that lives as long as one request (or another bounded job) and is released at once.
 *
 * Bounded: allocations past `limit` bytes fail with NULL, so one request can never take the
 * machine. Not thread-safe: an arena belongs to one thread at a time. Memory is zeroed only where
 * said. Objects that need more than freeing (PGresult, json_t, a file) register a destructor with
 * arena_defer; destructors run in reverse order of registration.
 */
#ifndef SEGRETERIA_CORE_ARENA_H
#define SEGRETERIA_CORE_ARENA_H

#include <stdarg.h>
#include <stddef.h>

#include "segreteria/core/status.h"
#include "segreteria/core/str.h"

struct arena_block;
struct arena_defer;

struct arena {
    struct arena_block *head;   /* newest block; the oldest is kept by arena_reset */
    struct arena_defer *defers; /* newest first */
    size_t used;                /* bytes handed out */
    size_t limit;               /* most bytes it may hand out */
};

/* An empty arena; nothing is allocated yet. limit in bytes. */
void arena_init(struct arena *arena, size_t limit);

/* Runs the destructors and frees everything. The arena may be used again as after arena_init. */
void arena_deinit(struct arena *arena);

/* Runs the destructors and forgets everything, but keeps one small block: for reuse
 * without malloc. */
void arena_reset(struct arena *arena);

/* Aligned for any type; NULL when memory or the limit is exhausted. size 0 gives a
 * valid pointer. */
NODISCARD void *arena_alloc(struct arena *arena, size_t size);
NODISCARD void *arena_zalloc(struct arena *arena, size_t size);

/* count * size, refusing overflow; zeroed. */
NODISCARD void *arena_array(struct arena *arena, size_t count, size_t size);

/* Copies; the copy is NUL-terminated (a NUL follows it even where the text holds some). NULL when
 * exhausted. */
NODISCARD char *arena_strdup(struct arena *arena, struct str s);

/* printf into the arena; NUL-terminated; {NULL, 0} when exhausted. */
NODISCARD struct str arena_printf(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);

/* destroy(object) when the arena is reset or deinitialised. On NO_MEMORY destroy has been called
 * already, so that the caller never has to clean up. */
NODISCARD enum status arena_defer(struct arena *arena, void (*destroy)(void *object), void *object);

#endif
