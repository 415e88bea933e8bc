/* Random vacancies and queries: see helper_corpus.h. */
#include "helper_corpus.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define DICTIONARIES 3u
#define WORDS_MAX 2048u

uint64_t corpus_random(struct corpus *corpus) {
    corpus->state ^= corpus->state << 13;
    corpus->state ^= corpus->state >> 7;
    corpus->state ^= corpus->state << 17;
    return corpus->state * UINT64_C(0x2545f4914f6cdd1d);
}

uint32_t corpus_below(struct corpus *corpus, uint32_t n) {
    return (uint32_t)((corpus_random(corpus) >> 32) * n >> 32);
}

/* Zipf's law by inversion of its continuous form. */
uint32_t corpus_skewed(struct corpus *corpus, uint32_t n) {
    double u = (double)(corpus_random(corpus) >> 11) / 9007199254740992.0;
    uint32_t rank = (uint32_t)(exp(u * log((double)n + 1)) - 1);
    return rank < n ? rank : n - 1;
}

struct corpus corpus_small(uint64_t seed) {
    return (struct corpus){.state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1,
                           .words = 120,
                           .cities = 150,
                           .companies = 90,
                           .tools = 100,
                           .places = 40,
                           .description = 40,
                           .from_us = INT64_C(1700000000000000),
                           .to_us = INT64_C(1700000100000000),
                           .today = 20000};
}

static bool one_in(struct corpus *corpus, uint32_t n) { return corpus_below(corpus, n) == 0; }

static void *take(struct arena *arena, size_t count, size_t size) {
    void *taken = arena_array(arena, count + 1, size);
    if (taken == NULL)
        abort();
    return taken;
}

static struct str name(struct arena *arena, const char *prefix, unsigned number) {
    struct str made = arena_printf(arena, "%s%u", prefix, number);
    if (str_is_none(made))
        abort();
    return made;
}

/* ---- vacancies ---- */

struct draft {
    uint32_t word;
    uint16_t bits;
};

static int compare_drafts(const void *a, const void *b) {
    const struct draft *x = a, *y = b;
    if (x->word != y->word)
        return x->word < y->word ? -1 : 1;
    return (int)(x->bits & 0x3fff) - (int)(y->bits & 0x3fff);
}

static void make_terms(struct corpus *corpus, struct arena *arena, struct search_document *made) {
    static const unsigned shortest[4] = {1, 2, 0, 0};
    unsigned most[4] = {5, 6, 5, corpus->description}, count = 0, position = 0;
    struct draft *drafts = take(arena, WORDS_MAX, sizeof *drafts);
    for (unsigned field = 0; field < 4; field++) {
        unsigned words = shortest[field] + corpus_below(corpus, most[field] - shortest[field] + 1);
        for (unsigned i = 0; i < words && count < WORDS_MAX; i++)
            drafts[count++] = (struct draft){corpus_skewed(corpus, corpus->words),
                                             SEARCH_POSITION_BITS(++position, 3 - field)};
        position += 8;
    }
    qsort(drafts, count, sizeof *drafts, compare_drafts);
    struct search_term *terms = take(arena, count, sizeof *terms);
    uint16_t *positions = take(arena, count, sizeof *positions);
    for (unsigned i = 0; i < count; i++) {
        positions[i] = drafts[i].bits;
        if (i == 0 || drafts[i].word != drafts[i - 1].word)
            terms[made->terms_count++] = (struct search_term){
                .lexeme = name(arena, "w", drafts[i].word), .positions = &positions[i]};
        terms[made->terms_count - 1].count++;
    }
    made->terms = terms;
}

static void set_one(struct corpus *corpus, struct arena *arena, struct search_document *made,
                    unsigned field, const char *prefix, unsigned of) {
    if (one_in(corpus, 10))
        return;
    struct str *value = take(arena, 1, sizeof *value);
    *value = name(arena, prefix, corpus_skewed(corpus, of));
    made->fields[field] = (struct search_values){value, 1};
}

static void set_several(struct corpus *corpus, struct arena *arena, struct search_document *made,
                        unsigned field, const char *prefix, unsigned of) {
    unsigned wanted = corpus_below(corpus, 5), count = 0;
    struct str *values = take(arena, wanted, sizeof *values);
    for (unsigned i = 0; i < wanted; i++) {
        struct str value = name(arena, prefix, corpus_skewed(corpus, of));
        bool repeat = false;
        for (unsigned j = 0; j < count; j++)
            repeat = repeat || str_eq(values[j], value);
        if (!repeat)
            values[count++] = value;
    }
    made->fields[field] = (struct search_values){values, count};
}

static void set_fields(struct corpus *corpus, struct arena *arena, struct search_document *made) {
    set_one(corpus, arena, made, SEARCH_ROLE, "role", 14);
    set_one(corpus, arena, made, SEARCH_EMPLOYMENT_TYPE, "type", 6);
    set_one(corpus, arena, made, SEARCH_CONTRACT, "contract", 5);
    set_one(corpus, arena, made, SEARCH_WORK_MODE, "mode", 3);
    set_one(corpus, arena, made, SEARCH_CONFIDENTIALITY, "level", 3);
    set_one(corpus, arena, made, SEARCH_COUNTRY, "C", 4);
    set_one(corpus, arena, made, SEARCH_REGION, "region", 20);
    set_one(corpus, arena, made, SEARCH_CITY, "city", corpus->cities);
    set_one(corpus, arena, made, SEARCH_COMPANY, "company", corpus->companies);
    set_several(corpus, arena, made, SEARCH_TOOL, "tool", corpus->tools);
    set_several(corpus, arena, made, SEARCH_SOFT_SKILL, "skill", 13);
    set_several(corpus, arena, made, SEARCH_DUTY, "duty", 14);
    unsigned languages = corpus_below(corpus, 4);
    struct search_language *own = take(arena, languages, sizeof *own);
    for (unsigned i = 0; i < languages; i++)
        own[i] = (struct search_language){.code = name(arena, "l", corpus_skewed(corpus, 8)),
                                          .level = (uint8_t)(1 + corpus_below(corpus, 6)),
                                          .must = one_in(corpus, 2)};
    made->languages = own;
    made->languages_count = languages;
}

static void place_of(unsigned place, double *latitude, double *longitude) {
    *latitude = 36 + (place * 37 % 101) * 0.11;
    *longitude = 7 + (place * 53 % 103) * 0.11;
}

static void set_numbers(struct corpus *corpus, struct search_document *made) {
    made->valid_through = one_in(corpus, 4) ? SEARCH_DAY_NONE
                                            : corpus->today - 3 + (int32_t)corpus_below(corpus, 60);
    made->office_days = (int8_t)((int)corpus_below(corpus, 9) - 1);
    if (!one_in(corpus, 5)) {
        made->has_place = true;
        place_of(corpus_skewed(corpus, corpus->places), &made->latitude, &made->longitude);
    }
    if (!one_in(corpus, 3)) {
        memcpy(made->salary_currency, one_in(corpus, 4) ? "GBP" : "EUR", 4);
        made->salary_low = 18000 + corpus_below(corpus, 40) * 1000;
        made->salary_high = made->salary_low + corpus_below(corpus, 20) * 500;
    }
}

const struct search_document *corpus_document(struct corpus *corpus, struct arena *arena) {
    struct search_document *made = take(arena, 1, sizeof *made);
    uint64_t a = corpus_random(corpus), b = corpus_random(corpus);
    memcpy(made->id.bytes, &a, 8);
    memcpy(made->id.bytes + 8, &b, 8);
    uint64_t span = (uint64_t)(corpus->to_us - corpus->from_us) / 50000;
    made->published_at_us = corpus->from_us +
                            (int64_t)(corpus_below(corpus, (uint32_t)span) * UINT64_C(50000));
    made->dictionary = (uint8_t)corpus_skewed(corpus, DICTIONARIES);
    make_terms(corpus, arena, made);
    set_fields(corpus, arena, made);
    set_numbers(corpus, made);
    return made;
}

/* ---- queries ---- */

static struct search_sequence random_sequence(struct corpus *corpus, struct arena *arena) {
    unsigned count = one_in(corpus, 3) ? 2 + corpus_below(corpus, 2) : 1, distance = 0;
    struct search_step *steps = take(arena, count, sizeof *steps);
    for (unsigned i = 0; i < count; i++) {
        steps[i] = (struct search_step){
            .lexeme = name(arena, "w", corpus_skewed(corpus, corpus->words)),
            .distance = (uint16_t)distance};
        distance += 1 + (unsigned)one_in(corpus, 4);
    }
    if (count == 1 && one_in(corpus, 5)) {
        steps[0].prefix = true;
        steps[0].lexeme.len = 2;
    }
    return (struct search_sequence){steps, count};
}

static const struct search_clause *random_clauses(struct corpus *corpus, struct arena *arena,
                                                  unsigned count) {
    struct search_clause *clauses = take(arena, count, sizeof *clauses);
    for (unsigned i = 0; i < count; i++) {
        unsigned any = one_in(corpus, 4) ? 2 : 1;
        struct search_sequence *sequences = take(arena, any, sizeof *sequences);
        for (unsigned j = 0; j < any; j++)
            sequences[j] = random_sequence(corpus, arena);
        clauses[i] = (struct search_clause){sequences, any};
    }
    return clauses;
}

static void set_texts(struct corpus *corpus, struct arena *arena, struct search_query *made) {
    if (one_in(corpus, 4))
        return;
    struct search_text *texts = take(arena, DICTIONARIES, sizeof *texts);
    made->has_text = true;
    for (uint8_t dictionary = 0; dictionary < DICTIONARIES; dictionary++) {
        if (one_in(corpus, 6))
            continue;
        struct search_text *text = &texts[made->texts_count++];
        text->dictionary = dictionary;
        text->all_count = one_in(corpus, 8) ? 0 : 1 + corpus_below(corpus, 3);
        text->none_count = one_in(corpus, 4);
        text->all = random_clauses(corpus, arena, (unsigned)text->all_count);
        text->none = random_clauses(corpus, arena, (unsigned)text->none_count);
    }
    made->texts = texts;
}

static void filter_by(struct corpus *corpus, struct arena *arena, struct search_query *made,
                      unsigned field, const char *prefix, unsigned of) {
    if (!one_in(corpus, 8))
        return;
    unsigned count = 1 + corpus_below(corpus, 3);
    struct str *values = take(arena, count, sizeof *values);
    for (unsigned i = 0; i < count; i++)
        values[i] = name(arena, prefix, corpus_skewed(corpus, of + 1));
    made->fields[field] = (struct search_filter){values, count,
                                                 field >= SEARCH_LANGUAGE && one_in(corpus, 2)};
}

static void set_filters(struct corpus *corpus, struct arena *arena, struct search_query *made) {
    filter_by(corpus, arena, made, SEARCH_ROLE, "role", 14);
    filter_by(corpus, arena, made, SEARCH_WORK_MODE, "mode", 3);
    filter_by(corpus, arena, made, SEARCH_COUNTRY, "C", 4);
    filter_by(corpus, arena, made, SEARCH_CITY, "city", corpus->cities);
    filter_by(corpus, arena, made, SEARCH_COMPANY, "company", corpus->companies);
    filter_by(corpus, arena, made, SEARCH_LANGUAGE, "l", 8);
    filter_by(corpus, arena, made, SEARCH_TOOL, "tool", corpus->tools);
    filter_by(corpus, arena, made, SEARCH_DUTY, "duty", 14);
    if (one_in(corpus, 6)) {
        made->languages_count = 1 + corpus_below(corpus, 3);
        struct search_language_skill *own = take(arena, made->languages_count, sizeof *own);
        for (size_t i = 0; i < made->languages_count; i++)
            own[i] = (struct search_language_skill){name(arena, "l", corpus_skewed(corpus, 9)),
                                                    (uint8_t)(1 + corpus_below(corpus, 6))};
        made->languages = own;
        made->languages_fit = one_in(corpus, 2) ? SEARCH_LANGUAGES_ANY : SEARCH_LANGUAGES_ALL;
    }
    made->office_days_max = (int8_t)(one_in(corpus, 8) ? corpus_below(corpus, 8) : UINT32_MAX);
    if (one_in(corpus, 8)) {
        made->has_published_since = true;
        made->published_since_us = corpus->from_us + corpus_below(corpus, 100) * INT64_C(1000000);
    }
    if (one_in(corpus, 4)) {
        made->place.set = true;
        made->place.within = !one_in(corpus, 4);
        made->place.radius_m = 1000 + corpus_below(corpus, 400000);
        place_of(corpus_below(corpus, corpus->places), &made->place.latitude,
                 &made->place.longitude);
    }
}

static void set_salary(struct corpus *corpus, struct arena *arena, struct search_query *made) {
    static const char *const codes[] = {"EUR", "GBP", "USD"};
    if (one_in(corpus, 3)) {
        made->salary.currencies_count = 1 + corpus_below(corpus, 2);
        struct str *own = take(arena, made->salary.currencies_count, sizeof *own);
        for (size_t i = 0; i < made->salary.currencies_count; i++)
            own[i] = str_of(codes[corpus_below(corpus, 3)]);
        made->salary.currencies = own;
    }
    if (one_in(corpus, 4)) {
        made->salary.set = true;
        made->salary.min = one_in(corpus, 3) ? INT64_MIN : 18000 + corpus_below(corpus, 45000);
        made->salary.max = one_in(corpus, 2) ? INT64_MAX : 20000 + corpus_below(corpus, 60000);
        made->salary.include_undisclosed = one_in(corpus, 2);
    }
}

const struct search_query *corpus_query(struct corpus *corpus, struct arena *arena) {
    static const int64_t edges[] = {20000, 25000, 30000, 35000, 40000, 60000};
    struct search_query *made = take(arena, 1, sizeof *made);
    set_texts(corpus, arena, made);
    set_filters(corpus, arena, made);
    set_salary(corpus, arena, made);
    made->today = corpus->today;
    made->now_us = corpus->to_us + 5 * INT64_C(86400000000) -
                   corpus_below(corpus, 10) * INT64_C(86400000000);
    made->sort = (enum search_sort)corpus_below(corpus, made->place.set ? 4 : 3);
    made->limit = one_in(corpus, 10) ? 0 : 1 + corpus_below(corpus, 30);
    made->salary_edges = edges;
    made->salary_edges_count = sizeof edges / sizeof edges[0];
    made->facets_count = one_in(corpus, 2) ? 0 : 1 + corpus_below(corpus, SEARCH_FACETS);
    struct search_facet_ask *facets = take(arena, made->facets_count, sizeof *facets);
    unsigned first = corpus_below(corpus, SEARCH_FACETS);
    for (size_t i = 0; i < made->facets_count; i++)
        facets[i] = (struct search_facet_ask){(int)((first + i) % SEARCH_FACETS),
                                              corpus_below(corpus, 12)};
    made->facets = facets;
    return made;
}
