/* Facets: exact counts of each value among what passes the text and all filters but the facet's
 * own. Counts of several segments (facet_count.c) meet under the index-wide numbers.
 */
#include <stdio.h>

#include "run.h"

#define DAY_US INT64_C(86400000000)

struct ranking {
    uint32_t number;
    uint64_t count;
};

/* What the facet counts in: the hits, or without its own filter. */
static const uint64_t *counted(struct run *run, const struct view *view, int kind) {
    uint32_t own = UINT32_C(1) << kind;
    for (unsigned filter = 0; filter < FILTERS; filter++)
        if (view->filters[filter] != NULL && (own >> filter & 1) != 0) {
            (void)filter_all_but(view, own, run->room[0]);
            return run->room[0];
        }
    return view->hits;
}

/* ---- fields ---- */

/* Whether a stands before b: more, or as many and less by bytes. */
static bool stands_before(const struct intern *intern, struct ranking a, struct ranking b) {
    if (a.count != b.count)
        return a.count > b.count;
    struct str x = intern_text(intern, a.number), y = intern_text(intern, b.number);
    size_t shared = x.len < y.len ? x.len : y.len;
    int order = memcmp(x.ptr, y.ptr, shared);
    return order != 0 ? order < 0 : x.len < y.len;
}

/* Keeps the first `top`, in order. */
static void rank(const struct intern *intern, struct ranking *ranked, size_t *count, size_t top,
                 struct ranking next) {
    if (*count == top) {
        if (top == 0 || !stands_before(intern, next, ranked[top - 1]))
            return;
        --*count;
    }
    size_t low = 0, high = *count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (stands_before(intern, next, ranked[middle]))
            high = middle;
        else
            low = middle + 1;
    }
    memmove(ranked + low + 1, ranked + low, (*count - low) * sizeof *ranked);
    ranked[low] = next;
    ++*count;
}

static enum status answer_values(struct run *run, const struct intern *intern,
                                 const struct ranking *ranked, size_t count,
                                 struct search_facet *out) {
    struct search_facet_value *values = arena_array(run->arena, count + 1, sizeof *values);
    if (values == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        struct str text = intern_text(intern, ranked[i].number);
        values[i].count = ranked[i].count;
        values[i].value = str_from(arena_strdup(run->arena, text), text.len);
        if (values[i].value.ptr == NULL)
            return STATUS_NO_MEMORY;
    }
    out->values = values;
    out->values_count = count;
    return STATUS_OK;
}

static enum status facet_field(struct run *run, const struct search_facet_ask *ask,
                               struct search_facet *out) {
    unsigned field = (unsigned)ask->kind;
    const struct intern *intern = &run->version->index->intern[field];
    uint32_t known = run->version->values[field];
    uint64_t *counts = scratch_array(run->scratch, known, sizeof *counts);
    struct ranking *ranked = scratch_array(run->scratch, (size_t)ask->top + 1, sizeof *ranked);
    if (counts == NULL || ranked == NULL)
        return STATUS_NO_MEMORY;
    memset(counts, 0, known * sizeof *counts);
    for (size_t i = 0; i < run->views_count; i++) {
        enum status status = facet_count(run, &run->views[i], field, counts, &out->missing);
        if (status != STATUS_OK)
            return status;
    }
    size_t kept = 0;
    for (uint32_t number = 0; number < known; number++) {
        if (counts[number] == 0)
            continue;
        out->rest_values++;
        out->rest_count += counts[number];
        rank(intern, ranked, &kept, ask->top, (struct ranking){number, counts[number]});
    }
    out->rest_values -= kept;
    for (size_t i = 0; i < kept; i++)
        out->rest_count -= ranked[i].count;
    return answer_values(run, intern, ranked, kept, out);
}

/* ---- salary and publication ---- */

#define SALARY_GUESSES 256u

/* How many edges an amount reaches: a guess by its leading bits, which is never too high. */
struct buckets {
    const int64_t *edges;
    size_t count;
    unsigned shift;
    uint8_t guesses[SALARY_GUESSES];
};
_Static_assert(SEARCH_SALARY_EDGES_MAX < UINT8_MAX, "a guess is a byte");

static size_t bucket_of(const struct buckets *buckets, int64_t amount) {
    size_t bucket = 0;
    if (buckets->count == 0 || amount < buckets->edges[0])
        return 0;
    uint64_t guess = ((uint64_t)amount - (uint64_t)buckets->edges[0]) >> buckets->shift;
    bucket = buckets->guesses[guess < SALARY_GUESSES ? guess : SALARY_GUESSES - 1];
    while (bucket < buckets->count && buckets->edges[bucket] <= amount)
        bucket++;
    return bucket;
}

static void buckets_init(struct buckets *buckets, const struct search_query *query) {
    *buckets = (struct buckets){.edges = query->salary_edges, .count = query->salary_edges_count};
    if (buckets->count == 0)
        return;
    uint64_t first = (uint64_t)buckets->edges[0],
             span = (uint64_t)buckets->edges[buckets->count - 1] - first;
    while (span >> buckets->shift >= SALARY_GUESSES)
        buckets->shift++;
    size_t bucket = 0;
    for (uint64_t i = 0; i < SALARY_GUESSES; i++) {
        while (bucket < buckets->count &&
               (uint64_t)buckets->edges[bucket] - first <= i << buckets->shift)
            bucket++;
        buckets->guesses[i] = (uint8_t)bucket;
    }
}

static void salary_view(struct run *run, const struct view *view, const struct buckets *buckets,
                        struct search_facet_value *values, struct search_facet *out) {
    const struct search_segment *segment = view->segment;
    const uint64_t *in = counted(run, view, SEARCH_FACET_SALARY);
    uint32_t told = list_count_and(segment, segment->values[VALUE_CURRENCY].some, in);
    uint64_t *compared = run->room[1];
    filter_currencies(run, view, compared);
    out->missing += bits_count(in, segment->words) - told;
    out->other_currency += told - bits_count_and(in, compared, segment->words);
    for (size_t word = 0; word < segment->words; word++)
        for (uint64_t w = in[word] & compared[word]; w != 0; w &= w - 1) {
            size_t doc = word * 64 + (size_t)__builtin_ctzll(w);
            values[bucket_of(buckets, segment->salary_high[doc])].count++;
        }
}

static enum status facet_salary(struct run *run, struct search_facet *out) {
    size_t buckets = run->query->salary_edges_count + 1;
    struct search_facet_value *values = arena_array(run->arena, buckets, sizeof *values);
    struct buckets table;
    if (values == NULL)
        return STATUS_NO_MEMORY;
    buckets_init(&table, run->query);
    for (size_t i = 0; i < run->views_count; i++)
        salary_view(run, &run->views[i], &table, values, out);
    out->values = values;
    out->values_count = buckets;
    return STATUS_OK;
}

static enum status facet_published(struct run *run, struct search_facet *out) {
    static const struct {
        struct str name;
        int64_t days;
    } spans[] = {{STR_INIT("1"), 1}, {STR_INIT("3"), 3}, {STR_INIT("7"), 7}, {STR_INIT("30"), 30}};
    size_t count = sizeof spans / sizeof spans[0];
    struct search_facet_value *values = arena_array(run->arena, count, sizeof *values);
    if (values == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        values[i].value = spans[i].name;
    for (size_t i = 0; i < run->views_count; i++) {
        const struct search_segment *segment = run->views[i].segment;
        const uint64_t *in = counted(run, &run->views[i], SEARCH_FACET_PUBLISHED);
        for (size_t j = 0; j < count; j++) {
            uint32_t from = filter_published_before(segment,
                                                    run->query->now_us - spans[j].days * DAY_US);
            values[j].count += bits_count_from(in, from, segment->words);
        }
    }
    out->values = values;
    out->values_count = count;
    return STATUS_OK;
}

enum status facets_fill(struct run *run, struct search_result *result) {
    const struct search_query *query = run->query;
    result->facets = arena_array(run->arena, query->facets_count, sizeof *result->facets);
    if (result->facets == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < query->facets_count; i++) {
        struct search_facet *out = &result->facets[i];
        enum status status;
        out->kind = query->facets[i].kind;
        if (out->kind == SEARCH_FACET_SALARY)
            status = facet_salary(run, out);
        else if (out->kind == SEARCH_FACET_PUBLISHED)
            status = facet_published(run, out);
        else
            status = facet_field(run, &query->facets[i], out);
        if (status != STATUS_OK)
            return status;
    }
    result->facets_count = query->facets_count;
    return STATUS_OK;
}
