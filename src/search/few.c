/* Few hits are looked up one by one: where they come from a short list of a filter no row of bits
 * is made of it, and where each of a query's lists is gone through once, with the hits beside it,
 * none is made for a tier. A vacancy's tier is the worst over the clauses of the best over a
 * clause's words; over several dictionaries the best.
 */
#include "run.h"

/* Rows are the dearer way for no more hits than this share of a row's words, and some. */
#define FEW_SHARE 16u
#define FEW_MIN 8u
#define TIER_UNKNOWN UINT8_MAX

enum status few_of_row(struct run *run, struct view *view) {
    const struct search_segment *segment = view->segment;
    if (view->few != NULL || view->hits_count > segment->words / FEW_SHARE + FEW_MIN)
        return STATUS_OK;
    view->few = scratch_array(run->scratch, view->hits_count, sizeof *view->few);
    if (view->few == NULL)
        return STATUS_NO_MEMORY;
    bits_list(view->hits, view->hits_count, view->few);
    return STATUS_OK;
}

/* ---- of a list ---- */

/* Those of the list that are in all the rows. */
static uint32_t list_in_all(const struct search_segment *segment, struct list list,
                            const uint64_t *const *rows, size_t rows_count, uint32_t *out) {
    const uint8_t *at = segment->bytes + list.where;
    uint32_t doc = UINT32_MAX, count = 0;
    for (uint32_t left = list.count; left > 0; left--) {
        uint32_t gap;
        at = code_number_read(at, &gap);
        doc += gap;
        bool all = true;
        for (size_t row = 0; row < rows_count; row++)
            all &= bits_get(rows[row], doc);
        out[count] = doc;
        count += all;
    }
    return count;
}

/* Looked up one by one only where something has expired at all, which is put away soon. */
static uint32_t without_expired(const struct search_segment *segment, int32_t today, uint32_t *docs,
                                uint32_t count) {
    if (segment->by_day_count == 0 || segment->valid_through[segment->by_day[0]] >= today)
        return count;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < count; i++)
        if (segment->valid_through[docs[i]] >= today)
            docs[kept++] = docs[i];
    return kept;
}

enum status few_of_list(struct run *run, struct view *view, struct list list,
                        const uint64_t *const *rows, size_t rows_count) {
    view->few = scratch_array(run->scratch, (size_t)list.count + 1, sizeof *view->few);
    if (view->few == NULL)
        return STATUS_NO_MEMORY;
    uint32_t count = list_in_all(view->segment, list, rows, rows_count, view->few);
    view->hits_count = without_expired(view->segment, run->query->today, view->few, count);
    return STATUS_OK;
}

/* ---- tiers: what a word's lists of one tier reach ---- */

static void reach(const struct view *view, struct list list, bool *reached) {
    const struct search_segment *segment = view->segment;
    uint32_t count = view->hits_count;
    if (list_is_row(list)) {
        const uint64_t *row = list_row(segment, list);
        for (uint32_t i = 0; i < count; i++)
            reached[i] |= bits_get(row, view->few[i]);
        return;
    }
    const uint8_t *at = segment->bytes + list.where;
    uint32_t doc = UINT32_MAX, i = 0;
    for (uint32_t left = list.count; left > 0 && i < count; left--) {
        uint32_t gap;
        at = code_number_read(at, &gap);
        doc += gap;
        while (i < count && view->few[i] < doc)
            i++;
        if (i < count && view->few[i] == doc)
            reached[i] = true;
    }
}

static void reach_term(const struct view *view, uint32_t number, unsigned tier, bool *reached) {
    const struct term *term = &view->segment->terms[number];
    if (term->tiers != TERM_NO_TIERS)
        reach(view, view->segment->tiers[term->tiers].best[tier - 1], reached);
}

static void reach_prefix(const struct view *view, uint8_t dictionary, struct str prefix,
                         unsigned tier, bool *reached) {
    uint32_t from, to;
    terms_prefix(view->segment, dictionary, prefix, &from, &to);
    for (uint32_t term = from; term < to; term++)
        reach_term(view, term, tier, reached);
}

static void reach_phrase(const struct view *view, const uint64_t *row, bool *reached) {
    for (uint32_t i = 0; row != NULL && i < view->hits_count; i++)
        reached[i] |= bits_get(row, view->few[i]);
}

static void reach_clause(const struct view *view, uint8_t dictionary,
                         const struct search_clause *clause, unsigned tier,
                         struct place_in_text *place, bool *reached) {
    for (size_t i = 0; i < clause->count; i++) {
        const struct search_step *step = &clause->any[i].steps[0];
        int64_t term = view->terms[place->sequence++];
        if (clause->any[i].count > 1)
            reach_phrase(view, view->phrases[place->phrase++][tier - 1], reached);
        else if (step->prefix)
            reach_prefix(view, dictionary, step->lexeme, tier, reached);
        else if (term >= 0)
            reach_term(view, (uint32_t)term, tier, reached);
    }
}

/* A text without clauses asks nothing: its dictionary's vacancies are of the best tier. */
static void reach_dictionary(const struct view *view, uint8_t dictionary, bool *reached) {
    struct list own;
    if (values_of_dictionary(view->segment, dictionary, &own))
        reach(view, own, reached);
}

/* The hits that each clause of the text reaches are of this tier, unless of a better one. */
static void rank_all_reached(struct view *view, const bool *reached, size_t clauses,
                             unsigned tier) {
    size_t count = view->hits_count;
    for (size_t k = 0; k < count; k++) {
        bool all = true;
        for (size_t j = 0; j < clauses; j++)
            all &= reached[j * count + k];
        if (all && view->few_tiers[k] > tier)
            view->few_tiers[k] = (uint8_t)tier;
    }
}

/* One of each clause, and one of a text that has none. */
static size_t reached_rows(const struct search_text *text) {
    return text->all_count == 0 ? 1 : text->all_count;
}

static void rank_text(struct view *view, const struct search_text *text, unsigned tier,
                      struct place_in_text *place, bool *reached) {
    size_t count = view->hits_count;
    if (text->all_count == 0)
        reach_dictionary(view, text->dictionary, reached);
    for (size_t j = 0; j < text->all_count; j++)
        reach_clause(view, text->dictionary, &text->all[j], tier, place, reached + j * count);
    for (size_t j = 0; j < text->none_count; j++)
        place->sequence += text->none[j].count;
    rank_all_reached(view, reached, reached_rows(text), tier);
}

enum status few_begin(struct run *run, struct view *view) {
    const struct search_query *query = run->query;
    size_t count = view->hits_count, rows = 0;
    for (size_t i = 0; query->has_text && i < query->texts_count; i++)
        rows += reached_rows(&query->texts[i]);
    view->few_tiers = scratch_array(run->scratch, count, sizeof *view->few_tiers);
    view->few_reached = scratch_array(run->scratch, rows * count, sizeof *view->few_reached);
    if (view->few_tiers == NULL || view->few_reached == NULL)
        return STATUS_NO_MEMORY;
    memset(view->few_tiers, TIER_UNKNOWN, count);
    memset(view->few_reached, false, rows * count);
    return STATUS_OK;
}

void few_rank(struct run *run, struct view *view, unsigned tier) {
    const struct search_query *query = run->query;
    struct place_in_text place = {0};
    size_t row = 0;
    if (tier == TIERS || !query->has_text) {
        rank_all_reached(view, view->few_reached, 0, tier);
        return;
    }
    for (size_t i = 0; i < query->texts_count; i++) {
        rank_text(view, &query->texts[i], tier, &place, view->few_reached + row * view->hits_count);
        row += reached_rows(&query->texts[i]);
    }
}
