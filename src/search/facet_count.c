/* Counts of a field's values in one segment. Over many vacancies they are worked out once for all
 * that match, gone ones too, and noted with the segment, which never changes (memo.h); what is gone
 * since, or has passed its last day, is counted each time and taken off.
 */
#include "run.h"

#define NOTED_VALUES_MAX 16384u
#define GONE_ONE_BY_ONE 1024u

/* ---- counting ---- */

/* Which vacancies are walked: those of `in`, or all others. */
struct walked {
    const uint64_t *in;
    uint64_t flip; /* all ones: the others */
    uint32_t docs;
    size_t words;
};

static inline uint64_t walked_word(const struct walked *walked, size_t word) {
    uint64_t w = walked->in[word] ^ walked->flip;
    size_t from = word * 64;
    if (from + 64 > walked->docs)
        w &= from >= walked->docs ? 0 : (UINT64_C(1) << (walked->docs - from)) - 1;
    return w;
}

static void walk_narrow(struct walked walked, const uint16_t *column, uint32_t *own) {
    for (size_t word = 0; word < walked.words; word++)
        for (uint64_t w = walked_word(&walked, word); w != 0; w &= w - 1)
            own[column[word * 64 + (size_t)__builtin_ctzll(w)]]++;
}

static void walk_wide(struct walked walked, const uint32_t *column, uint32_t *own) {
    for (size_t word = 0; word < walked.words; word++)
        for (uint64_t w = walked_word(&walked, word); w != 0; w &= w - 1)
            own[column[word * 64 + (size_t)__builtin_ctzll(w)]]++;
}

static void walk_many(struct walked walked, const struct values *values, uint32_t *own) {
    for (size_t word = 0; word < walked.words; word++)
        for (uint64_t w = walked_word(&walked, word); w != 0; w &= w - 1) {
            size_t doc = word * 64 + (size_t)__builtin_ctzll(w);
            for (uint32_t i = values->from[doc]; i < values->from[doc + 1]; i++)
                own[values->many[i] + 1u]++;
        }
}

/* By the columns. Of more than half of the vacancies the others are walked, and taken off what the
 * lists have. */
static void count_columns(const struct search_segment *segment, const struct values *values,
                          const uint64_t *in, uint32_t count, uint32_t *own) {
    bool others = count > segment->docs / 2;
    const struct walked walked = {in, others ? UINT64_MAX : 0, segment->docs, segment->words};
    if (values->narrow != NULL)
        walk_narrow(walked, values->narrow, own);
    else if (values->wide != NULL)
        walk_wide(walked, values->wide, own);
    else
        walk_many(walked, values, own);
    for (uint32_t value = 0; others && value < values->count; value++)
        own[value + 1] = values->lists[value].count - own[value + 1];
}

/* How many of the vacancies are in the list; few are looked up, one by one. */
static uint32_t count_in(const struct search_segment *segment, struct list list, const uint64_t *in,
                         const uint32_t *few, uint32_t count) {
    if (few == NULL || !list_is_row(list))
        return list_count_and(segment, list, in);
    const uint64_t *row = list_row(segment, list);
    uint32_t found = 0;
    for (uint32_t i = 0; i < count; i++)
        found += bits_get(row, few[i]);
    return found;
}

/* own[value + 1] of each value, own[0] of the vacancies without one. */
static void count_values(const struct search_segment *segment, unsigned field, const uint64_t *in,
                         uint32_t *own) {
    const struct values *values = &segment->values[field];
    uint32_t few[GONE_ONE_BY_ONE], count = bits_count(in, segment->words), listed = 0;
    memset(own, 0, ((size_t)values->count + 1) * sizeof *own);
    if (count == 0)
        return;
    if (count == segment->docs) {
        for (uint32_t value = 0; value < values->count; value++)
            own[value + 1] = values->lists[value].count;
    } else if (values->narrow != NULL || values->wide != NULL || values->many != NULL) {
        count_columns(segment, values, in, count, own);
    } else {
        for (size_t word = 0; word < segment->words && count <= GONE_ONE_BY_ONE; word++)
            for (uint64_t w = in[word]; w != 0; w &= w - 1)
                few[listed++] = (uint32_t)(word * 64) + (uint32_t)__builtin_ctzll(w);
        for (uint32_t value = 0; value < values->count; value++)
            own[value + 1] = count_in(segment, values->lists[value], in, listed > 0 ? few : NULL,
                                      listed);
    }
    own[0] = count - list_count_and(segment, values->some, in);
}

/* ---- what is counted ---- */

static uint32_t own_filters(unsigned field) {
    uint32_t own = UINT32_C(1) << field;
    return field == SEARCH_LANGUAGE ? own | UINT32_C(1) << FILTER_LANGUAGES : own;
}

/* Takes the filters, but the facet's own, of what is in `base`. */
static void pass_filters(const struct view *view, uint32_t own, uint64_t *base, uint64_t *out) {
    struct view other = *view;
    other.base = base;
    (void)filter_all_but(&other, own, out);
}

/* ---- keys ---- */

struct key {
    uint8_t bytes[MEMO_KEY_MAX];
    size_t len;
    bool over;
};

static void put(struct key *key, const void *bytes, size_t len) {
    if (len > sizeof key->bytes - key->len) {
        key->over = true;
        return;
    }
    if (len > 0)
        memcpy(key->bytes + key->len, bytes, len);
    key->len += len;
}

static void put_number(struct key *key, size_t number) {
    uint16_t narrow = (uint16_t)number;
    key->over = key->over || number > UINT16_MAX;
    put(key, &narrow, sizeof narrow);
}

static void put_text(struct key *key, struct str text) {
    put_number(key, text.len);
    put(key, text.ptr, text.len);
}

static void put_clauses(struct key *key, const struct search_clause *clauses, size_t count) {
    put_number(key, count);
    for (size_t i = 0; i < count; i++) {
        put_number(key, clauses[i].count);
        for (size_t j = 0; j < clauses[i].count; j++) {
            const struct search_sequence *sequence = &clauses[i].any[j];
            put_number(key, sequence->count);
            for (size_t k = 0; k < sequence->count; k++) {
                put_text(key, sequence->steps[k].lexeme);
                put_number(key, sequence->steps[k].distance);
                put_number(key, sequence->steps[k].prefix);
            }
        }
    }
}

static void put_filters(struct key *key, const struct search_query *query, uint32_t own) {
    for (unsigned field = 0; field < SEARCH_FIELDS; field++) {
        const struct search_filter *filter = &query->fields[field];
        bool counts = filter->count > 0 && (own >> field & 1) == 0;
        put_number(key, counts ? filter->count : 0);
        for (size_t i = 0; counts && i < filter->count; i++)
            put_text(key, filter->values[i]);
        put_number(key, counts && filter->all);
    }
    bool languages = (own >> FILTER_LANGUAGES & 1) == 0;
    put_number(key, languages ? query->languages_count : 0);
    for (size_t i = 0; languages && i < query->languages_count; i++) {
        put_text(key, query->languages[i].code);
        put_number(key, query->languages[i].level);
    }
    put_number(key, languages && query->languages_fit == SEARCH_LANGUAGES_ALL);
    put_number(key, (size_t)(query->office_days_max + 1));
}

/* False: not to be noted. Filters that look at what is current only (pay), or that seldom come
 * again (a place, a moment), are not part of a key. */
static bool make_key(const struct run *run, unsigned field, struct key *key) {
    const struct search_query *query = run->query;
    if (run->filtered[FILTER_SALARY] || run->filtered[FILTER_PLACE] ||
        run->filtered[FILTER_PUBLISHED])
        return false;
    const uint8_t first[] = {MEMO_FACET, (uint8_t)field, query->has_text};
    key->len = 0;
    key->over = false;
    put(key, first, sizeof first);
    for (size_t i = 0; query->has_text && i < query->texts_count; i++) {
        put_number(key, query->texts[i].dictionary);
        put_clauses(key, query->texts[i].all, query->texts[i].all_count);
        put_clauses(key, query->texts[i].none, query->texts[i].none_count);
    }
    put_filters(key, query, own_filters(field));
    return !key->over;
}

/* ---- a segment's counts ---- */

static void add_counts(const struct values *values, const uint32_t *own, int sign, uint64_t *counts,
                       uint64_t *missing) {
    *missing += (uint64_t)((int64_t)own[0] * sign);
    for (uint32_t value = 0; value < values->count; value++)
        counts[values->global[value]] += (uint64_t)((int64_t)own[value + 1] * sign);
}

/* The counts of all that matches, gone or not, noted or worked out now. */
static void count_noted(const struct view *view, unsigned field, const struct key *key,
                        const uint64_t *in, uint32_t *own) {
    const struct search_segment *segment = view->segment;
    size_t size = ((size_t)segment->values[field].count + 1) * sizeof *own;
    const struct memo_entry *noted = memo_find_key(segment->memo, key->bytes, key->len);
    if (noted != NULL && noted->noted_len == size) {
        memcpy(own, noted->bytes, size);
        return;
    }
    count_values(segment, field, in, own);
    if (bits_count(in, segment->words) >= SEGMENT_MEMO_MIN)
        memo_add_key(segment->memo, key->bytes, key->len, 0, own, size);
}

enum status facet_count(struct run *run, const struct view *view, unsigned field, uint64_t *counts,
                        uint64_t *missing) {
    const struct search_segment *segment = view->segment;
    const struct values *values = &segment->values[field];
    struct key key;
    if (view->nothing)
        return STATUS_OK;
    uint32_t *own = scratch_array(run->scratch, (size_t)values->count + 1, sizeof *own);
    if (own == NULL)
        return STATUS_NO_MEMORY;
    pass_filters(view, own_filters(field), view->base, run->room[0]);
    if (segment->memo == NULL || values->count > NOTED_VALUES_MAX || !make_key(run, field, &key)) {
        count_values(segment, field, run->room[0], own);
        add_counts(values, own, 1, counts, missing);
        return STATUS_OK;
    }
    pass_filters(view, own_filters(field), view->gone, run->room[1]);
    bits_or(run->room[0], run->room[1], segment->words);
    count_noted(view, field, &key, run->room[0], own);
    add_counts(values, own, 1, counts, missing);
    count_values(segment, field, run->room[1], own);
    add_counts(values, own, -1, counts, missing);
    return STATUS_OK;
}
