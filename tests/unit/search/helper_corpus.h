/* Random vacancies and random queries over them, from a seed: skewed words and values, phrases,
 * several dictionaries, every filter, sort and facet. For the tests and the measurements of the
 * search room.
 */
#ifndef HELPER_CORPUS_H
#define HELPER_CORPUS_H

#include "segreteria/search/query.h"

struct corpus {
    uint64_t state; /* of the random numbers; not 0 */
    unsigned words; /* of the vocabulary of each dictionary */
    unsigned cities, companies, tools, places;
    unsigned description;   /* most words of a description */
    int64_t from_us, to_us; /* published */
    int32_t today;
};

uint64_t corpus_random(struct corpus *corpus);
/* 0 to n - 1. */
uint32_t corpus_below(struct corpus *corpus, uint32_t n);
/* The same, small numbers far more often than large ones. */
uint32_t corpus_skewed(struct corpus *corpus, uint32_t n);

/* Small: made for many repeats. */
struct corpus corpus_small(uint64_t seed);

/* A vacancy, all of it in the arena. */
const struct search_document *corpus_document(struct corpus *corpus, struct arena *arena);
const struct search_query *corpus_query(struct corpus *corpus, struct arena *arena);

#endif
