/* Plain bit sets: the currency of a query. Sizes are in 64-bit words, always a multiple of
 * BITS_STRIDE; bits past the end are zero. Private to src/search.
 */
#ifndef SEARCH_BITS_H
#define SEARCH_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BITS_STRIDE 8u

/* Words for n bits. */
static inline size_t bits_words(uint32_t n) {
    return (((size_t)n + 63) / 64 + BITS_STRIDE - 1) / BITS_STRIDE * BITS_STRIDE;
}

static inline bool bits_get(const uint64_t *bits, uint32_t i) {
    return (bits[i >> 6] >> (i & 63)) & 1;
}
static inline void bits_set(uint64_t *bits, uint32_t i) { bits[i >> 6] |= UINT64_C(1) << (i & 63); }
static inline void bits_clear(uint64_t *bits, uint32_t i) {
    bits[i >> 6] &= ~(UINT64_C(1) << (i & 63));
}

void bits_fill(uint64_t *bits, uint32_t n, size_t words);              /* the first n ones */
void bits_clear_below(uint64_t *bits, uint32_t n);                     /* bits 0 to n - 1 zero */
void bits_and(uint64_t *into, const uint64_t *other, size_t words);    /* into &= other */
void bits_andnot(uint64_t *into, const uint64_t *other, size_t words); /* into &= ~other */
void bits_or(uint64_t *into, const uint64_t *other, size_t words);     /* into |= other */
void bits_set_and(uint64_t *into, const uint64_t *a, const uint64_t *b, size_t words);
void bits_set_or(uint64_t *into, const uint64_t *a, const uint64_t *b, size_t words);
/* into = the rows (at least one; into may be one) ORed. */
void bits_any_of(uint64_t *into, const uint64_t *const *rows, size_t count, size_t words);
/* into = all the rows (at least one) ANDed; gives how many ones. */
uint32_t bits_all_of(uint64_t *into, const uint64_t *const *rows, size_t count, size_t words);
/* into = a & b without what is taken, which becomes taken; gives how many ones. */
uint32_t bits_take(uint64_t *into, uint64_t *taken, const uint64_t *a, const uint64_t *b,
                   size_t words);

/* How many ones: of a, of a & b, of a from bit `from` on. */
uint32_t bits_count(const uint64_t *a, size_t words);
uint32_t bits_count_and(const uint64_t *a, const uint64_t *b, size_t words);
uint32_t bits_count_from(const uint64_t *a, uint32_t from, size_t words);

/* The places of the ones, ascending; there are `count`. */
void bits_list(const uint64_t *bits, uint32_t count, uint32_t *out);
/* The greatest one below `below`, or -1. */
int64_t bits_previous(const uint64_t *bits, int64_t below);

#endif
