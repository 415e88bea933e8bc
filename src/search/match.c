/* Which vacancies of a segment have the words of a query. Each clause is a row of bits, made of the
 * lists of its words; clauses are ANDed. A word in a tier: the lists of its best weights up to
 * that.
 */
#include "run.h"

/* The term's vacancies in tiers up to `tier`, added to `into`; false when there are none. */
static bool add_term(const struct search_segment *segment, uint32_t number, unsigned tier,
                     uint64_t *into) {
    const struct term *term = &segment->terms[number];
    bool any = tier == TIERS;
    if (tier == TIERS)
        list_or(segment, terms_docs(term), into);
    for (unsigned i = 0; i < tier && tier < TIERS && term->tiers != TERM_NO_TIERS; i++)
        if (segment->tiers[term->tiers].best[i].count > 0) {
            list_or(segment, segment->tiers[term->tiers].best[i], into);
            any = true;
        }
    return any;
}

static enum status add_prefix(struct run *run, const struct view *view, uint8_t dictionary,
                              struct str prefix, unsigned tier, uint64_t *into, bool *any) {
    const struct search_segment *segment = view->segment;
    uint32_t from, to;
    terms_prefix(segment, dictionary, prefix, &from, &to);
    for (uint32_t term = from; term < to; term++) {
        if (tier == TIERS && !segment_dense(segment, segment->terms[term].count))
            run->prefix_reads += segment->terms[term].count;
        if (run->prefix_reads > PREFIX_READS_MAX)
            return STATUS_TOO_LARGE;
        *any = add_term(segment, term, tier, into) || *any;
    }
    return STATUS_OK;
}

/* Any of the clause's sequences, into `into`; *any tells whether there may be one. phrase: the
 * number of the clause's first phrase among those that are kept, or NULL when they are not. */
static enum status match_clause(struct run *run, struct view *view, uint8_t dictionary,
                                const struct search_clause *clause, unsigned tier, size_t *phrase,
                                uint64_t *into, bool *any) {
    memset(into, 0, view->segment->words * sizeof *into);
    *any = false;
    for (size_t i = 0; i < clause->count; i++) {
        const struct search_sequence *sequence = &clause->any[i];
        const struct search_step *step = &sequence->steps[0];
        enum status status = STATUS_OK;
        if (sequence->count > 1) {
            uint64_t *own[TIERS], **tiers = phrase == NULL ? own : view->phrases[(*phrase)++];
            if (tier == TIERS)
                status = match_phrase(run, view, dictionary, sequence, tiers);
            if (status == STATUS_OK && tiers[tier - 1] != NULL) {
                bits_or(into, tiers[tier - 1], view->segment->words);
                *any = true;
            }
        } else if (step->prefix) {
            status = add_prefix(run, view, dictionary, step->lexeme, tier, into, any);
        } else {
            int64_t term = terms_find(view->segment, dictionary, step->lexeme);
            if (term >= 0)
                *any = add_term(view->segment, (uint32_t)term, tier, into) || *any;
        }
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

/* A clause of one word: its lists may tell at once that it is nowhere, or be a row as it is. */
static const struct term *single_term(const struct view *view, uint8_t dictionary,
                                      const struct search_clause *clause, bool *single) {
    *single = clause->count == 1 && clause->any[0].count == 1 && !clause->any[0].steps[0].prefix;
    if (!*single)
        return NULL;
    int64_t term = terms_find(view->segment, dictionary, clause->any[0].steps[0].lexeme);
    return term < 0 ? NULL : &view->segment->terms[term];
}

static size_t phrases_of(const struct search_text *text) {
    size_t count = 0;
    for (size_t i = 0; i < text->all_count; i++)
        for (size_t j = 0; j < text->all[i].count; j++)
            count += text->all[i].any[j].count > 1;
    return count;
}

/* All clauses, into `into`; it is not touched when *any becomes false. */
static enum status match_all(struct run *run, struct view *view, const struct search_text *text,
                             unsigned tier, size_t phrase, uint64_t *into, bool *any) {
    const struct search_segment *segment = view->segment;
    for (size_t i = 0; i < text->all_count; i++) { /* before any work: is one nowhere? */
        bool single;
        const struct term *term = single_term(view, text->dictionary, &text->all[i], &single);
        if (single && (term == NULL || (tier < TIERS && term->tiers == TERM_NO_TIERS))) {
            *any = false;
            return STATUS_OK;
        }
    }
    for (size_t i = 0; i < text->all_count; i++) {
        bool single;
        const struct term *term = single_term(view, text->dictionary, &text->all[i], &single);
        const uint64_t *clause = run->room[1];
        if (term != NULL && tier == TIERS && segment_dense(segment, term->count)) {
            clause = segment_row(segment, term->docs);
        } else {
            enum status status = match_clause(run, view, text->dictionary, &text->all[i], tier,
                                              &phrase, run->room[1], any);
            if (status != STATUS_OK || !*any)
                return status;
        }
        if (i == 0)
            memcpy(into, clause, segment->words * sizeof *into);
        else
            bits_and(into, clause, segment->words);
    }
    *any = true;
    return STATUS_OK;
}

static enum status match_dictionary(struct run *run, struct view *view,
                                    const struct search_text *text, unsigned tier, size_t phrase,
                                    uint64_t *into, bool *any) {
    const struct search_segment *segment = view->segment;
    const struct values *dictionaries = &segment->values[VALUE_DICTIONARY];
    int64_t own = values_find(dictionaries, str_from((const char *)&text->dictionary, 1));
    *any = own >= 0;
    if (own < 0) /* no vacancy of that dictionary here */
        return STATUS_OK;
    if (text->all_count == 0) {
        memset(into, 0, segment->words * sizeof *into);
        list_or(segment, dictionaries->lists[own], into);
    }
    enum status status = match_all(run, view, text, tier, phrase, into, any);
    for (size_t i = 0; i < text->none_count && tier == TIERS && *any; i++) {
        bool some;
        if (status == STATUS_OK)
            status = match_clause(run, view, text->dictionary, &text->none[i], tier, NULL,
                                  run->room[1], &some);
        if (status != STATUS_OK)
            return status;
        if (some)
            bits_andnot(into, run->room[1], segment->words);
    }
    return status;
}

enum status match_text(struct run *run, struct view *view, unsigned tier, uint64_t *out,
                       bool *any) {
    const struct search_query *query = run->query;
    size_t words = view->segment->words, phrase = 0;
    *any = false;
    for (size_t i = 0; i < query->texts_count; i++) {
        bool some;
        uint64_t *into = *any ? run->room[0] : out;
        enum status status = match_dictionary(run, view, &query->texts[i], tier, phrase, into,
                                              &some);
        if (status != STATUS_OK)
            return status;
        phrase += phrases_of(&query->texts[i]);
        if (some && *any)
            bits_or(out, into, words);
        *any = *any || some;
    }
    return STATUS_OK;
}

uint64_t search_version_count_term(const struct search_version *version, uint8_t dictionary,
                                   struct str lexeme) {
    uint64_t count = 0;
    for (size_t i = 0; i < version->parts_count; i++) {
        const struct part *part = &version->parts[i];
        int64_t term = terms_find(part->segment, dictionary, lexeme);
        if (term >= 0)
            count += list_count_and(part->segment, terms_docs(&part->segment->terms[term]),
                                    part->live->bits);
    }
    return count;
}
