/* A row of job_search_feed as the index takes it in. The texts stay where the row has them. */
#include <stdlib.h>

#include "feed_private.h"

#define UNIT_SEPARATOR '\x1f'

const char *const feed_column_names[FEED_COLUMNS] = {
    [COLUMN_ID] = "job_id",
    [COLUMN_PUBLISHED] = "published_us",
    [COLUMN_VALID_DAY] = "valid_day",
    [COLUMN_DICTIONARY] = "dictionary",
    [COLUMN_OFFICE_DAYS] = "office_days",
    [COLUMN_LATITUDE] = "latitude",
    [COLUMN_LONGITUDE] = "longitude",
    [COLUMN_CURRENCY] = "salary_currency",
    [COLUMN_LOW] = "salary_low",
    [COLUMN_HIGH] = "salary_high",
    [COLUMN_ROLE] = "role",
    [COLUMN_EMPLOYMENT_TYPE] = "employment_type",
    [COLUMN_CONTRACT] = "contract",
    [COLUMN_WORK_MODE] = "work_mode",
    [COLUMN_CONFIDENTIALITY] = "confidentiality_level",
    [COLUMN_COUNTRY] = "country",
    [COLUMN_REGION] = "region",
    [COLUMN_CITY] = "city",
    [COLUMN_COMPANY] = "company_id",
    [COLUMN_LANGUAGES] = "languages",
    [COLUMN_LEVELS] = "language_levels",
    [COLUMN_MUSTS] = "language_musts",
    [COLUMN_TOOLS] = "tools",
    [COLUMN_SOFT_SKILLS] = "soft_skills",
    [COLUMN_DUTIES] = "duties",
    [COLUMN_WORDS] = "words",
};

/* PostgreSQL's own output: the whole text is the number. */
static bool integer(struct str text, int64_t low, int64_t high, int64_t *out) {
    bool negative = text.len > 0 && text.ptr[0] == '-';
    uint64_t magnitude;
    if (negative)
        text = str_from(text.ptr + 1, text.len - 1);
    if (str_to_u64(text, INT64_MAX, &magnitude) != STATUS_OK)
        return false;
    *out = negative ? -(int64_t)magnitude : (int64_t)magnitude;
    return *out >= low && *out <= high;
}

static bool degrees(struct str text, double *out) {
    char *end;
    *out = strtod(text.ptr, &end); /* NUL-terminated */
    return text.len > 0 && end == text.ptr + text.len;
}

static enum status list(struct arena *arena, struct str text, struct search_values *out) {
    size_t count = 1;
    if (text.len == 0)
        return STATUS_OK;
    for (size_t i = 0; i < text.len; i++)
        count += text.ptr[i] == UNIT_SEPARATOR;
    struct str *values = arena_array(arena, count, sizeof *values);
    if (values == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++)
        (void)str_split(&text, UNIT_SEPARATOR, &values[i]);
    *out = (struct search_values){values, count};
    return STATUS_OK;
}

static enum status one(struct arena *arena, struct str value, struct search_values *out) {
    if (str_is_none(value))
        return STATUS_OK;
    struct str *values = arena_alloc(arena, sizeof *values);
    if (values == NULL)
        return STATUS_NO_MEMORY;
    values[0] = value;
    *out = (struct search_values){values, 1};
    return STATUS_OK;
}

/* Codes; levels as digits and musts as t or f, run together. */
static enum status languages(struct arena *arena, const struct str *values,
                             struct search_document *out) {
    struct search_values codes = {0};
    struct str levels = values[COLUMN_LEVELS], musts = values[COLUMN_MUSTS];
    enum status status = list(arena, values[COLUMN_LANGUAGES], &codes);
    if (status != STATUS_OK || codes.count == 0)
        return status;
    struct search_language *all = arena_array(arena, codes.count, sizeof *all);
    if (all == NULL)
        return STATUS_NO_MEMORY;
    if (levels.len != codes.count || musts.len != codes.count)
        return STATUS_INVALID;
    for (size_t i = 0; i < codes.count; i++) {
        if (levels.ptr[i] < '1' || levels.ptr[i] > '6')
            return STATUS_INVALID;
        all[i] = (struct search_language){codes.values[i], (uint8_t)(levels.ptr[i] - '0'),
                                          musts.ptr[i] == 't'};
    }
    out->languages = all;
    out->languages_count = codes.count;
    return STATUS_OK;
}

static bool pay(const struct str *values, struct search_document *out) {
    struct str currency = values[COLUMN_CURRENCY];
    if (str_is_none(currency))
        return true;
    if (currency.len != 3)
        return false;
    memcpy(out->salary_currency, currency.ptr, 3);
    return integer(values[COLUMN_LOW], 0, INT64_MAX, &out->salary_low) &&
           integer(values[COLUMN_HIGH], 0, INT64_MAX, &out->salary_high);
}

static bool numbers(const struct str *values, struct search_document *out) {
    int64_t day = SEARCH_DAY_NONE, dictionary, office = -1;
    if (uuid_parse(values[COLUMN_ID], &out->id) != STATUS_OK ||
        !integer(values[COLUMN_PUBLISHED], INT64_MIN + 1, INT64_MAX, &out->published_at_us) ||
        !integer(values[COLUMN_DICTIONARY], 0, SEARCH_DICTIONARIES_MAX - 1, &dictionary))
        return false;
    if (!str_is_none(values[COLUMN_VALID_DAY]) &&
        !integer(values[COLUMN_VALID_DAY], INT32_MIN, INT32_MAX - 1, &day))
        return false;
    if (!str_is_none(values[COLUMN_OFFICE_DAYS]) &&
        !integer(values[COLUMN_OFFICE_DAYS], 0, 7, &office))
        return false;
    out->has_place = !str_is_none(values[COLUMN_LATITUDE]) &&
                     !str_is_none(values[COLUMN_LONGITUDE]);
    if (out->has_place && (!degrees(values[COLUMN_LATITUDE], &out->latitude) ||
                           !degrees(values[COLUMN_LONGITUDE], &out->longitude)))
        return false;
    out->valid_through = (int32_t)day;
    out->dictionary = (uint8_t)dictionary;
    out->office_days = (int8_t)office;
    return pay(values, out);
}

static enum status words(struct arena *arena, struct str value, bool sent,
                         struct search_document *out) {
    return sent ? search_terms_receive(arena, value, &out->terms, &out->terms_count)
                : search_terms_parse(arena, value, &out->terms, &out->terms_count);
}

enum status feed_document(struct arena *arena, const struct str values[FEED_COLUMNS], bool sent,
                          struct search_document *out) {
    static const struct {
        enum search_field field;
        enum feed_column column;
        bool many;
    } fields[] = {{SEARCH_ROLE, COLUMN_ROLE, false},
                  {SEARCH_EMPLOYMENT_TYPE, COLUMN_EMPLOYMENT_TYPE, false},
                  {SEARCH_CONTRACT, COLUMN_CONTRACT, false},
                  {SEARCH_WORK_MODE, COLUMN_WORK_MODE, false},
                  {SEARCH_CONFIDENTIALITY, COLUMN_CONFIDENTIALITY, false},
                  {SEARCH_COUNTRY, COLUMN_COUNTRY, false},
                  {SEARCH_REGION, COLUMN_REGION, false},
                  {SEARCH_CITY, COLUMN_CITY, false},
                  {SEARCH_COMPANY, COLUMN_COMPANY, false},
                  {SEARCH_TOOL, COLUMN_TOOLS, true},
                  {SEARCH_SOFT_SKILL, COLUMN_SOFT_SKILLS, true},
                  {SEARCH_DUTY, COLUMN_DUTIES, true}};
    *out = (struct search_document){0};
    if (!numbers(values, out))
        return STATUS_INVALID;
    enum status status = languages(arena, values, out);
    for (size_t i = 0; status == STATUS_OK && i < sizeof fields / sizeof fields[0]; i++) {
        struct str value = values[fields[i].column];
        struct search_values *to = &out->fields[fields[i].field];
        status = fields[i].many ? list(arena, value, to) : one(arena, value, to);
    }
    if (status == STATUS_OK)
        status = words(arena, values[COLUMN_WORDS], sent, out);
    return status;
}
