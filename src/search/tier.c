/* Few hits are looked up one by one: where each of a query's lists is gone through once, with the
 * hits beside it, no row of bits is made for every tier. A vacancy's tier is the worst over the
 * clauses of the best over a clause's words; over several dictionaries the best.
 */
#include "run.h"

/* Rows are the dearer way for no more hits than this share of a row's words, and some. */
#define FEW_SHARE 16u
#define FEW_MIN 8u

enum status tier_few(struct run *run, struct view *view) {
    const struct search_segment *segment = view->segment;
    if (view->hits_count > segment->words / FEW_SHARE + FEW_MIN)
        return STATUS_OK;
    view->few = scratch_array(run->scratch, view->hits_count, sizeof *view->few);
    if (view->few == NULL)
        return STATUS_NO_MEMORY;
    bits_list(view->hits, view->hits_count, view->few);
    return STATUS_OK;
}

static void better(uint8_t *tier, uint8_t other) {
    if (other < *tier)
        *tier = other;
}

/* Those in the list are of that tier, if of no better one. */
static void mark(const struct view *view, struct list list, uint8_t tier, uint8_t *tiers) {
    const struct search_segment *segment = view->segment;
    uint32_t count = view->hits_count;
    if (list_is_row(list)) {
        const uint64_t *row = list_row(segment, list);
        for (uint32_t i = 0; i < count; i++)
            if (bits_get(row, view->few[i]))
                better(&tiers[i], tier);
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
            better(&tiers[i], tier);
    }
}

static void mark_term(const struct view *view, uint32_t number, uint8_t *tiers) {
    const struct term *term = &view->segment->terms[number];
    for (uint8_t i = 0; i < TIERS - 1 && term->tiers != TERM_NO_TIERS; i++)
        mark(view, view->segment->tiers[term->tiers].best[i], (uint8_t)(i + 1), tiers);
}

static void mark_prefix(const struct view *view, uint8_t dictionary, struct str prefix,
                        uint8_t *tiers) {
    uint32_t from, to;
    terms_prefix(view->segment, dictionary, prefix, &from, &to);
    for (uint32_t term = from; term < to; term++)
        mark_term(view, term, tiers);
}

static void mark_phrase(const struct view *view, const uint64_t *const rows[TIERS],
                        uint8_t *tiers) {
    for (uint8_t tier = 0; tier < TIERS; tier++)
        for (uint32_t i = 0; rows[tier] != NULL && i < view->hits_count; i++)
            if (bits_get(rows[tier], view->few[i]))
                better(&tiers[i], (uint8_t)(tier + 1));
}

static void mark_clause(const struct view *view, uint8_t dictionary,
                        const struct search_clause *clause, struct place_in_text *place,
                        uint8_t *tiers) {
    for (size_t i = 0; i < clause->count; i++) {
        const struct search_step *step = &clause->any[i].steps[0];
        int64_t term = view->terms[place->sequence++];
        if (clause->any[i].count > 1)
            mark_phrase(view, view->phrases[place->phrase++], tiers);
        else if (step->prefix)
            mark_prefix(view, dictionary, step->lexeme, tiers);
        else if (term >= 0)
            mark_term(view, (uint32_t)term, tiers);
    }
}

/* A text without clauses asks nothing: its dictionary's vacancies are of the best tier. */
static void mark_dictionary(const struct view *view, uint8_t dictionary, uint8_t *tiers) {
    const struct values *values = &view->segment->values[VALUE_DICTIONARY];
    int64_t own = values_find(values, str_from((const char *)&dictionary, 1));
    memset(tiers, TIERS, view->hits_count);
    if (own >= 0)
        mark(view, values->lists[own], 1, tiers);
}

enum status tier_of_few(struct run *run, struct view *view) {
    const struct search_query *query = run->query;
    size_t count = view->hits_count;
    uint8_t *of_text = scratch_array(run->scratch, count, 1),
            *of_clause = scratch_array(run->scratch, count, 1);
    struct place_in_text place = {0};
    view->few_tiers = scratch_array(run->scratch, count, 1);
    if (of_text == NULL || of_clause == NULL || view->few_tiers == NULL)
        return STATUS_NO_MEMORY;
    memset(view->few_tiers, query->has_text ? TIERS : 1, count);
    for (size_t i = 0; count > 0 && query->has_text && i < query->texts_count; i++) {
        const struct search_text *text = &query->texts[i];
        memset(of_text, 1, count);
        if (text->all_count == 0)
            mark_dictionary(view, text->dictionary, of_text);
        for (size_t j = 0; j < text->all_count; j++) {
            memset(of_clause, TIERS, count);
            mark_clause(view, text->dictionary, &text->all[j], &place, of_clause);
            for (size_t k = 0; k < count; k++)
                if (of_clause[k] > of_text[k])
                    of_text[k] = of_clause[k];
        }
        for (size_t j = 0; j < text->none_count; j++)
            place.sequence += text->none[j].count;
        for (size_t k = 0; k < count; k++)
            better(&view->few_tiers[k], of_text[k]);
    }
    return STATUS_OK;
}
