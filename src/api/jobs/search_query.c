/* The plan of a search, and what the call says itself, as a question to the index. Texts are
 * borrowed from the plan's JSON, which lives as long as the request. */
#include "search.h"
#include "segreteria/core/clock.h"

#define DAY_MS INT64_C(86400000)
#define SALARY_STEP 5000
#define SALARY_STEPS 41 /* 0 to 200,000 */
#define FACET_TOP 20u

static struct str text_of(const json_t *value) {
    return json_is_string(value) ? str_from(json_string_value(value), json_string_length(value))
                                 : STR_NONE;
}

static enum status texts_of(struct arena *arena, const json_t *array, const struct str **out,
                            size_t *count) {
    size_t n = json_array_size(array);
    *count = 0;
    if (n == 0)
        return STATUS_OK;
    struct str *texts = arena_array(arena, n, sizeof *texts);
    if (texts == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < n; i++)
        texts[i] = text_of(json_array_get(array, i));
    *out = texts;
    *count = n;
    return STATUS_OK;
}

/* ---- words ---- */

/* [[lexeme, distance, prefix?], ...] */
static enum status sequence_of(struct arena *arena, const json_t *array,
                               struct search_sequence *out) {
    size_t count = json_array_size(array);
    struct search_step *steps = arena_array(arena, count + 1, sizeof *steps);
    if (steps == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        const json_t *step = json_array_get(array, i);
        steps[i] = (struct search_step){
            .lexeme = text_of(json_array_get(step, 0)),
            .distance = (uint16_t)json_integer_value(json_array_get(step, 1)),
            .prefix = json_is_true(json_array_get(step, 2))};
    }
    *out = (struct search_sequence){steps, count};
    return STATUS_OK;
}

static enum status clauses_of(struct arena *arena, const json_t *array,
                              const struct search_clause **out, size_t *out_count) {
    size_t count = json_array_size(array);
    struct search_clause *clauses = arena_array(arena, count + 1, sizeof *clauses);
    if (clauses == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        const json_t *clause = json_array_get(array, i);
        size_t any = json_array_size(clause);
        struct search_sequence *sequences = arena_array(arena, any + 1, sizeof *sequences);
        if (sequences == NULL)
            return STATUS_NO_MEMORY;
        for (size_t k = 0; k < any; k++) {
            enum status status = sequence_of(arena, json_array_get(clause, k), &sequences[k]);
            if (status != STATUS_OK)
                return status;
        }
        clauses[i] = (struct search_clause){sequences, any};
    }
    *out = clauses;
    *out_count = count;
    return STATUS_OK;
}

static enum status words_of(struct arena *arena, const json_t *array, struct search_query *query) {
    size_t count = json_array_size(array);
    struct search_text *texts = arena_array(arena, count + 1, sizeof *texts);
    enum status status = texts == NULL ? STATUS_NO_MEMORY : STATUS_OK;
    for (size_t i = 0; i < count && status == STATUS_OK; i++) {
        const json_t *text = json_array_get(array, i);
        texts[i].dictionary = (uint8_t)json_integer_value(json_object_get(text, "dictionary"));
        status = clauses_of(arena, json_object_get(text, "all"), &texts[i].all,
                            &texts[i].all_count);
        if (status == STATUS_OK)
            status = clauses_of(arena, json_object_get(text, "none"), &texts[i].none,
                                &texts[i].none_count);
    }
    query->has_text = array != NULL;
    query->texts = texts;
    query->texts_count = count;
    return status;
}

/* ---- filters ---- */

static enum status fields_of(struct arena *arena, const json_t *plan, struct search_query *query) {
    static const struct {
        enum search_field field;
        const char *name;
    } fields[] = {{SEARCH_ROLE, "role"},
                  {SEARCH_EMPLOYMENT_TYPE, "employment_type"},
                  {SEARCH_CONTRACT, "contract"},
                  {SEARCH_WORK_MODE, "work_mode"},
                  {SEARCH_CONFIDENTIALITY, "confidentiality_level"},
                  {SEARCH_COUNTRY, "country"},
                  {SEARCH_REGION, "region"},
                  {SEARCH_CITY, "city"},
                  {SEARCH_COMPANY, "company"},
                  {SEARCH_TOOL, "tool"},
                  {SEARCH_SOFT_SKILL, "soft_skill"},
                  {SEARCH_DUTY, "duty"}};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < sizeof fields / sizeof fields[0] && status == STATUS_OK; i++) {
        struct search_filter *filter = &query->fields[fields[i].field];
        status = texts_of(arena, json_object_get(plan, fields[i].name), &filter->values,
                          &filter->count);
    }
    return status;
}

static enum status languages_of(struct arena *arena, const json_t *plan,
                                struct search_query *query) {
    const json_t *array = json_object_get(plan, "language");
    size_t count = json_array_size(array);
    struct search_language_skill *skills = arena_array(arena, count + 1, sizeof *skills);
    if (skills == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        const json_t *skill = json_array_get(array, i);
        skills[i] = (struct search_language_skill){
            text_of(json_array_get(skill, 0)),
            (uint8_t)json_integer_value(json_array_get(skill, 1))};
    }
    query->languages = skills;
    query->languages_count = count;
    query->languages_fit = str_eq(text_of(json_object_get(plan, "languages_fit")), STR("all"))
                               ? SEARCH_LANGUAGES_ALL
                               : SEARCH_LANGUAGES_ANY;
    return STATUS_OK;
}

static int64_t integer_or(const json_t *plan, const char *name, int64_t otherwise) {
    const json_t *value = json_object_get(plan, name);
    return json_is_integer(value) ? json_integer_value(value) : otherwise;
}

static void numbers_of(const json_t *plan, struct search_query *query) {
    const json_t *lat = json_object_get(plan, "lat"), *lon = json_object_get(plan, "lon");
    query->salary.min = integer_or(plan, "salary_min", INT64_MIN);
    query->salary.max = integer_or(plan, "salary_max", INT64_MAX);
    query->salary.set = query->salary.min != INT64_MIN || query->salary.max != INT64_MAX;
    query->salary.include_undisclosed = json_is_true(json_object_get(plan, "include_undisclosed"));
    query->place.set = json_is_number(lat) && json_is_number(lon);
    query->place.latitude = json_number_value(lat);
    query->place.longitude = json_number_value(lon);
    query->place.radius_m = integer_or(plan, "radius_m", -1);
    query->place.within = query->place.set && query->place.radius_m >= 0;
    if (!query->place.within)
        query->place.radius_m = 0;
    query->office_days_max = (int8_t)integer_or(plan, "office_days_max", -1);
    query->published_since_us = integer_or(plan, "published_since_us", INT64_MIN);
    query->has_published_since = query->published_since_us != INT64_MIN;
}

/* ---- what is asked of it ---- */

static void sort_of(const json_t *plan, struct search_query *query) {
    struct str sort = text_of(json_object_get(plan, "sort"));
    query->sort = str_eq(sort, STR("relevance"))  ? SEARCH_BY_RELEVANCE
                  : str_eq(sort, STR("salary"))   ? SEARCH_BY_SALARY
                  : str_eq(sort, STR("distance")) ? SEARCH_BY_DISTANCE
                                                  : SEARCH_BY_RECENT;
}

const char *const search_facet_names[SEARCH_FACETS] = {
    [SEARCH_ROLE] = "role",
    [SEARCH_EMPLOYMENT_TYPE] = "employment_type",
    [SEARCH_CONTRACT] = "contract",
    [SEARCH_WORK_MODE] = "work_mode",
    [SEARCH_CONFIDENTIALITY] = "confidentiality_level",
    [SEARCH_COUNTRY] = "country",
    [SEARCH_REGION] = "region",
    [SEARCH_CITY] = "city",
    [SEARCH_COMPANY] = "company",
    [SEARCH_LANGUAGE] = "language",
    [SEARCH_TOOL] = "tool",
    [SEARCH_SOFT_SKILL] = "soft_skill",
    [SEARCH_DUTY] = "duty",
    [SEARCH_FACET_SALARY] = "salary",
    [SEARCH_FACET_PUBLISHED] = "published",
};

const struct parameter_value *search_parameter(const struct api_call *call, const char *name) {
    for (size_t i = 0; i < call->operation->parameters_count; i++)
        if (str_eq(call->operation->parameters[i].name, str_of(name)))
            return call->parameters.values[i].present ? &call->parameters.values[i] : NULL;
    return NULL;
}

static void facets_of(struct search *search) {
    const struct parameter_value *asked = search_parameter(search->call, "facets");
    uint64_t top = FACET_TOP;
    if (str_to_u64(api_parameter(search->call, "facet_limit"), SEARCH_FACET_TOP_MAX, &top) !=
        STATUS_OK)
        top = FACET_TOP;
    for (int kind = 0; asked != NULL && kind < SEARCH_FACETS; kind++)
        for (size_t i = 0; i < asked->items_count; i++)
            if (str_eq(asked->items[i], str_of(search_facet_names[kind]))) {
                search->asks[search->query.facets_count++] = (struct search_facet_ask){
                    kind, (unsigned)top};
                break;
            }
    search->query.facets = search->asks;
}

static enum status edges_of(struct arena *arena, struct search_query *query) {
    int64_t *edges = arena_array(arena, SALARY_STEPS, sizeof *edges);
    if (edges == NULL)
        return STATUS_NO_MEMORY;
    for (int i = 0; i < SALARY_STEPS; i++)
        edges[i] = (int64_t)i * SALARY_STEP;
    query->salary_edges = edges;
    query->salary_edges_count = SALARY_STEPS;
    return STATUS_OK;
}

static bool number_of(struct str text, int64_t *out) {
    bool negative = text.len > 0 && text.ptr[0] == '-';
    uint64_t value;
    if (negative)
        text = str_from(text.ptr + 1, text.len - 1);
    if (str_to_u64(text, INT64_MAX, &value) != STATUS_OK)
        return false;
    *out = negative ? -(int64_t)value : (int64_t)value;
    return true;
}

/* <key>.<microseconds>.<id>[.<corrections>]: signed by us, so anything else is a bug. */
enum status search_after_read(struct str text, struct search_after *out, struct str *corrections) {
    struct str part;
    *out = (struct search_after){0};
    *corrections = STR_NONE;
    if (str_is_none(text))
        return STATUS_OK;
    out->set = str_split(&text, '.', &part) && number_of(part, &out->key) &&
               str_split(&text, '.', &part) && number_of(part, &out->published_at_us) &&
               str_split(&text, '.', &part) && uuid_parse(part, &out->id) == STATUS_OK;
    *corrections = text;
    return out->set ? STATUS_OK : STATUS_INTERNAL;
}

enum status search_query_read(struct search *search) {
    struct arena *arena = search->call->arena;
    struct search_query *query = &search->query;
    int64_t now_ms = clock_unix_ms();
    const json_t *plan = search->document;
    *query = (struct search_query){.now_us = now_ms * 1000,
                                   .today = (int32_t)(now_ms / DAY_MS),
                                   .after = query->after,
                                   .limit = search->limit};
    enum status status = words_of(arena, json_object_get(plan, "texts"), query);
    if (status == STATUS_OK)
        status = fields_of(arena, plan, query);
    if (status == STATUS_OK)
        status = languages_of(arena, plan, query);
    if (status == STATUS_OK)
        status = texts_of(arena, json_object_get(plan, "currency"), &query->salary.currencies,
                          &query->salary.currencies_count);
    if (status == STATUS_OK)
        status = edges_of(arena, query);
    numbers_of(plan, query);
    sort_of(plan, query);
    facets_of(search);
    return status;
}
