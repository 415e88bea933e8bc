/* Allocations of the search room that fail when a test wants it. */
#include "helper_memory.h"

#include "memory.h"

atomic_long allocations_left = -1;

bool search_memory_fails(void) {
    long left = atomic_load(&allocations_left);
    if (left < 0)
        return false;
    if (left == 0)
        return true;
    atomic_store(&allocations_left, left - 1);
    return false;
}
