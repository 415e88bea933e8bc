/* Memory of the search room: malloc with overflow checks, and arrays that grow. A unit test may
 * define search_memory_fails to make allocations fail. Private to src/search.
 */
#ifndef SEARCH_MEMORY_H
#define SEARCH_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "segreteria/core/status.h"

bool search_memory_fails(void) __attribute__((weak));

/* count * size bytes, at least one; NULL when exhausted. */
NODISCARD void *memory_array(size_t count, size_t size);
NODISCARD void *memory_zeroed(size_t count, size_t size);
/* Grows *array (of *capacity items of `size` bytes) so that it holds `wanted`; by half at least. */
NODISCARD enum status memory_grow(void **array, size_t *capacity, size_t wanted, size_t size);
/* Gives back what a grown array has too much; the array stays as it is where that fails. */
void memory_trim(void **array, size_t count, size_t size);

/* For what is read and written all over: begins with a cache line, lies on huge pages where it is
 * large. Uninitialised; freed by free. */
NODISCARD void *memory_wide(size_t bytes);

/* Pieces that live as long as the store, without a header each. */
struct memory_block {
    struct memory_block *next;
    size_t size;
};

struct memory_store {
    struct memory_block *blocks;
    uint8_t *at, *end;
    size_t bytes; /* of all blocks */
};

/* Aligned to 8 bytes. */
NODISCARD void *memory_store_alloc(struct memory_store *store, size_t size);
void memory_store_deinit(struct memory_store *store);

#endif
