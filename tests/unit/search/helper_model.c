/* The search as a plain scan: see helper_model.h. */
#include "helper_model.h"

#include <stdlib.h>

static bool same(const struct uuid *a, const struct uuid *b) {
    return memcmp(a->bytes, b->bytes, sizeof a->bytes) == 0;
}

void model_remove(struct model *model, const struct uuid *id) {
    for (size_t i = 0; i < model->count; i++)
        if (same(&model->documents[i]->id, id)) {
            model->documents[i] = model->documents[--model->count];
            return;
        }
}

void model_put(struct model *model, const struct search_document *document) {
    model_remove(model, &document->id);
    if (model->count == model->capacity) {
        model->capacity = model->capacity * 2 + 16;
        model->documents = realloc(model->documents, model->capacity * sizeof *model->documents);
        if (model->documents == NULL)
            abort();
    }
    model->documents[model->count++] = document;
}

void model_deinit(struct model *model) {
    free(model->documents);
    *model = (struct model){0};
}

static void *take(struct arena *arena, size_t count, size_t size) {
    void *taken = arena_array(arena, count + 1, size);
    if (taken == NULL)
        abort();
    return taken;
}

/* ---- text ---- */

static const struct search_term *term_of(const struct search_document *document,
                                         struct str lexeme) {
    for (size_t i = 0; i < document->terms_count; i++)
        if (str_eq(document->terms[i].lexeme, lexeme))
            return &document->terms[i];
    return NULL;
}

/* The weight of the term at that position as a tier, 1 to 4; 0 when it is not there. */
static unsigned tier_at(const struct search_term *term, unsigned position) {
    for (size_t i = 0; term != NULL && i < term->count; i++)
        if (SEARCH_POSITION(term->positions[i]) == position)
            return 4 - SEARCH_WEIGHT(term->positions[i]);
    return 0;
}

static unsigned best(unsigned a, unsigned b) { return a == 0 || (b != 0 && b < a) ? b : a; }

static unsigned sequence_tier(const struct search_document *document,
                              const struct search_sequence *sequence) {
    unsigned found = 0;
    if (sequence->count == 1) {
        for (size_t i = 0; i < document->terms_count; i++) {
            const struct search_term *term = &document->terms[i];
            const struct search_step *step = &sequence->steps[0];
            if (step->prefix ? str_starts_with(term->lexeme, step->lexeme)
                             : str_eq(term->lexeme, step->lexeme))
                found = best(found, 4 - SEARCH_WEIGHT(term->positions[0]));
        }
        return found;
    }
    const struct search_term *first = term_of(document, sequence->steps[0].lexeme);
    for (size_t i = 0; first != NULL && i < first->count; i++) {
        unsigned worst = 1;
        for (size_t j = 0; j < sequence->count && worst != 0; j++) {
            unsigned tier = tier_at(term_of(document, sequence->steps[j].lexeme),
                                    SEARCH_POSITION(first->positions[i]) +
                                        sequence->steps[j].distance);
            worst = tier == 0 ? 0 : tier > worst ? tier : worst;
        }
        found = best(found, worst);
    }
    return found;
}

static unsigned clause_tier(const struct search_document *document,
                            const struct search_clause *clause) {
    unsigned found = 0;
    for (size_t i = 0; i < clause->count; i++)
        found = best(found, sequence_tier(document, &clause->any[i]));
    return found;
}

/* 1 to 4; 0: no match. */
static unsigned text_tier(const struct search_document *document,
                          const struct search_query *query) {
    if (!query->has_text)
        return 1;
    for (size_t i = 0; i < query->texts_count; i++) {
        const struct search_text *text = &query->texts[i];
        if (text->dictionary != document->dictionary)
            continue;
        unsigned worst = 1;
        for (size_t j = 0; j < text->all_count; j++) {
            unsigned tier = clause_tier(document, &text->all[j]);
            if (tier == 0)
                return 0;
            worst = tier > worst ? tier : worst;
        }
        for (size_t j = 0; j < text->none_count; j++)
            if (clause_tier(document, &text->none[j]) != 0)
                return 0;
        return worst;
    }
    return 0;
}

/* ---- filters ---- */

/* The values of a document's field; the languages' codes once each. */
static size_t values_of(const struct search_document *document, unsigned field, struct str *out) {
    if (field != SEARCH_LANGUAGE) {
        for (size_t i = 0; i < document->fields[field].count; i++)
            out[i] = document->fields[field].values[i];
        return document->fields[field].count;
    }
    size_t count = 0;
    for (size_t i = 0; i < document->languages_count; i++) {
        bool repeat = false;
        for (size_t j = 0; j < count; j++)
            repeat = repeat || str_eq(out[j], document->languages[i].code);
        if (!repeat)
            out[count++] = document->languages[i].code;
    }
    return count;
}

static bool field_passes(const struct search_document *document, const struct search_query *query,
                         unsigned field) {
    const struct search_filter *filter = &query->fields[field];
    struct str values[SEARCH_VALUES_MAX];
    size_t count = values_of(document, field, values), found = 0;
    for (size_t i = 0; i < filter->count; i++)
        for (size_t j = 0; j < count; j++)
            found += str_eq(filter->values[i], values[j]);
    return filter->all ? found >= filter->count : found > 0;
}

static bool languages_pass(const struct search_document *document,
                           const struct search_query *query) {
    bool any = query->languages_fit == SEARCH_LANGUAGES_ANY;
    for (size_t i = 0; i < document->languages_count; i++) {
        const struct search_language *asked = &document->languages[i];
        bool fits = false;
        for (size_t j = 0; j < query->languages_count; j++)
            fits = fits || (str_eq(asked->code, query->languages[j].code) &&
                            asked->level <= query->languages[j].level);
        if (any && fits)
            return true;
        if (!any && asked->must && !fits)
            return false;
    }
    return !any;
}

static bool disclosed(const struct search_document *document) {
    return document->salary_currency[0] != '\0';
}

static bool comparable(const struct search_document *document, const struct search_query *query) {
    struct str own = str_of(document->salary_currency);
    if (query->salary.currencies_count == 0)
        return str_eq(own, STR("EUR"));
    for (size_t i = 0; i < query->salary.currencies_count; i++)
        if (str_eq(own, query->salary.currencies[i]))
            return true;
    return false;
}

static bool salary_passes(const struct search_document *document,
                          const struct search_query *query) {
    if (!disclosed(document))
        return query->salary.include_undisclosed;
    return comparable(document, query) && document->salary_high >= query->salary.min &&
           document->salary_low <= query->salary.max;
}

static int64_t distance_of(const struct search_document *document,
                           const struct search_query *query) {
    return document->has_place ? search_distance_m(query->place.latitude, query->place.longitude,
                                                   document->latitude, document->longitude)
                               : SEARCH_KEY_NO_PLACE;
}

/* All that the query asks, but the filter of that facet; -1: none left out. */
static bool passes(const struct search_document *document, const struct search_query *query,
                   int but) {
    if (document->valid_through < query->today || text_tier(document, query) == 0)
        return false;
    for (unsigned field = 0; field < SEARCH_FIELDS; field++)
        if ((int)field != but && query->fields[field].count > 0 &&
            !field_passes(document, query, field))
            return false;
    if (but != SEARCH_LANGUAGE && query->languages_count > 0 && !languages_pass(document, query))
        return false;
    if (but != SEARCH_FACET_SALARY && query->salary.set && !salary_passes(document, query))
        return false;
    if (but != SEARCH_FACET_PUBLISHED && query->has_published_since &&
        document->published_at_us < query->published_since_us)
        return false;
    if (query->office_days_max >= 0 &&
        (document->office_days < 0 || document->office_days > query->office_days_max))
        return false;
    return !query->place.set || !query->place.within ||
           (document->has_place && distance_of(document, query) <= query->place.radius_m);
}

/* ---- order ---- */

static int64_t key_of(const struct search_document *document, const struct search_query *query) {
    switch (query->sort) {
    case SEARCH_BY_RECENT: return 0;
    case SEARCH_BY_RELEVANCE: return text_tier(document, query);
    case SEARCH_BY_SALARY:
        return disclosed(document) && comparable(document, query) ? document->salary_high
                                                                  : SEARCH_KEY_NO_SALARY;
    case SEARCH_BY_DISTANCE: return distance_of(document, query);
    }
    return 0;
}

static int compare_hits(const void *a, const void *b, void *context) {
    const struct search_hit *x = a, *y = b;
    const struct search_query *query = context;
    if (x->key != y->key)
        return (x->key < y->key) == (query->sort != SEARCH_BY_SALARY) ? -1 : 1;
    if (x->published_at_us != y->published_at_us)
        return x->published_at_us > y->published_at_us ? -1 : 1;
    return -memcmp(x->id.bytes, y->id.bytes, sizeof x->id.bytes);
}

static void make_page(const struct search_query *query, struct search_result *out) {
    union {
        const struct search_query *query;
        void *context;
    } order = {.query = query};
    struct search_hit after = {.key = query->after.key,
                               .published_at_us = query->after.published_at_us,
                               .id = query->after.id};
    if (out->hits_count > 0)
        qsort_r(out->hits, out->hits_count, sizeof *out->hits, compare_hits, order.context);
    size_t from = 0;
    while (query->after.set && from < out->hits_count &&
           compare_hits(&out->hits[from], &after, order.context) <= 0)
        from++;
    out->hits += from;
    out->hits_count -= from;
    out->more = query->limit > 0 && out->hits_count > query->limit;
    if (out->hits_count > query->limit)
        out->hits_count = query->limit;
}

/* ---- facets ---- */

static int compare_values(const void *a, const void *b) {
    const struct search_facet_value *x = a, *y = b;
    if (x->count != y->count)
        return x->count > y->count ? -1 : 1;
    size_t shared = x->value.len < y->value.len ? x->value.len : y->value.len;
    int order = memcmp(x->value.ptr, y->value.ptr, shared);
    return order != 0 ? order : (x->value.len > y->value.len) - (x->value.len < y->value.len);
}

static void count_field(const struct model *model, const struct search_query *query,
                        const struct search_facet_ask *ask, struct arena *arena,
                        struct search_facet *out) {
    struct search_facet_value *counted = take(arena, model->count * 5, sizeof *counted);
    size_t count = 0;
    for (size_t i = 0; i < model->count; i++) {
        struct str values[SEARCH_VALUES_MAX];
        if (!passes(model->documents[i], query, ask->kind))
            continue;
        size_t own = values_of(model->documents[i], (unsigned)ask->kind, values);
        out->missing += own == 0;
        for (size_t j = 0; j < own; j++) {
            size_t at = 0;
            while (at < count && !str_eq(counted[at].value, values[j]))
                at++;
            if (at == count)
                counted[count++] = (struct search_facet_value){.value = values[j]};
            counted[at].count++;
        }
    }
    if (count > 0)
        qsort(counted, count, sizeof *counted, compare_values);
    out->values = counted;
    out->values_count = count < ask->top ? count : ask->top;
    for (size_t i = out->values_count; i < count; i++)
        out->rest_count += counted[i].count;
    out->rest_values = count - out->values_count;
}

static void count_salary(const struct model *model, const struct search_query *query,
                         struct arena *arena, struct search_facet *out) {
    struct search_facet_value *values = take(arena, query->salary_edges_count + 1, sizeof *values);
    out->values = values;
    out->values_count = query->salary_edges_count + 1;
    for (size_t i = 0; i < model->count; i++) {
        const struct search_document *document = model->documents[i];
        if (!passes(document, query, SEARCH_FACET_SALARY))
            continue;
        size_t bucket = 0;
        while (bucket < query->salary_edges_count &&
               query->salary_edges[bucket] <= document->salary_high)
            bucket++;
        if (!disclosed(document))
            out->missing++;
        else if (!comparable(document, query))
            out->other_currency++;
        else
            values[bucket].count++;
    }
}

static void count_published(const struct model *model, const struct search_query *query,
                            struct arena *arena, struct search_facet *out) {
    static const int64_t days[] = {1, 3, 7, 30};
    static const char *const names[] = {"1", "3", "7", "30"};
    struct search_facet_value *values = take(arena, 4, sizeof *values);
    out->values = values;
    out->values_count = 4;
    for (size_t j = 0; j < 4; j++) {
        values[j].value = str_of(names[j]);
        for (size_t i = 0; i < model->count; i++)
            values[j].count += passes(model->documents[i], query, SEARCH_FACET_PUBLISHED) &&
                               model->documents[i]->published_at_us >=
                                   query->now_us - days[j] * INT64_C(86400000000);
    }
}

void model_query(const struct model *model, const struct search_query *query, struct arena *arena,
                 struct search_result *out) {
    *out = (struct search_result){.facets_count = query->facets_count};
    out->hits = take(arena, model->count, sizeof *out->hits);
    for (size_t i = 0; i < model->count; i++) {
        const struct search_document *document = model->documents[i];
        if (query->salary.set && passes(document, query, SEARCH_FACET_SALARY)) {
            out->not_compared_undisclosed += !disclosed(document) &&
                                             !query->salary.include_undisclosed;
            out->not_compared_currency += disclosed(document) && !comparable(document, query);
        }
        if (!passes(document, query, -1))
            continue;
        int64_t distance = query->place.set && document->has_place ? distance_of(document, query)
                                                                   : -1;
        out->hits[out->hits_count++] = (struct search_hit){
            .id = document->id,
            .published_at_us = document->published_at_us,
            .key = key_of(document, query),
            .distance_m = distance};
    }
    out->total = out->hits_count;
    make_page(query, out);
    out->facets = take(arena, query->facets_count, sizeof *out->facets);
    for (size_t i = 0; i < query->facets_count; i++) {
        struct search_facet *facet = &out->facets[i];
        facet->kind = query->facets[i].kind;
        if (facet->kind == SEARCH_FACET_SALARY)
            count_salary(model, query, arena, facet);
        else if (facet->kind == SEARCH_FACET_PUBLISHED)
            count_published(model, query, arena, facet);
        else
            count_field(model, query, &query->facets[i], arena, facet);
    }
}
