/* Phrases of two of a segment's commonest words, of titles and of all text, worked out when the
 * segment is made: those would take longest, for the most vacancies have both words. Private to
 * src/search.
 */
#ifndef SEARCH_PAIRS_H
#define SEARCH_PAIRS_H

#include <stddef.h>
#include <stdint.h>

#include "segreteria/core/status.h"

struct list;

/* So many words, a multiple of 64; only dense ones, and only in segments of so many vacancies. */
#define PAIRS_WORDS_MAX 128u
#define PAIRS_DOCS_MIN 2048u
/* Their lists take at most this share of the segment's bytes; what does not fit is left to be
 * worked out when it is asked for. */
#define PAIRS_SHARE 4u

#define PAIR_TIERS 4u

struct pairs;
struct search_segment;
struct writer;

/* Of a segment whose terms and `ends` are written; adds lists to it. *out is NULL where there is
 * nothing to gain. */
NODISCARD enum status pairs_make(struct search_segment *segment, struct writer *writer,
                                 struct pairs **out);
size_t pairs_memory(const struct pairs *pairs); /* but of the lists; 0: NULL */

/* The vacancies where the second word follows the first one, of each tier (PAIR_TIERS lists of the
 * segment's, disjoint); NULL: not worked out. */
const struct list *pairs_find(const struct pairs *pairs, uint32_t first, uint32_t second);

/* The tier of a phrase that ends at that position, from 0 (phrase.c). */
uint32_t phrase_tier(const struct search_segment *segment, uint32_t doc, uint32_t position);

#endif
