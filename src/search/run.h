/* One query at work: what its steps share. For each part of the version a view holds what matches
 * and what each filter lets through, so that a facet can leave its own filter out. Private to
 * src/search.
 */
#ifndef SEARCH_RUN_H
#define SEARCH_RUN_H

#include "memo.h"
#include "memory.h"
#include "version.h"

/* Filters: first those of the fields and of the facets, by the facet's number. */
enum filter {
    FILTER_SALARY = SEARCH_FACET_SALARY,
    FILTER_PUBLISHED = SEARCH_FACET_PUBLISHED,
    FILTER_LANGUAGES,
    FILTER_OFFICE_DAYS,
    FILTER_PLACE,
    FILTERS
};

#define TIERS 4u
#define STEPS_OF_SEQUENCE_MAX 64u
/* The gaps that the prefixes of one query may make it read; some 20 ms. */
#define PREFIX_READS_MAX UINT64_C(16000000)

struct view {
    const struct search_segment *segment;
    bool nothing;               /* no text here matches: base and hits are empty */
    uint64_t *base;             /* current, open, of matching text */
    uint64_t *gone;             /* of matching text, but not in base; NULL without facets */
    uint64_t *filters[FILTERS]; /* NULL: not asked for */
    uint64_t *hits;             /* base and all filters */
    uint64_t *(
        *phrases)[TIERS]; /* of each sequence of several steps in `all`, in order; cumulative */
    uint64_t *ranked;     /* tiers so far */
    uint64_t *page;       /* what the page is taken from; NULL: nothing */
    int32_t *distances;   /* of each place in metres; -1 not known yet */
};

struct search_scratch {
    struct scratch_block *blocks;
    uint8_t *at, *end;
    size_t bytes;
};

struct run {
    const struct search_version *version;
    const struct search_query *query;
    struct search_scratch *scratch;
    struct arena *arena;
    struct view *views;
    size_t views_count;
    uint64_t *room[3]; /* bits for whoever works; the longest segment's size */
    uint16_t
        *positions; /* STEPS_OF_SEQUENCE_MAX times CODE_POSITIONS_COUNT_MAX, if there are phrases */
    size_t phrases_count;
    uint64_t prefix_reads;
    bool filtered[FILTERS];
};

/* Uninitialised; for this query alone. NULL: no memory. */
NODISCARD void *scratch_array(struct search_scratch *scratch, size_t count, size_t size);
void scratch_reset(struct search_scratch *scratch);

/* query_check.c: the rules of query.h; counts the phrases. */
NODISCARD enum status query_check(const struct search_query *query, size_t *phrases);

/* match.c: the vacancies whose text matches in tiers up to `tier` (1 to 4), into `out`; when *any
 * is false there are none and `out` is undefined. Excluded words are looked at for tier 4 alone. */
NODISCARD enum status match_text(struct run *run, struct view *view, unsigned tier, uint64_t *out,
                                 bool *any);

/* phrase.c: the sequence in tiers up to 1, 2, 3, 4; all NULL when it is nowhere. */
NODISCARD enum status match_phrase(struct run *run, const struct view *view, uint8_t dictionary,
                                   const struct search_sequence *sequence, uint64_t *out[TIERS]);

/* filter.c: fills view->filters and view->hits. */
NODISCARD enum status filter_view(struct run *run, struct view *view);
/* base and all filters but those of the mask (1 << filter). */
void filter_all_but(const struct view *view, uint32_t but, uint64_t *out);
/* Vacancies of the segment published before that time. */
uint32_t filter_published_before(const struct search_segment *segment, int64_t published_us);
/* The vacancies with pay in one of the query's currencies. */
void filter_currencies(const struct run *run, const struct view *view, uint64_t *out);

/* place.c */
NODISCARD enum status place_filter(struct run *run, const struct view *view, uint64_t *out);
/* Metres, or SEARCH_KEY_NO_PLACE. view->distances must be there. */
int64_t place_distance(const struct run *run, const struct view *view, uint32_t doc);

/* page.c: hits and more. */
NODISCARD enum status page_fill(struct run *run, struct search_result *result);

/* facet_count.c: adds the counts of the field's values among what passes all filters but its own
 * to counts (by index-wide number), and of the vacancies without one. */
NODISCARD enum status facet_count(struct run *run, const struct view *view, unsigned field,
                                  uint64_t *counts, uint64_t *missing);

/* facet.c */
NODISCARD enum status facets_fill(struct run *run, struct search_result *result);

#endif
