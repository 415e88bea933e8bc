/* The parameters of a search as search_plan() puts them: names resolved, defaults filled in, pay
 * and distances in the index's units. */
#include "plan_private.h"

#include <stdlib.h>

#include "numbers.h"

static struct str text_of(const json_t *value) {
    return json_is_string(value) ? str_from(json_string_value(value), json_string_length(value))
                                 : STR_NONE;
}

static struct str parameter(const struct plan *plan, const char *name) {
    return text_of(json_object_get(plan->parameters, name));
}

static const json_t *values(const struct plan *plan, const char *name) {
    const json_t *array = json_object_get(plan->parameters, name);
    return json_array_size(array) > 0 ? array : NULL;
}

static bool given(const struct plan *plan, const char *name) {
    return json_object_get(plan->parameters, name) != NULL;
}

static bool is(const struct plan *plan, const char *name, const char *value) {
    return str_eq(parameter(plan, name), str_of(value));
}

/* Consumes value. */
static enum status put(json_t *document, const char *name, json_t *value) {
    return json_object_set_new(document, name, value) == 0 ? STATUS_OK : STATUS_NO_MEMORY;
}

static enum status append(json_t *array, json_t *value) {
    return json_array_append_new(array, value) == 0 ? STATUS_OK : STATUS_NO_MEMORY;
}

/* ---- what has to be asked ---- */

static void ask_words(struct plan *plan) {
    struct plan_asked *asked = &plan->asked;
    for (size_t i = 0; i < plan->said_count; i++) {
        bool known = false;
        for (size_t k = 0; k < asked->words_count && !known; k++)
            known = str_eq(asked->words[k], plan->said[i]);
        if (!known)
            asked->words[asked->words_count++] = plan->said[i];
    }
}

static enum status ask_names(struct plan *plan, const char *name, size_t *count) {
    struct plan_asked *asked = &plan->asked;
    size_t i;
    const json_t *value;
    json_array_foreach(values(plan, name), i, value) {
        size_t at = asked->cities_count + asked->tools_count;
        if (at == PLAN_NAMES_MAX)
            return STATUS_INVALID;
        asked->names[at] = text_of(value);
        ++*count;
    }
    return STATUS_OK;
}

/* What search_violations() refuses, apart from pay. */
static bool is_coherent(const struct plan *plan) {
    bool near = given(plan, "near"), lat = given(plan, "lat"), lon = given(plan, "lon");
    bool place = near || lat, q = given(plan, "q");
    if (lat != lon || (near && lat) || (given(plan, "radius_km") && !place))
        return false;
    if ((is(plan, "sort", "distance") && !place) || (is(plan, "sort", "relevance") && !q))
        return false;
    return q || !is(plan, "highlight", "true");
}

enum status plan_begin(struct arena *arena, const json_t *parameters, const struct str *wrong,
                       const struct str *replacements, size_t wrong_count, struct plan *out) {
    *out = (struct plan){.arena = arena, .parameters = parameters, .prefix = STR_NONE};
    enum status status = is_coherent(out) ? STATUS_OK : STATUS_INVALID;
    if (status == STATUS_OK && given(out, "q")) {
        out->q = parameter(out, "q");
        if (wrong_count > 0)
            status = plan_replace(out, wrong, replacements, wrong_count);
        if (status == STATUS_OK)
            status = plan_parse(out);
        if (status == STATUS_OK && out->said_count == 0)
            status = STATUS_INVALID;
        if (status == STATUS_OK)
            ask_words(out);
    }
    if (status == STATUS_OK)
        status = ask_names(out, "city", &out->asked.cities_count);
    if (status == STATUS_OK)
        status = ask_names(out, "tool", &out->asked.tools_count);
    out->asked.near = parameter(out, "near");
    return status;
}

/* ---- values ---- */

static char cased(char c, bool upper) {
    if (upper)
        return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* Values of the contract's patterns: ASCII. */
static json_t *with_case(const struct str text, bool upper) {
    char room[64];
    if (text.len > sizeof room)
        return NULL;
    for (size_t i = 0; i < text.len; i++)
        room[i] = cased(text.ptr[i], upper);
    return json_stringn(room, text.len);
}

static enum status put_cased(const struct plan *plan, const char *name, const char *member,
                             bool upper, json_t *document) {
    size_t i;
    const json_t *value;
    json_t *array;
    enum status status = STATUS_OK;
    if (!given(plan, name))
        return STATUS_OK;
    array = json_array();
    json_array_foreach(values(plan, name), i, value) {
        if (status == STATUS_OK)
            status = append(array, with_case(text_of(value), upper));
    }
    if (status == STATUS_OK)
        return put(document, member, array);
    json_decref(array);
    return status;
}

static enum status put_as_given(const struct plan *plan, json_t *document) {
    static const char *const names[] = {"role",      "employment_type",       "contract",
                                        "work_mode", "confidentiality_level", "soft_skill",
                                        "duty"};
    enum status status = STATUS_OK;
    for (size_t i = 0; i < sizeof names / sizeof names[0] && status == STATUS_OK; i++) {
        json_t *value = json_object_get(plan->parameters, names[i]);
        if (value != NULL)
            status = put(document, names[i], json_incref(value));
    }
    if (status == STATUS_OK)
        status = put_cased(plan, "company_id", "company", false, document);
    return status == STATUS_OK ? put_cased(plan, "country", "country", true, document) : status;
}

/* ---- names ---- */

static enum status put_regions(const struct plan *plan, json_t *document) {
    if (values(plan, "region") == NULL)
        return STATUS_OK;
    json_t *keys = json_array();
    enum status status = put(document, "region", keys);
    size_t i;
    const json_t *value;
    json_array_foreach(values(plan, "region"), i, value) {
        struct str folded;
        if (status == STATUS_OK)
            status = plan_fold(plan->arena, text_of(value), &folded);
        if (status == STATUS_OK)
            status = append(keys, json_stringn(folded.ptr, folded.len));
    }
    return status;
}

static enum status put_names(const struct plan *plan, const char *name, const json_t *meanings,
                             json_t *document) {
    if (values(plan, name) == NULL)
        return STATUS_OK;
    json_t *keys = json_array();
    enum status status = put(document, name, keys);
    size_t i;
    const json_t *value;
    json_array_foreach(values(plan, name), i, value) {
        json_t *meaning = json_object_get(meanings, json_string_value(value));
        if (meaning == NULL)
            return STATUS_INVALID;
        if (status == STATUS_OK && json_is_array(meaning))
            status = json_array_extend(keys, meaning) == 0 ? STATUS_OK : STATUS_NO_MEMORY;
        else if (status == STATUS_OK)
            status = append(keys, json_incref(meaning));
    }
    return status;
}

/* ---- languages ---- */

/* "en-GB:b2" as ["en", 4]; without a level: 6. */
static json_t *language_of(struct str text) {
    struct str code, first;
    unsigned level = 6;
    if (!str_split(&text, ':', &code))
        return NULL;
    if (text.len == 2)
        level = (unsigned)(cased(text.ptr[0], true) - 'A') * 2 + (unsigned)(text.ptr[1] - '0');
    if (!str_split(&code, '-', &first))
        return NULL;
    return json_pack("[oi]", with_case(first, false), (int)level);
}

static bool is_twice(const json_t *languages, const json_t *language) {
    size_t i;
    const json_t *other;
    json_array_foreach(languages, i, other) {
        if (json_equal(json_array_get(other, 0), json_array_get(language, 0)))
            return true;
    }
    return false;
}

static enum status put_languages(const struct plan *plan, json_t *document) {
    const json_t *asked = values(plan, "language");
    struct str fit = parameter(plan, "languages_fit");
    if (str_is_none(fit))
        fit = json_array_size(asked) > 1 ? STR("all") : STR("any");
    enum status status = put(document, "languages_fit", json_stringn(fit.ptr, fit.len));
    if (asked == NULL || status != STATUS_OK)
        return status;
    json_t *languages = json_array();
    status = put(document, "language", languages);
    size_t i;
    const json_t *value;
    json_array_foreach(asked, i, value) {
        json_t *language = status == STATUS_OK ? language_of(text_of(value)) : NULL;
        if (language != NULL && is_twice(languages, language)) {
            json_decref(language);
            return STATUS_INVALID;
        }
        if (status == STATUS_OK)
            status = append(languages, language);
    }
    return status;
}

/* ---- numbers ---- */

static enum status put_scaled(struct str text, int64_t factor, const char *name, json_t *document) {
    int64_t millionths;
    if (str_is_none(text))
        return STATUS_OK;
    if (!numbers_millionths(text, &millionths))
        return STATUS_INVALID;
    int64_t rounded = (millionths * factor + NUMBERS_MILLION / 2) / NUMBERS_MILLION;
    return put(document, name, json_integer(rounded));
}

static enum status put_salary(const struct plan *plan, json_t *document) {
    struct str min = parameter(plan, "salary_min"), max = parameter(plan, "salary_max");
    int64_t factor = is(plan, "salary_unit", "hour")    ? 2080
                     : is(plan, "salary_unit", "day")   ? 260
                     : is(plan, "salary_unit", "month") ? 12
                                                        : 1;
    int64_t from, to;
    if (!str_is_none(min) && !str_is_none(max) &&
        (!numbers_millionths(min, &from) || !numbers_millionths(max, &to) || from > to))
        return STATUS_INVALID;
    enum status status = put_scaled(min, factor, "salary_min", document);
    if (status == STATUS_OK)
        status = put_scaled(max, factor, "salary_max", document);
    if (status == STATUS_OK && given(plan, "include_undisclosed"))
        status = put(document, "include_undisclosed",
                     json_boolean(is(plan, "include_undisclosed", "true")));
    if (status != STATUS_OK)
        return status;
    json_t *currency = json_object_get(plan->parameters, "currency");
    return put(document, "currency",
               currency != NULL ? json_incref(currency) : json_pack("[s]", "EUR"));
}

static enum status put_dates(const struct plan *plan, json_t *document) {
    struct str since = parameter(plan, "published_since"),
               days = parameter(plan, "office_days_max");
    int64_t us;
    uint64_t number;
    enum status status = STATUS_OK;
    if (!str_is_none(since)) {
        if (!numbers_timestamp_us(since, &us))
            return STATUS_INVALID;
        status = put(document, "published_since_us", json_integer(us));
    }
    if (status != STATUS_OK || str_is_none(days))
        return status;
    status = str_to_u64(days, 7, &number);
    return status == STATUS_OK ? put(document, "office_days_max", json_integer((json_int_t)number))
                               : status;
}

/* ---- the place ---- */

static json_t *degrees(struct str text) {
    char copy[64];
    if (text.len == 0 || !str_copy(text, copy, sizeof copy))
        return NULL;
    return json_real(strtod(copy, NULL)); /* the process stays in the C locale */
}

static enum status put_place(const struct plan *plan, const json_t *meaning, json_t *document) {
    enum status status = STATUS_OK;
    struct str radius = parameter(plan, "radius_km");
    if (given(plan, "near")) {
        json_t *place = json_object_get(meaning, "place");
        json_t *lat = json_object_get(place, "latitude"),
               *lon = json_object_get(place, "longitude");
        if (!json_is_number(lat) || !json_is_number(lon))
            return STATUS_INVALID;
        status = put(document, "place", json_incref(place));
        if (status == STATUS_OK)
            status = put(document, "lat", json_incref(lat));
        if (status == STATUS_OK)
            status = put(document, "lon", json_incref(lon));
    } else if (given(plan, "lat")) {
        status = put(document, "lat", degrees(parameter(plan, "lat")));
        if (status == STATUS_OK)
            status = put(document, "lon", degrees(parameter(plan, "lon")));
    } else {
        return STATUS_OK;
    }
    if (str_is_none(radius) && !is(plan, "sort", "distance"))
        radius = STR("30");
    return status == STATUS_OK ? put_scaled(radius, 1000, "radius_m", document) : status;
}

/* ---- all of it ---- */

static enum status fill(struct plan *plan, const json_t *meanings, json_t *document) {
    bool q = given(plan, "q");
    struct str sort = parameter(plan, "sort");
    enum status status = put_as_given(plan, document);
    if (str_is_none(sort))
        sort = q ? STR("relevance") : STR("recent");
    if (status == STATUS_OK)
        status = put(document, "sort", json_stringn(sort.ptr, sort.len));
    if (status == STATUS_OK && q)
        status = put(document, "q", json_stringn(plan->q.ptr, plan->q.len));
    if (status == STATUS_OK && q)
        status = plan_texts(plan, meanings, document);
    if (status == STATUS_OK)
        status = put_regions(plan, document);
    if (status == STATUS_OK)
        status = put_names(plan, "city", json_object_get(meanings, "cities"), document);
    if (status == STATUS_OK)
        status = put_names(plan, "tool", json_object_get(meanings, "tools"), document);
    if (status == STATUS_OK)
        status = put_languages(plan, document);
    if (status == STATUS_OK)
        status = put_salary(plan, document);
    if (status == STATUS_OK)
        status = put_dates(plan, document);
    return status == STATUS_OK ? put_place(plan, json_object_get(meanings, "near"), document)
                               : status;
}

enum status plan_finish(struct plan *plan, const json_t *meanings, json_t **document) {
    json_t *made = json_object();
    enum status status = made == NULL ? STATUS_NO_MEMORY : fill(plan, meanings, made);
    if (status == STATUS_OK) {
        *document = made;
        return STATUS_OK;
    }
    json_decref(made);
    return status;
}
