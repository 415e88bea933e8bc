/* Whether a query keeps the rules and bounds of query.h. */
#include "run.h"

struct counted {
    size_t steps, sequences;
};

static enum status check_clause(const struct search_clause *clause, struct counted *counted,
                                size_t *phrases) {
    counted->sequences += clause->count;
    for (size_t i = 0; i < clause->count; i++) {
        const struct search_sequence *sequence = &clause->any[i];
        if (sequence->count == 0)
            return STATUS_INVALID;
        counted->steps += sequence->count;
        *phrases += sequence->count > 1;
        if (counted->steps > SEARCH_STEPS_MAX || sequence->count > STEPS_OF_SEQUENCE_MAX)
            return STATUS_TOO_LARGE;
        for (size_t j = 0; j < sequence->count; j++) {
            const struct search_step *step = &sequence->steps[j];
            if (step->lexeme.len == 0 || (step->prefix && sequence->count > 1) ||
                (j == 0 && step->distance != 0) ||
                (j > 0 && step->distance < sequence->steps[j - 1].distance))
                return STATUS_INVALID;
        }
    }
    return STATUS_OK;
}

static enum status check_texts(const struct search_query *query, size_t *sequences,
                               size_t *phrases) {
    struct counted counted = {0};
    size_t excluded = 0;
    if (!query->has_text)
        return STATUS_OK;
    for (size_t i = 0; i < query->texts_count; i++) {
        const struct search_text *text = &query->texts[i];
        for (size_t j = 0; j < i; j++)
            if (query->texts[j].dictionary == text->dictionary)
                return STATUS_INVALID;
        if (text->all_count + text->none_count > SEARCH_STEPS_MAX)
            return STATUS_TOO_LARGE;
        enum status status = STATUS_OK;
        for (size_t j = 0; j < text->all_count && status == STATUS_OK; j++)
            status = check_clause(&text->all[j], &counted, phrases);
        for (size_t j = 0; j < text->none_count && status == STATUS_OK; j++)
            status = check_clause(&text->none[j], &counted, &excluded);
        if (status != STATUS_OK)
            return status;
    }
    *sequences = counted.sequences;
    return STATUS_OK;
}

static enum status check_filters(const struct search_query *query) {
    size_t values = query->languages_count + query->salary.currencies_count;
    for (unsigned field = 0; field < SEARCH_FIELDS; field++)
        values += query->fields[field].count;
    if (values > SEARCH_FILTER_VALUES_MAX)
        return STATUS_TOO_LARGE;
    const double latitude = query->place.latitude, longitude = query->place.longitude;
    if (query->place.set && !(latitude >= -90 && latitude <= 90 && longitude >= -180 &&
                              longitude <= 180 && query->place.radius_m >= 0))
        return STATUS_INVALID;
    if (query->sort == SEARCH_BY_DISTANCE && !query->place.set)
        return STATUS_INVALID;
    return STATUS_OK;
}

static enum status check_facets(const struct search_query *query) {
    if (query->facets_count > SEARCH_FACETS || query->salary_edges_count > SEARCH_SALARY_EDGES_MAX)
        return STATUS_TOO_LARGE;
    for (size_t i = 1; i < query->salary_edges_count; i++)
        if (query->salary_edges[i] <= query->salary_edges[i - 1])
            return STATUS_INVALID;
    for (size_t i = 0; i < query->facets_count; i++) {
        if (query->facets[i].kind < 0 || query->facets[i].kind >= SEARCH_FACETS)
            return STATUS_INVALID;
        if (query->facets[i].top > SEARCH_FACET_TOP_MAX)
            return STATUS_TOO_LARGE;
    }
    return STATUS_OK;
}

enum status query_check(const struct search_query *query, size_t *sequences, size_t *phrases) {
    *sequences = *phrases = 0;
    if (query->limit > SEARCH_LIMIT_MAX)
        return STATUS_TOO_LARGE;
    enum status status = check_texts(query, sequences, phrases);
    if (status == STATUS_OK)
        status = check_filters(query);
    return status == STATUS_OK ? check_facets(query) : status;
}
