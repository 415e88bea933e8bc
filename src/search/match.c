/* Which vacancies of a segment have the words of a query. Each clause is a row of bits: one of the
 * segment's own where a single list has it, else made of the lists of its words; clauses are ANDed.
 * A word in a tier: the lists of its best weights up to that.
 */
#include "run.h"

#define NOWHERE (-1)

static bool is_word(const struct search_sequence *sequence) {
    return sequence->count == 1 && !sequence->steps[0].prefix;
}

/* ---- what is looked up once ---- */

static void find_in_clause(struct view *view, uint8_t dictionary,
                           const struct search_clause *clause, size_t *sequence) {
    for (size_t i = 0; i < clause->count; i++, ++*sequence)
        view->terms[*sequence] = is_word(&clause->any[i])
                                     ? terms_find(view->segment, dictionary,
                                                  clause->any[i].steps[0].lexeme)
                                     : NOWHERE;
}

static enum status find_terms(struct run *run, struct view *view) {
    const struct search_query *query = run->query;
    size_t sequence = 0;
    view->terms = scratch_array(run->scratch, run->sequences_count, sizeof *view->terms);
    if (view->terms == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < query->texts_count; i++) {
        const struct search_text *text = &query->texts[i];
        for (size_t j = 0; j < text->all_count; j++)
            find_in_clause(view, text->dictionary, &text->all[j], &sequence);
        for (size_t j = 0; j < text->none_count; j++)
            find_in_clause(view, text->dictionary, &text->none[j], &sequence);
    }
    return STATUS_OK;
}

static struct place_in_text past_text(struct place_in_text place, const struct search_text *text) {
    for (size_t i = 0; i < text->all_count; i++) {
        place.sequence += text->all[i].count;
        for (size_t j = 0; j < text->all[i].count; j++)
            place.phrase += text->all[i].any[j].count > 1;
    }
    for (size_t i = 0; i < text->none_count; i++)
        place.sequence += text->none[i].count;
    return place;
}

/* ---- words and prefixes ---- */

/* Vacancies of lists, put together: rows wait until there are several, sparse lists go in at once.
 */
#define WAITING_MAX 8u
struct union_row {
    const struct search_segment *segment;
    uint64_t *into;
    bool begun; /* into has something; else it is uninitialised */
    const uint64_t *waiting[WAITING_MAX + 1];
    size_t waiting_count;
};

static struct union_row union_begin(const struct search_segment *segment, uint64_t *into) {
    struct union_row row = {.segment = segment};
    row.into = into;
    return row;
}

static void union_write(struct union_row *row) {
    size_t words = row->segment->words;
    if (row->begun)
        row->waiting[row->waiting_count++] = row->into;
    if (row->waiting_count == 0)
        memset(row->into, 0, words * sizeof *row->into);
    else if (row->waiting_count > 1 || row->waiting[0] != row->into)
        bits_any_of(row->into, row->waiting, row->waiting_count, words);
    row->waiting_count = 0;
    row->begun = true;
}

static void union_row_add(struct union_row *row, const uint64_t *other) {
    if (row->waiting_count == WAITING_MAX)
        union_write(row);
    row->waiting[row->waiting_count++] = other;
}

static void union_list_add(struct union_row *row, struct list list) {
    if (list_is_row(list)) {
        union_row_add(row, list_row(row->segment, list));
        return;
    }
    if (!row->begun)
        union_write(row);
    list_or(row->segment, list, row->into);
}

/* What has been put together: a single row as it stands, or `into`; NULL: nothing. */
static const uint64_t *union_end(struct union_row *row) {
    if (!row->begun && row->waiting_count == 0)
        return NULL;
    if (!row->begun && row->waiting_count == 1)
        return row->waiting[0];
    if (row->waiting_count > 0)
        union_write(row);
    return row->into;
}

/* The term's vacancies in tiers up to `tier`. */
static void add_term(struct union_row *row, uint32_t number, unsigned tier) {
    const struct search_segment *segment = row->segment;
    const struct term *term = &segment->terms[number];
    if (tier == TIERS)
        union_list_add(row, terms_docs(term));
    for (unsigned i = 0; i < tier && tier < TIERS && term->tiers != TERM_NO_TIERS; i++)
        if (segment->tiers[term->tiers].best[i].count > 0)
            union_list_add(row, segment->tiers[term->tiers].best[i]);
}

static bool is_nowhere(const struct search_segment *segment, const struct term *term,
                       unsigned tier) {
    for (unsigned i = 0; i < tier && tier < TIERS && term->tiers != TERM_NO_TIERS; i++)
        if (segment->tiers[term->tiers].best[i].count > 0)
            return false;
    return tier < TIERS;
}

static enum status add_prefix(struct run *run, struct union_row *row, uint8_t dictionary,
                              struct str prefix, unsigned tier) {
    const struct search_segment *segment = row->segment;
    uint32_t from, to;
    terms_prefix(segment, dictionary, prefix, &from, &to);
    for (uint32_t term = from; term < to; term++) {
        if (tier == TIERS && !list_is_row(terms_docs(&segment->terms[term])))
            run->prefix_reads += segment->terms[term].count;
        if (run->prefix_reads > PREFIX_READS_MAX)
            return STATUS_TOO_LARGE;
        add_term(row, term, tier);
    }
    return STATUS_OK;
}

/* ---- clauses ---- */

/* Any of the clause's sequences. kept: whether its phrases are among those that the view keeps. */
static enum status add_clause(struct run *run, struct view *view, uint8_t dictionary,
                              const struct search_clause *clause, unsigned tier,
                              struct place_in_text *place, bool kept, struct union_row *row) {
    for (size_t i = 0; i < clause->count; i++) {
        const struct search_sequence *sequence = &clause->any[i];
        int64_t term = view->terms[place->sequence++];
        enum status status = STATUS_OK;
        if (sequence->count > 1) {
            const uint64_t *own[TIERS], **tiers = kept ? view->phrases[place->phrase++] : own;
            if (tier == TIERS)
                status = match_phrase(run, view, dictionary, sequence, tiers);
            if (status == STATUS_OK && tiers[tier - 1] != NULL)
                union_row_add(row, tiers[tier - 1]);
        } else if (sequence->steps[0].prefix) {
            status = add_prefix(run, row, dictionary, sequence->steps[0].lexeme, tier);
        } else if (term != NOWHERE) {
            add_term(row, (uint32_t)term, tier);
        }
        if (status != STATUS_OK)
            return status;
    }
    return STATUS_OK;
}

/* *out is a row of the segment or `into`, NULL when there is none. */
static enum status match_clause(struct run *run, struct view *view, uint8_t dictionary,
                                const struct search_clause *clause, unsigned tier,
                                struct place_in_text *place, bool kept, uint64_t *into,
                                const uint64_t **out) {
    struct union_row row = union_begin(view->segment, into);
    enum status status = add_clause(run, view, dictionary, clause, tier, place, kept, &row);
    *out = union_end(&row);
    return status;
}

/* Before any work: whether a word that must be there is nowhere. */
static bool lacks_word(const struct view *view, const struct search_text *text, unsigned tier,
                       size_t sequence) {
    const struct search_segment *segment = view->segment;
    for (size_t i = 0; i < text->all_count; sequence += text->all[i++].count) {
        const struct search_clause *clause = &text->all[i];
        if (clause->count != 1 || !is_word(&clause->any[0]))
            continue;
        int64_t term = view->terms[sequence];
        if (term == NOWHERE || is_nowhere(segment, &segment->terms[term], tier))
            return true;
    }
    return false;
}

/* All clauses; *out as match_clause() has it. */
static enum status match_all(struct run *run, struct view *view, const struct search_text *text,
                             unsigned tier, struct place_in_text *place, uint64_t *into,
                             const uint64_t **out) {
    *out = NULL;
    if (lacks_word(view, text, tier, place->sequence))
        return STATUS_OK;
    for (size_t i = 0; i < text->all_count; i++) {
        const uint64_t *clause = NULL, *so_far = *out;
        enum status status = match_clause(run, view, text->dictionary, &text->all[i], tier, place,
                                          true, so_far == into ? run->room[1] : into, &clause);
        *out = clause;
        if (status != STATUS_OK || clause == NULL)
            return status;
        if (so_far != NULL) {
            bits_set_and(into, so_far, clause, view->segment->words);
            *out = into;
        }
    }
    return STATUS_OK;
}

/* Takes the excluded words out of *row, which becomes `into`. */
static enum status match_none(struct run *run, struct view *view, const struct search_text *text,
                              struct place_in_text *place, uint64_t *into, const uint64_t **row) {
    size_t words = view->segment->words;
    for (size_t i = 0; i < text->none_count; i++) {
        const uint64_t *some = NULL;
        enum status status = match_clause(run, view, text->dictionary, &text->none[i], TIERS, place,
                                          false, run->room[1], &some);
        if (status != STATUS_OK)
            return status;
        if (some == NULL)
            continue;
        if (*row != into)
            memcpy(into, *row, words * sizeof *into);
        bits_andnot(into, some, words);
        *row = into;
    }
    return STATUS_OK;
}

/* All clauses of a text, whose dictionary has those vacancies, without what it excludes; *out as
 * match_clause() has it. */
static enum status match_clauses(struct run *run, struct view *view, const struct search_text *text,
                                 struct list vacancies, unsigned tier, struct place_in_text place,
                                 uint64_t *into, const uint64_t **out) {
    enum status status = STATUS_OK;
    if (text->all_count == 0)
        *out = list_bits(view->segment, vacancies, into);
    else
        status = match_all(run, view, text, tier, &place, into, out);
    if (status != STATUS_OK || *out == NULL || tier < TIERS)
        return status;
    return match_none(run, view, text, &place, into, out);
}

/* A text of one clause goes into the row of all texts at once, the others when they are done. */
static enum status add_text(struct run *run, struct view *view, const struct search_text *text,
                            unsigned tier, struct place_in_text place, struct union_row *row) {
    struct list vacancies;
    if (!values_of_dictionary(view->segment, text->dictionary, &vacancies))
        return STATUS_OK;
    if (text->all_count == 1 && text->none_count == 0)
        return add_clause(run, view, text->dictionary, &text->all[0], tier, &place, true, row);
    /* Rows that wait may have to be written to `into` before this text's can wait beside them. */
    uint64_t *into = row->begun || row->waiting_count > 0 ? run->room[0] : row->into;
    const uint64_t *some = NULL;
    enum status status = match_clauses(run, view, text, vacancies, tier, place, into, &some);
    if (status != STATUS_OK || some == NULL)
        return status;
    union_row_add(row, some);
    if (some == into)
        union_write(row);
    return STATUS_OK;
}

enum status match_text(struct run *run, struct view *view, unsigned tier, uint64_t *room,
                       const uint64_t **out) {
    const struct search_query *query = run->query;
    struct union_row row = union_begin(view->segment, room);
    struct place_in_text place = {0};
    *out = NULL;
    if (tier == TIERS && find_terms(run, view) != STATUS_OK)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < query->texts_count; i++) {
        enum status status = add_text(run, view, &query->texts[i], tier, place, &row);
        if (status != STATUS_OK)
            return status;
        place = past_text(place, &query->texts[i]);
    }
    *out = union_end(&row);
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
