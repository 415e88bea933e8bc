/* Filters of a query: one row of bits each, so that every facet can be counted without its own. */
#include "run.h"

/* Bits are noted that cost so much: a gap read costs one, a row a 16th of its words. */
#define LANGUAGES_COST_NOTED 1024u

static uint64_t *new_bits(struct run *run, const struct view *view) {
    uint64_t *bits = scratch_array(run->scratch, view->segment->words, sizeof *bits);
    if (bits != NULL)
        memset(bits, 0, view->segment->words * sizeof *bits);
    return bits;
}

/* One value that many vacancies have: its row as it stands. */
static const uint64_t *row_of_field(const struct run *run, const struct view *view,
                                    unsigned field) {
    const struct search_segment *segment = view->segment;
    const struct search_filter *filter = &run->query->fields[field];
    const struct values *values = &segment->values[field];
    int64_t value = filter->count == 1 ? values_find(values, filter->values[0]) : -1;
    if (value < 0 || !list_is_row(values->lists[value]))
        return NULL;
    return list_row(segment, values->lists[value]);
}

static void filter_field(struct run *run, const struct view *view, unsigned field, uint64_t *out) {
    const struct search_segment *segment = view->segment;
    const struct search_filter *filter = &run->query->fields[field];
    const struct values *values = &segment->values[field];
    for (size_t i = 0; i < filter->count; i++) {
        int64_t value = values_find(values, filter->values[i]);
        if (!filter->all) {
            if (value >= 0)
                list_or(segment, values->lists[value], out);
            continue;
        }
        memset(run->room[0], 0, segment->words * sizeof *out);
        if (value >= 0)
            list_or(segment, values->lists[value], run->room[0]);
        if (i == 0)
            memcpy(out, run->room[0], segment->words * sizeof *out);
        else
            bits_and(out, run->room[0], segment->words);
    }
}

/* Whether I can do what the requirement asks: its language is one of mine, its level not above. */
static bool covered(const struct search_query *query, struct str code, unsigned level) {
    for (size_t i = 0; i < query->languages_count; i++)
        if (str_eq(query->languages[i].code, code) && level <= query->languages[i].level)
            return true;
    return false;
}

/* Gives what it cost. */
static size_t work_out_languages(struct run *run, const struct view *view, uint64_t *out) {
    const struct search_segment *segment = view->segment;
    const struct values *values = &segment->values[VALUE_REQUIREMENT];
    bool any = run->query->languages_fit == SEARCH_LANGUAGES_ANY;
    size_t cost = 0;
    for (uint32_t i = 0; i < values->count; i++) {
        struct str text = values_text(values, i);
        unsigned said = (uint8_t)text.ptr[text.len - 1];
        bool must = said & 1, fits;
        fits = covered(run->query, str_from(text.ptr, text.len - 1), said / 2);
        if (!(any ? fits : must && !fits))
            continue;
        list_or(segment, values->lists[i], out);
        cost += list_is_row(values->lists[i]) ? segment->words / 16 : values->lists[i].count;
    }
    if (!any) { /* so far what asks for too much */
        memcpy(run->room[0], out, segment->words * sizeof *out);
        bits_fill(out, segment->docs, segment->words);
        bits_andnot(out, run->room[0], segment->words);
    }
    return cost;
}

/* Who searches says one language, mostly, and there are few that many vacancies ask for: those are
 * noted (memo.h). */
struct language_key {
    uint8_t bytes[16];
    size_t len; /* 0: not noted */
};

static struct language_key language_key(const struct search_query *query) {
    const struct search_language_skill *skill = query->languages;
    struct language_key key = {
        .bytes = {MEMO_LANGUAGE, query->languages_fit == SEARCH_LANGUAGES_ANY, skill->level},
        .len = 3};
    if (query->languages_count > 1 || skill->code.len > sizeof key.bytes - key.len)
        return (struct language_key){0};
    memcpy(key.bytes + key.len, skill->code.ptr, skill->code.len);
    key.len += skill->code.len;
    return key;
}

/* NULL: not noted. */
static const uint64_t *row_of_languages(const struct run *run, const struct view *view) {
    const struct search_segment *segment = view->segment;
    const struct language_key key = language_key(run->query);
    const struct memo_entry *noted = key.len == 0
                                         ? NULL
                                         : memo_find_key(segment->memo, key.bytes, key.len);
    if (noted == NULL || noted->noted_len != segment->words * sizeof(uint64_t))
        return NULL;
    return (const uint64_t *)(const void *)noted->bytes;
}

static void filter_languages(struct run *run, const struct view *view, uint64_t *out) {
    const struct search_segment *segment = view->segment;
    const struct language_key key = language_key(run->query);
    if (work_out_languages(run, view, out) >= LANGUAGES_COST_NOTED && key.len > 0)
        memo_add_key(segment->memo, key.bytes, key.len, 0, out, segment->words * sizeof *out);
}

static void filter_office_days(const struct run *run, const struct view *view, uint64_t *out) {
    const struct values *values = &view->segment->values[VALUE_OFFICE_DAYS];
    for (uint32_t i = 0; i < values->count; i++)
        if (values_text(values, i).ptr[0] <= run->query->office_days_max)
            list_or(view->segment, values->lists[i], out);
}

uint32_t filter_published_before(const struct search_segment *segment, int64_t published_us) {
    uint32_t low = 0, high = segment->docs;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (segment->published[middle] < published_us)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

void filter_currencies(const struct run *run, const struct view *view, uint64_t *out) {
    const struct values *values = &view->segment->values[VALUE_CURRENCY];
    const struct search_query *query = run->query;
    memset(out, 0, view->segment->words * sizeof *out);
    for (size_t i = 0; i < query->salary.currencies_count; i++) {
        int64_t value = values_find(values, query->salary.currencies[i]);
        if (value >= 0)
            list_or(view->segment, values->lists[value], out);
    }
    int64_t euro = query->salary.currencies_count == 0 ? values_find(values, STR("EUR")) : -1;
    if (euro >= 0)
        list_or(view->segment, values->lists[euro], out);
}

/* Looked at for what matches otherwise, since each amount costs a look. */
static void filter_salary(struct run *run, const struct view *view, uint64_t *out) {
    const struct search_segment *segment = view->segment;
    const struct search_query *query = run->query;
    filter_currencies(run, view, out);
    bits_and(out, view->base, segment->words);
    for (size_t word = 0; word < segment->words; word++)
        for (uint64_t w = out[word]; w != 0; w &= w - 1) {
            uint32_t doc = (uint32_t)(word * 64) + (uint32_t)__builtin_ctzll(w);
            if (segment->salary_high[doc] < query->salary.min ||
                segment->salary_low[doc] > query->salary.max)
                bits_clear(out, doc);
        }
    if (!query->salary.include_undisclosed)
        return;
    const struct values *values = &segment->values[VALUE_CURRENCY];
    bits_fill(run->room[0], segment->docs, segment->words);
    bits_andnot(run->room[0], list_bits(segment, values->some, run->room[1]), segment->words);
    bits_or(out, run->room[0], segment->words);
}

static enum status filter_one(struct run *run, const struct view *view, unsigned filter,
                              uint64_t *out) {
    const struct search_segment *segment = view->segment;
    switch (filter) {
    case FILTER_SALARY: filter_salary(run, view, out); break;
    case FILTER_PUBLISHED:
        bits_fill(out, segment->docs, segment->words);
        bits_clear_below(out, filter_published_before(segment, run->query->published_since_us));
        break;
    case FILTER_LANGUAGES: filter_languages(run, view, out); break;
    case FILTER_OFFICE_DAYS: filter_office_days(run, view, out); break;
    case FILTER_PLACE: return place_filter(run, view, out);
    default: filter_field(run, view, filter, out);
    }
    return STATUS_OK;
}

/* What the segment, or what is noted with it, has as a row already; NULL: nothing. */
static const uint64_t *row_there_is(const struct run *run, const struct view *view,
                                    unsigned filter) {
    if (filter == FILTER_LANGUAGES)
        return row_of_languages(run, view);
    return filter < SEARCH_FIELDS ? row_of_field(run, view, filter) : NULL;
}

/* ---- all of them ---- */

/* What every hit is in, but for the filters of the mask. */
static size_t rows_of(const struct view *view, uint32_t but, const uint64_t *rows[FILTERS + 2]) {
    size_t count = 0;
    if (view->base != NULL) {
        rows[count++] = view->base;
    } else {
        if (view->text != NULL)
            rows[count++] = view->text;
        if (view->live != NULL)
            rows[count++] = view->live;
    }
    for (unsigned filter = 0; filter < FILTERS; filter++)
        if (view->filters[filter] != NULL && (but >> filter & 1) == 0)
            rows[count++] = view->filters[filter];
    return count;
}

uint32_t filter_all_but(const struct view *view, uint32_t but, uint64_t *out) {
    const uint64_t *rows[FILTERS + 2];
    size_t count = rows_of(view, but, rows);
    return bits_all_of(out, rows, count, view->segment->words);
}

/* The shortest list of the fields that have one value each, where no row is needed of the hits. */
struct driver {
    unsigned field; /* FILTERS: none */
    struct list list;
};

static struct driver find_driver(const struct run *run, const struct view *view) {
    const struct search_query *query = run->query;
    struct driver driver = {.field = FILTERS};
    if (view->base != NULL ||
        (query->sort != SEARCH_BY_RECENT && query->sort != SEARCH_BY_RELEVANCE))
        return driver;
    for (unsigned field = 0; field < SEARCH_FIELDS; field++) {
        const struct values *values = &view->segment->values[field];
        if (query->fields[field].count != 1)
            continue;
        int64_t value = values_find(values, query->fields[field].values[0]);
        struct list list = value < 0 ? (struct list){0} : values->lists[value];
        if (!list_is_row(list) && (driver.field == FILTERS || list.count < driver.list.count))
            driver = (struct driver){field, list};
    }
    return driver;
}

static enum status make_filters(struct run *run, struct view *view, unsigned but) {
    for (unsigned filter = 0; filter < FILTERS; filter++) {
        if (!run->filtered[filter] || filter == but)
            continue;
        view->filters[filter] = row_there_is(run, view, filter);
        if (view->filters[filter] != NULL)
            continue;
        uint64_t *own = new_bits(run, view);
        enum status status = own == NULL ? STATUS_NO_MEMORY : filter_one(run, view, filter, own);
        if (status != STATUS_OK)
            return status;
        view->filters[filter] = own;
    }
    return STATUS_OK;
}

enum status filter_view(struct run *run, struct view *view) {
    const struct search_segment *segment = view->segment;
    const uint64_t *rows[FILTERS + 2];
    struct driver driver = find_driver(run, view);
    enum status status = make_filters(run, view, driver.field);
    if (status != STATUS_OK)
        return status;
    size_t count = rows_of(view, 0, rows);
    if (driver.field != FILTERS)
        return few_of_list(run, view, driver.list, rows, count);
    if (count == 1 && view->base != NULL) {
        view->hits = view->base;
        view->hits_count = bits_count(view->base, segment->words);
        return STATUS_OK;
    }
    uint64_t *hits = scratch_array(run->scratch, segment->words, sizeof *hits);
    if (hits == NULL)
        return STATUS_NO_MEMORY;
    view->hits_count = bits_all_of(hits, rows, count, segment->words);
    if (view->base == NULL)
        view->hits_count -= segment_drop_expired(segment, run->query->today, hits);
    view->hits = hits;
    return STATUS_OK;
}
