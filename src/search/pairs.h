/* Phrases of two of a segment's commonest words, worked out when the segment is made: those would
 * take longest, for the most vacancies have both words. Private to src/search.
 */
#ifndef SEARCH_PAIRS_H
#define SEARCH_PAIRS_H

#include <stddef.h>
#include <stdint.h>

#include "segreteria/core/status.h"

/* So many words; only dense ones, and only in segments of so many vacancies. */
#define PAIRS_WORDS_MAX 64u
#define PAIRS_DOCS_MIN 2048u
/* Their lists take at most this share of the segment's bytes; what does not fit is left to be
 * worked out when it is asked for. */
#define PAIRS_SHARE 16u

struct search_segment;
struct search_sequence;

/* Where the second word follows the first one: per match the gap and the tier, as a memo's. */
struct pair {
    uint32_t where, count; /* into bytes */
};
#define PAIR_LEFT_OUT UINT32_MAX /* count: not worked out */

struct pairs {
    uint32_t words_count;
    uint32_t words[PAIRS_WORDS_MAX];                      /* terms, ascending */
    struct pair found[PAIRS_WORDS_MAX * PAIRS_WORDS_MAX]; /* first * PAIRS_WORDS_MAX + second */
    size_t bytes_len;
    uint8_t bytes[];
};

/* Of a segment whose terms and `ends` are written. *out is NULL where there is nothing to gain. */
NODISCARD enum status pairs_make(const struct search_segment *segment, struct pairs **out);
size_t pairs_memory(const struct pairs *pairs); /* 0: NULL */

/* NULL: not worked out. */
const struct pair *pairs_find(const struct pairs *pairs, uint32_t first, uint32_t second);
/* Ordinal and, in the two highest bits, the tier from 0 (as memo_read); room for pair->count. */
void pairs_read(const struct pairs *pairs, const struct pair *pair, uint32_t *out);

/* The tier of a phrase that ends at that position, from 0 (phrase.c). */
uint32_t phrase_tier(const struct search_segment *segment, uint32_t doc, uint32_t position);

#endif
