/* Allocations of the search room that fail when a test wants it. */
#ifndef TESTS_UNIT_SEARCH_HELPER_MEMORY_H
#define TESTS_UNIT_SEARCH_HELPER_MEMORY_H

#include <stdatomic.h>

/* -1: all succeed; n: n more do. */
extern atomic_long allocations_left;

#endif
