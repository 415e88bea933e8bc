/* Filters of a query: one row of bits each, so that every facet can be counted without its own. */
#include "run.h"

/* Bits are noted that cost reading so many gaps. */
#define LANGUAGES_READ_NOTED 1024u

static uint64_t *new_bits(struct run *run, const struct view *view) {
    uint64_t *bits = scratch_array(run->scratch, view->segment->words, sizeof *bits);
    if (bits != NULL)
        memset(bits, 0, view->segment->words * sizeof *bits);
    return bits;
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

/* Gives how many gaps it read. */
static uint32_t work_out_languages(struct run *run, const struct view *view, uint64_t *out) {
    const struct search_segment *segment = view->segment;
    const struct values *values = &segment->values[VALUE_REQUIREMENT];
    bool any = run->query->languages_fit == SEARCH_LANGUAGES_ANY;
    uint32_t read = 0;
    for (uint32_t i = 0; i < values->count; i++) {
        struct str text = values_text(values, i);
        unsigned said = (uint8_t)text.ptr[text.len - 1];
        bool must = said & 1, fits;
        fits = covered(run->query, str_from(text.ptr, text.len - 1), said / 2);
        if (!(any ? fits : must && !fits))
            continue;
        list_or(segment, values->lists[i], out);
        read += segment_dense(segment, values->lists[i].count) ? 0 : values->lists[i].count;
    }
    if (!any) { /* so far what asks for too much */
        memcpy(run->room[0], out, segment->words * sizeof *out);
        bits_fill(out, segment->docs, segment->words);
        bits_andnot(out, run->room[0], segment->words);
    }
    return read;
}

/* Who searches says one language, mostly, and there are few that many vacancies ask for: those are
 * noted (memo.h). */
static void filter_languages(struct run *run, const struct view *view, uint64_t *out) {
    const struct search_segment *segment = view->segment;
    const struct search_language_skill *skill = run->query->languages;
    size_t size = segment->words * sizeof *out, len = 3;
    uint8_t key[16] = {MEMO_LANGUAGE, run->query->languages_fit == SEARCH_LANGUAGES_ANY,
                       skill->level};
    if (run->query->languages_count > 1 || skill->code.len > sizeof key - len) {
        (void)work_out_languages(run, view, out);
        return;
    }
    memcpy(key + len, skill->code.ptr, skill->code.len);
    len += skill->code.len;
    const struct memo_entry *noted = memo_find_key(segment->memo, key, len);
    if (noted != NULL && noted->noted_len == size)
        memcpy(out, noted->bytes, size);
    else if (work_out_languages(run, view, out) >= LANGUAGES_READ_NOTED)
        memo_add_key(segment->memo, key, len, 0, out, size);
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

enum status filter_view(struct run *run, struct view *view) {
    size_t words = view->segment->words;
    for (unsigned filter = 0; filter < FILTERS; filter++) {
        view->filters[filter] = NULL;
        if (!run->filtered[filter])
            continue;
        view->filters[filter] = new_bits(run, view);
        if (view->filters[filter] == NULL)
            return STATUS_NO_MEMORY;
        enum status status = filter_one(run, view, filter, view->filters[filter]);
        if (status != STATUS_OK)
            return status;
    }
    view->hits = scratch_array(run->scratch, words, sizeof *view->hits);
    if (view->hits == NULL)
        return STATUS_NO_MEMORY;
    filter_all_but(view, 0, view->hits);
    return STATUS_OK;
}

void filter_all_but(const struct view *view, uint32_t but, uint64_t *out) {
    size_t words = view->segment->words;
    memcpy(out, view->base, words * sizeof *out);
    for (unsigned filter = 0; filter < FILTERS; filter++)
        if (view->filters[filter] != NULL && (but >> filter & 1) == 0)
            bits_and(out, view->filters[filter], words);
}
