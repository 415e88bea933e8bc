/* Vacancies like another against a plain scan. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "helper_filled.h"

static int setup(void **state) {
    *state = need(calloc(1, sizeof(struct filled)));
    return filled_init(*state) ? 0 : -1;
}

static int teardown(void **state) {
    filled_deinit(*state);
    free(*state);
    return 0;
}

static size_t title_of(const struct search_document *document, struct str *out) {
    size_t count = 0;
    for (size_t i = 0; i < document->terms_count; i++)
        if (SEARCH_WEIGHT(document->terms[i].positions[0]) == 3)
            out[count++] = document->terms[i].lexeme;
    return count;
}

static int shared(const struct str *a, size_t a_count, const struct str *b, size_t b_count,
                  int most) {
    int count = 0;
    for (size_t i = 0; i < a_count; i++)
        for (size_t k = 0; k < b_count; k++)
            count += str_eq(a[i], b[k]);
    return count < most ? count : most;
}

static struct str value_of(const struct search_document *document, enum search_field field) {
    return document->fields[field].count == 0 ? STR_NONE : document->fields[field].values[0];
}

static bool same(const struct search_document *a, const struct search_document *b,
                 enum search_field field) {
    return a->fields[field].count > 0 && b->fields[field].count > 0 &&
           str_eq(value_of(a, field), value_of(b, field));
}

static size_t languages_of(const struct search_document *document, struct str *out) {
    size_t count = 0;
    for (size_t i = 0; i < document->languages_count; i++) {
        bool again = false;
        for (size_t k = 0; k < count; k++)
            again = again || str_eq(out[k], document->languages[i].code);
        if (!again)
            out[count++] = document->languages[i].code;
    }
    return count;
}

static int points(const struct search_document *a, const struct search_document *b) {
    struct str x[16], y[16];
    static const struct {
        enum search_field field;
        int most;
    } lists[] = {{SEARCH_TOOL, 4}, {SEARCH_SOFT_SKILL, 2}, {SEARCH_DUTY, 2}};
    int sum = 8 * same(a, b, SEARCH_ROLE);
    bool country = same(a, b, SEARCH_COUNTRY) ||
                   a->fields[SEARCH_COUNTRY].count + b->fields[SEARCH_COUNTRY].count == 0;
    if (a->dictionary == b->dictionary)
        sum += 3 * shared(x, title_of(a, x), y, title_of(b, y), 3);
    sum += !country ? 0 : same(a, b, SEARCH_CITY) ? 4 : 2 * same(a, b, SEARCH_REGION);
    for (size_t i = 0; i < 3; i++) {
        const struct search_values *p = &a->fields[lists[i].field], *q = &b->fields[lists[i].field];
        sum += shared(p->values, p->count, q->values, q->count, lists[i].most);
    }
    sum += shared(x, languages_of(a, x), y, languages_of(b, y), 3);
    return sum + same(a, b, SEARCH_WORK_MODE) + same(a, b, SEARCH_EMPLOYMENT_TYPE);
}

static int compare_newest(const void *a, const void *b) {
    const struct search_document *x = *(const struct search_document *const *)a,
                                 *y = *(const struct search_document *const *)b;
    if (x->published_at_us != y->published_at_us)
        return x->published_at_us > y->published_at_us ? -1 : 1;
    return memcmp(&y->id, &x->id, sizeof x->id);
}

static int compare_hits(const void *a, const void *b) {
    const struct search_hit *x = a, *y = b;
    if (x->key != y->key)
        return x->key > y->key ? -1 : 1;
    if (x->published_at_us != y->published_at_us)
        return x->published_at_us > y->published_at_us ? -1 : 1;
    return memcmp(&y->id, &x->id, sizeof x->id);
}

static size_t similar_by_scan(struct filled *filled, const struct search_document *one,
                              int32_t today, struct search_hit *out) {
    const struct search_document *newest[FILLED];
    size_t open = 0, of_role = 0, in_city = 0, count = 0;
    for (unsigned i = 0; i < FILLED; i++)
        if (filled_is_open(filled, i, today))
            newest[open++] = filled->documents[i];
    qsort(newest, open, sizeof *newest, compare_newest);
    for (size_t i = 0; i < open; i++) {
        bool role = same(one, newest[i], SEARCH_ROLE) && of_role++ < SEARCH_LIKE_AMONG;
        bool city = same(one, newest[i], SEARCH_CITY) && in_city++ < SEARCH_LIKE_AMONG;
        int own = points(one, newest[i]);
        if ((role || city) && own >= SEARCH_LIKE_POINTS_MIN && newest[i] != one)
            out[count++] = (struct search_hit){.id = newest[i]->id,
                                               .published_at_us = newest[i]->published_at_us,
                                               .key = own,
                                               .distance_m = -1};
    }
    qsort(out, count, sizeof *out, compare_hits);
    return count;
}

static void compare_similar(struct filled *filled, unsigned number, int32_t today) {
    const struct search_document *one = filled->documents[number];
    struct search_hit wanted[FILLED], *hits;
    struct str title[16], languages[16];
    struct search_like like = {
        .id = one->id,
        .role = value_of(one, SEARCH_ROLE),
        .city = value_of(one, SEARCH_CITY),
        .region = value_of(one, SEARCH_REGION),
        .country = value_of(one, SEARCH_COUNTRY),
        .work_mode = value_of(one, SEARCH_WORK_MODE),
        .employment_type = value_of(one, SEARCH_EMPLOYMENT_TYPE),
        .dictionary = one->dictionary,
        .title = title,
        .title_count = title_of(one, title),
        .tools = one->fields[SEARCH_TOOL].values,
        .tools_count = one->fields[SEARCH_TOOL].count,
        .languages = languages,
        .languages_count = languages_of(one, languages),
        .soft_skills = one->fields[SEARCH_SOFT_SKILL].values,
        .soft_skills_count = one->fields[SEARCH_SOFT_SKILL].count,
        .duties = one->fields[SEARCH_DUTY].values,
        .duties_count = one->fields[SEARCH_DUTY].count,
    };
    size_t count, all = similar_by_scan(filled, one, today, wanted);
    assert_int_equal(search_similar(search_reader_enter(filled->reader), &like, today, 40,
                                    filled->scratch, &filled->answers, &hits, &count),
                     STATUS_OK);
    search_reader_leave(filled->reader);
    assert_int_equal(count, all < 40 ? all : 40);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(hits[i].key, wanted[i].key);
        assert_memory_equal(&hits[i].id, &wanted[i].id, sizeof hits[i].id);
    }
    arena_reset(&filled->answers);
}

static void similar_ones_are_those_of_a_plain_scan(void **state) {
    struct filled *filled = *state;
    for (unsigned i = 0; i < 120; i++)
        compare_similar(filled, corpus_below(&filled->corpus, FILLED), filled->corpus.today);
    filled_remove(filled, 3);
    for (unsigned i = 0; i < 120; i++)
        compare_similar(filled, corpus_below(&filled->corpus, FILLED), filled->corpus.today + 15);
    struct search_like like = {.dictionary = 1};
    struct search_hit *hits;
    size_t count;
    const struct search_version *version = search_reader_enter(filled->reader);
    assert_int_equal(search_similar(version, &like, filled->corpus.today, 0, filled->scratch,
                                    &filled->answers, &hits, &count),
                     STATUS_INVALID);
    assert_int_equal(search_similar(version, &like, filled->corpus.today, 20, filled->scratch,
                                    &filled->answers, &hits, &count),
                     STATUS_OK);
    assert_int_equal(count, 0);
    search_reader_leave(filled->reader);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(similar_ones_are_those_of_a_plain_scan, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
