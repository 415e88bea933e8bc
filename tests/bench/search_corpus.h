/* Vacancies for measurements of the search index: any number, the same from the same seed. Words by
 * a Zipf-Mandelbrot law (the commonest in about half of the vacancies), some 170 positions and 150
 * different words a vacancy, cities and companies skewed.
 */
#ifndef SEARCH_CORPUS_H
#define SEARCH_CORPUS_H

#include "segreteria/search/index.h"

#define VOCABULARY 200000u
#define RANKS (1u << 20)
#define TITLES 5000u
#define DESCRIPTION 140u
#define CITIES 8000u
#define COMPANIES 50000u
#define DRAFTS_MAX 256u

struct bench {
    uint64_t state;
    uint32_t *ranks; /* a random one follows the law */
    struct str *words;
    struct search_index *index;
    struct search_scratch *scratch;
    struct search_reader *reader;
    struct arena arena;
    uint32_t documents;
    int64_t now_us;
    int32_t today;
};

struct made {
    struct search_document document;
    struct search_term terms[DRAFTS_MAX];
    uint16_t positions[DRAFTS_MAX];
    struct search_language languages[3];
    struct str values[SEARCH_FIELDS][4];
    char texts[SEARCH_FIELDS][4][24];
};

uint64_t bench_next(struct bench *bench);
uint32_t bench_below(struct bench *bench, uint32_t n);
uint32_t bench_skewed(struct bench *bench, uint32_t n); /* Zipf */
void *bench_need(void *memory);                         /* or the end */
void bench_must(enum status status);
int bench_compare_numbers(const void *a, const void *b); /* of uint64_t */

/* Words and their law. */
void bench_prepare(struct bench *bench);
/* The vacancy of that number, the later the newer. */
const struct search_document *bench_make(struct bench *bench, struct made *made, uint32_t number);

#endif
