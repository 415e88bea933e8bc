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

/* Where the walk of a text's sequences is: those of `all` and `none` in order. */
struct place_in_text {
    size_t sequence, phrase;
};

struct view {
    const struct search_segment *segment;
    bool nothing;                     /* no text here matches: base and hits are empty */
    const uint64_t *text;             /* of matching text; NULL: not asked for */
    const uint64_t *live;             /* current; NULL: all that have the text are */
    uint64_t *base;                   /* current, open, of matching text; NULL: not needed */
    uint64_t *gone;                   /* of matching text, but not in base; NULL without facets */
    const uint64_t *filters[FILTERS]; /* NULL: not asked for, or in `few` */
    const uint64_t *hits;             /* base and all filters; base itself without filters; NULL
                                       * when there is only `few` */
    uint32_t hits_count;
    int64_t *terms; /* the number of each sequence's word, -1 nowhere; not of phrases, prefixes */
    const uint64_t *(
        *phrases)[TIERS]; /* of each sequence of several steps in `all`, in order; cumulative */
    uint32_t *few;        /* hits_count hits, ascending, when they are few; or NULL */
    uint8_t *few_tiers;   /* of each of them, so far */
    bool *few_reached;    /* by the lists of each clause, so far */
    uint64_t *ranked;     /* tiers so far */
    const uint64_t *page; /* what the page is taken from; NULL: nothing, or `few` */
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
    size_t sequences_count, phrases_count;
    uint64_t prefix_reads;
    bool filtered[FILTERS];
};

/* Uninitialised; for this query alone. NULL: no memory. */
NODISCARD void *scratch_array(struct search_scratch *scratch, size_t count, size_t size);
void scratch_reset(struct search_scratch *scratch);

/* query_check.c: the rules of query.h; counts the sequences, and the phrases among `all`. */
NODISCARD enum status query_check(const struct search_query *query, size_t *sequences,
                                  size_t *phrases);

/* match.c: the vacancies whose text matches in tiers up to `tier` (1 to 4): *out is a row of the
 * segment or `room`, NULL when there are none. Excluded words are looked at for tier 4 alone, which
 * comes first and notes words and phrases in the view. */
NODISCARD enum status match_text(struct run *run, struct view *view, unsigned tier, uint64_t *room,
                                 const uint64_t **out);

/* few.c: view->few when the hits are few; view->few of the list that has no row, of what is in all
 * the rows too. Of a view that has few: room for their tiers, then which are of the tier: 1, 2 and
 * so on, none left out. */
NODISCARD enum status few_of_row(struct run *run, struct view *view);
NODISCARD enum status few_of_list(struct run *run, struct view *view, struct list list,
                                  const uint64_t *const *rows, size_t rows_count);
NODISCARD enum status few_begin(struct run *run, struct view *view);
void few_rank(struct run *run, struct view *view, unsigned tier);

/* phrase.c: the sequence in tiers up to 1, 2, 3, 4; NULL where it is nowhere. */
NODISCARD enum status match_phrase(struct run *run, const struct view *view, uint8_t dictionary,
                                   const struct search_sequence *sequence,
                                   const uint64_t *out[TIERS]);

/* filter.c: fills view->filters and view->hits, or view->few. */
NODISCARD enum status filter_view(struct run *run, struct view *view);
/* base and all filters but those of the mask (1 << filter); gives how many. */
uint32_t filter_all_but(const struct view *view, uint32_t but, uint64_t *out);
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
