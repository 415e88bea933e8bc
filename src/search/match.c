/* Which vacancies of a segment have the words of a query. Each clause is a row of bits, made of the
 * lists of its words; clauses are ANDed. A word in a tier: the lists of its best weights up to
 * that.
 */
#include "run.h"

/* The term's vacancies in tiers up to `tier`, added to `into`. */
static void add_term(const struct search_segment *segment, uint32_t number, unsigned tier,
                     uint64_t *into) {
    const struct term *term = &segment->terms[number];
    if (tier == TIERS) {
        list_or(segment, terms_docs(term), into);
        return;
    }
    if (term->tiers == TERM_NO_TIERS)
        return;
    for (unsigned i = 0; i < tier; i++)
        if (segment->tiers[term->tiers].best[i].count > 0)
            list_or(segment, segment->tiers[term->tiers].best[i], into);
}

static enum status add_prefix(struct run *run, const struct view *view, uint8_t dictionary,
                              struct str prefix, unsigned tier, uint64_t *into) {
    const struct search_segment *segment = view->segment;
    uint32_t from, to;
    terms_prefix(segment, dictionary, prefix, &from, &to);
    for (uint32_t term = from; term < to; term++) {
        if (!segment_dense(segment, segment->terms[term].count))
            run->prefix_reads += segment->terms[term].count;
        if (run->prefix_reads > PREFIX_READS_MAX)
            return STATUS_TOO_LARGE;
        add_term(segment, term, tier, into);
    }
    return STATUS_OK;
}

/* Any of the clause's sequences, into `into`. phrase: the number of the clause's first phrase among
 * those that are kept, or NULL when they are not. */
static enum status match_clause(struct run *run, struct view *view, uint8_t dictionary,
                                const struct search_clause *clause, unsigned tier, size_t *phrase,
                                uint64_t *into) {
    memset(into, 0, view->segment->words * sizeof *into);
    for (size_t i = 0; i < clause->count; i++) {
        const struct search_sequence *sequence = &clause->any[i];
        const struct search_step *step = &sequence->steps[0];
        enum status status = STATUS_OK;
        if (sequence->count > 1) {
            uint64_t *own[TIERS], **tiers = phrase == NULL ? own : view->phrases[(*phrase)++];
            if (tier == TIERS)
                status = match_phrase(run, view, dictionary, sequence, tiers);
            if (status == STATUS_OK && tiers[tier - 1] != NULL)
                bits_or(into, tiers[tier - 1], view->segment->words);
        } else if (step->prefix) {
            status = add_prefix(run, view, dictionary, step->lexeme, tier, into);
        } else {
            int64_t term = terms_find(view->segment, dictionary, step->lexeme);
            if (term >= 0)
                add_term(view->segment, (uint32_t)term, tier, into);
        }
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

/* A clause of one word that is a dense row: used where it is. */
static const uint64_t *plain_row(const struct view *view, uint8_t dictionary,
                                 const struct search_clause *clause, unsigned tier) {
    if (tier != TIERS || clause->count != 1 || clause->any[0].count != 1 ||
        clause->any[0].steps[0].prefix)
        return NULL;
    int64_t term = terms_find(view->segment, dictionary, clause->any[0].steps[0].lexeme);
    if (term < 0 || !segment_dense(view->segment, view->segment->terms[term].count))
        return NULL;
    return segment_row(view->segment, view->segment->terms[term].docs);
}

static size_t phrases_of(const struct search_text *text) {
    size_t count = 0;
    for (size_t i = 0; i < text->all_count; i++)
        for (size_t j = 0; j < text->all[i].count; j++)
            count += text->all[i].any[j].count > 1;
    return count;
}

static enum status match_dictionary(struct run *run, struct view *view,
                                    const struct search_text *text, unsigned tier, size_t *phrase,
                                    uint64_t *into) {
    const struct search_segment *segment = view->segment;
    const struct values *dictionaries = &segment->values[VALUE_DICTIONARY];
    int64_t own = values_find(dictionaries, str_from((const char *)&text->dictionary, 1));
    memset(into, 0, segment->words * sizeof *into);
    if (own < 0) { /* no vacancy of that dictionary here */
        *phrase += phrases_of(text);
        return STATUS_OK;
    }
    for (size_t i = 0; i < text->all_count; i++) {
        const uint64_t *clause = plain_row(view, text->dictionary, &text->all[i], tier);
        if (clause == NULL) {
            enum status status = match_clause(run, view, text->dictionary, &text->all[i], tier,
                                              phrase, run->room[1]);
            if (status != STATUS_OK)
                return status;
            clause = run->room[1];
        }
        if (i == 0)
            memcpy(into, clause, segment->words * sizeof *into);
        else
            bits_and(into, clause, segment->words);
    }
    if (text->all_count == 0)
        list_or(segment, dictionaries->lists[own], into);
    for (size_t i = 0; i < text->none_count && tier == TIERS; i++) {
        enum status status = match_clause(run, view, text->dictionary, &text->none[i], tier, NULL,
                                          run->room[1]);
        if (status != STATUS_OK)
            return status;
        bits_andnot(into, run->room[1], segment->words);
    }
    return STATUS_OK;
}

enum status match_text(struct run *run, struct view *view, unsigned tier, uint64_t *out) {
    const struct search_query *query = run->query;
    size_t words = view->segment->words, phrase = 0;
    memset(out, 0, words * sizeof *out);
    for (size_t i = 0; i < query->texts_count; i++) {
        enum status status = match_dictionary(run, view, &query->texts[i], tier, &phrase,
                                              run->room[0]);
        if (status != STATUS_OK)
            return status;
        bits_or(out, run->room[0], words);
    }
    return STATUS_OK;
}
