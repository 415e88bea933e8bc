/* What a search answers beside its page: total, facets with their labels, place, correction. */
#include "../internal.h"
#include "search.h"

#define MEMBERS_MAX ((size_t)1024 * 1024)
#define SALARY_STEP 5000
#define SALARY_TOP 200000

/* ---- facets ---- */

static void append_count(struct buf *out, uint64_t count) {
    buf_append_text(out, ",\"count\":");
    buf_append_number(out, count);
    buf_append_char(out, '}');
}

static void append_label(struct buf *out, const struct search *search, int kind, size_t *next) {
    if (*next == search->labels_count || search->labels[*next].kind != kind)
        return; /* a kind without labels */
    struct str text = search->labels[(*next)++].text;
    if (str_is_none(text))
        return;
    buf_append_text(out, ",\"label\":");
    buf_append_json_string(out, text);
}

static void append_field(struct buf *out, const struct search *search,
                         const struct search_facet *facet, size_t *next_label) {
    buf_append_text(out, "{\"values\":[");
    for (size_t i = 0; i < facet->values_count; i++) {
        const struct search_facet_value *value = &facet->values[i];
        buf_append_text(out, i > 0 ? ",{\"value\":" : "{\"value\":");
        buf_append_json_string(out, value->value);
        append_label(out, search, facet->kind, next_label);
        append_count(out, value->count);
    }
    buf_printf(out, "],\"rest\":{\"values\":%llu,\"count\":%llu},\"missing\":%llu}",
               (unsigned long long)facet->rest_values, (unsigned long long)facet->rest_count,
               (unsigned long long)facet->missing);
}

/* Bucket 0 is below zero: always empty. */
static void append_salary(struct buf *out, const struct search_facet *facet) {
    bool first = true;
    buf_append_text(out, "{\"values\":[");
    for (size_t i = 1; i < facet->values_count; i++) {
        int from = (int)(i - 1) * SALARY_STEP;
        if (facet->values[i].count == 0)
            continue;
        buf_printf(out, "%s{\"from\":%d", first ? "" : ",", from);
        if (from < SALARY_TOP)
            buf_printf(out, ",\"to\":%d", from + SALARY_STEP);
        append_count(out, facet->values[i].count);
        first = false;
    }
    buf_printf(out, "],\"undisclosed\":%llu,\"other_currency\":%llu}",
               (unsigned long long)facet->missing, (unsigned long long)facet->other_currency);
}

static void append_published(struct buf *out, const struct search_facet *facet) {
    buf_append_text(out, "{\"values\":[");
    for (size_t i = 0; i < facet->values_count; i++) {
        buf_append_text(out, i > 0 ? ",{\"value\":" : "{\"value\":");
        buf_append_json_string(out, facet->values[i].value);
        append_count(out, facet->values[i].count);
    }
    buf_append_text(out, "]}");
}

static void append_facets(struct buf *out, const struct search *search) {
    const struct search_result *result = &search->result;
    size_t next_label = 0;
    buf_append_text(out, ",\"facets\":{");
    for (size_t i = 0; i < result->facets_count; i++) {
        const struct search_facet *facet = &result->facets[i];
        buf_printf(out, "%s\"%s\":", i > 0 ? "," : "", search_facet_names[facet->kind]);
        if (facet->kind == SEARCH_FACET_SALARY)
            append_salary(out, facet);
        else if (facet->kind == SEARCH_FACET_PUBLISHED)
            append_published(out, facet);
        else
            append_field(out, search, facet, &next_label);
    }
    buf_append_char(out, '}');
}

/* ---- all members ---- */

static void append_json(struct buf *out, const char *name, const json_t *value) {
    /* 15 digits: coordinates as the gazetteer has them, 45.4643 and not 45.464300000000001. */
    char *text = value == NULL
                     ? NULL
                     : json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY | JSON_REAL_PRECISION(15));
    if (text != NULL)
        buf_printf(out, ",\"%s\":%s", name, text);
    free(text);
}

struct str search_members(struct search *search) {
    const struct search_result *result = &search->result;
    struct buf out;
    buf_init(&out, MEMBERS_MAX);
    if (!str_eq(api_parameter(search->call, "total"), STR("none")))
        buf_printf(&out, ",\"total\":{\"value\":%llu,\"accuracy\":\"exact\"}",
                   (unsigned long long)result->total);
    if (search->query.salary.set)
        buf_printf(&out, ",\"not_compared\":{\"undisclosed\":%llu,\"other_currency\":%llu}",
                   (unsigned long long)result->not_compared_undisclosed,
                   (unsigned long long)result->not_compared_currency);
    if (result->facets_count > 0)
        append_facets(&out, search);
    append_json(&out, "place", json_object_get(search->document, "place"));
    if (search->corrections.count > 0)
        append_json(&out, "corrected_query", json_object_get(search->document, "q"));
    struct str members = STR("");
    if (buf_status(&out) != STATUS_OK) {
        members = STR_NONE;
    } else if (out.len > 0) {
        const char *copy = arena_strdup(search->call->arena, str_from(out.data + 1, out.len - 1));
        members = copy == NULL ? STR_NONE : str_from(copy, out.len - 1);
    }
    buf_deinit(&out);
    return members;
}
