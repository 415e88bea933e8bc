/* The index against a plain scan: the same random vacancies come, change and go in both, and the
 * same random queries must have the same answers: set, order, counts, facets, and page after page.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

#include "helper_corpus.h"
#include "helper_model.h"
#include "segreteria/search/index.h"

#define ARENA_MAX ((size_t)1 << 26)
#define OPERATIONS 10000u
#define QUERIES 1000u

struct world {
    struct corpus corpus;
    struct search_index *index;
    struct search_reader *reader;
    struct search_scratch *scratch;
    struct model model;
    struct arena keep; /* the vacancies */
    struct arena turn; /* one query */
};

static void world_init(struct world *world, uint64_t seed) {
    struct search_options options = {.readers_max = 2};
    *world = (struct world){.corpus = corpus_small(seed)};
    assert_int_equal(search_index_create(&options, &world->index), STATUS_OK);
    assert_int_equal(search_reader_register(world->index, &world->reader), STATUS_OK);
    assert_int_equal(search_scratch_create(&world->scratch), STATUS_OK);
    arena_init(&world->keep, (size_t)1 << 30);
    arena_init(&world->turn, ARENA_MAX);
}

static void world_deinit(struct world *world) {
    search_reader_unregister(world->reader);
    search_scratch_destroy(world->scratch);
    search_index_destroy(world->index);
    model_deinit(&world->model);
    arena_deinit(&world->keep);
    arena_deinit(&world->turn);
}

static void compare_facets(const struct search_facet *a, const struct search_facet *b) {
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->missing, b->missing);
    assert_int_equal(a->rest_values, b->rest_values);
    assert_int_equal(a->rest_count, b->rest_count);
    assert_int_equal(a->other_currency, b->other_currency);
    assert_int_equal(a->values_count, b->values_count);
    for (size_t i = 0; i < a->values_count; i++) {
        assert_int_equal(a->values[i].count, b->values[i].count);
        assert_true(str_eq(a->values[i].value, b->values[i].value));
    }
}

static void compare_results(const struct search_result *a, const struct search_result *b) {
    assert_int_equal(a->total, b->total);
    assert_int_equal(a->not_compared_undisclosed, b->not_compared_undisclosed);
    assert_int_equal(a->not_compared_currency, b->not_compared_currency);
    assert_int_equal(a->hits_count, b->hits_count);
    for (size_t i = 0; i < a->hits_count; i++) {
        assert_memory_equal(&a->hits[i].id, &b->hits[i].id, sizeof a->hits[i].id);
        assert_int_equal(a->hits[i].key, b->hits[i].key);
        assert_int_equal(a->hits[i].distance_m, b->hits[i].distance_m);
    }
    assert_int_equal(a->more, b->more);
    assert_int_equal(a->facets_count, b->facets_count);
    for (size_t i = 0; i < a->facets_count; i++)
        compare_facets(&a->facets[i], &b->facets[i]);
}

/* The query, and what follows its page, up to three pages; gives how many vacancies it finds. */
static uint64_t ask(struct world *world, const struct search_query *asked) {
    struct search_query query = *asked;
    struct search_result own, expected = {0};
    for (unsigned page = 0; page < 4; page++) {
        const struct search_version *version = search_reader_enter(world->reader);
        enum status status = search_query_run(version, &query, world->scratch, &world->turn, &own);
        search_reader_leave(world->reader);
        assert_int_equal(status, STATUS_OK);
        model_query(&world->model, &query, &world->turn, &expected);
        compare_results(&own, &expected);
        if (!own.more || own.hits_count == 0)
            break;
        const struct search_hit *last = &own.hits[own.hits_count - 1];
        query.after = (struct search_after){true, last->key, last->published_at_us, last->id};
        query.facets_count = 0;
    }
    arena_reset(&world->turn);
    return expected.total;
}

/* A few changes at once: new vacancies, changed ones, removals, an id twice. */
static void change(struct world *world, unsigned count) {
    struct search_change changes[64];
    for (unsigned i = 0; i < count; i++) {
        unsigned die = corpus_below(&world->corpus, 10);
        struct model *model = &world->model;
        const struct search_document *old =
            model->count == 0
                ? NULL
                : model->documents[corpus_below(&world->corpus, (uint32_t)model->count)];
        if (die < 3 && old != NULL) {
            changes[i] = (struct search_change){old->id, NULL};
            model_remove(model, &old->id);
            continue;
        }
        struct search_document *made = arena_alloc(&world->keep, sizeof *made);
        assert_non_null(made);
        *made = *corpus_document(&world->corpus, &world->keep);
        if (die < 6 && old != NULL) {
            made->id = old->id;
            if (die < 5)
                made->published_at_us = old->published_at_us;
        }
        changes[i] = (struct search_change){made->id, made};
        model_put(model, made);
    }
    assert_int_equal(search_index_apply(world->index, changes, count), STATUS_OK);
    assert_int_equal(search_version_documents(search_reader_enter(world->reader)),
                     world->model.count);
    search_reader_leave(world->reader);
}

/* A merge that lasts while changes come. */
static void merge(struct world *world) {
    struct search_merge *planned;
    enum status status = search_merge_plan(world->index, &planned);
    if (status == STATUS_NOT_FOUND)
        return;
    assert_int_equal(status, STATUS_OK);
    change(world, 5);
    assert_int_equal(search_merge_run(planned), STATUS_OK);
    change(world, 20);
    assert_int_equal(search_merge_install(world->index, planned), STATUS_OK);
}

static void answers_are_those_of_a_scan(void **state) {
    (void)state;
    struct world world;
    const char *seed = getenv("SEARCH_SEED");
    world_init(&world, seed == NULL ? 1 : strtoul(seed, NULL, 10));
    unsigned operations = 0, asked = 0, found = 0;
    while (operations < OPERATIONS) {
        unsigned count = 1 + corpus_below(&world.corpus, 30);
        change(&world, count);
        operations += count;
        if (corpus_below(&world.corpus, 5) == 0)
            merge(&world);
        for (; asked < (uint64_t)QUERIES * operations / OPERATIONS; asked++)
            found += ask(&world, corpus_query(&world.corpus, &world.turn)) > 0;
    }
    assert_true(found > QUERIES / 4); /* the queries are not all in vain */
    struct search_stats stats;
    search_index_stats(world.index, &stats);
    assert_true(stats.merges > 0);
    assert_true(stats.segments < 60);
    world_deinit(&world);
}

static int by_publication(const void *a, const void *b) {
    const struct search_document *x = *(const struct search_document *const *)a,
                                 *y = *(const struct search_document *const *)b;
    if (x->published_at_us != y->published_at_us)
        return x->published_at_us < y->published_at_us ? -1 : 1;
    return memcmp(x->id.bytes, y->id.bytes, sizeof x->id.bytes);
}

/* Segments large enough for dense rows, columns and skips. */
static void world_fill(struct world *world) {
    world_init(world, 7);
    world->corpus.words = 400;
    for (unsigned i = 0; i < 6000; i++)
        model_put(&world->model, corpus_document(&world->corpus, &world->keep));
    struct model *model = &world->model;
    qsort(model->documents, model->count, sizeof *model->documents, by_publication);
    struct search_builder *builder;
    struct search_segment *segment;
    assert_int_equal(search_builder_create(world->index, &builder), STATUS_OK);
    for (size_t i = 0; i < model->count; i++) {
        assert_int_equal(search_builder_add(builder, model->documents[i]), STATUS_OK);
        if (i == 4000) {
            assert_int_equal(search_builder_finish(builder, &segment), STATUS_OK);
            assert_int_equal(search_index_adopt(world->index, segment), STATUS_OK);
        }
    }
    assert_int_equal(search_builder_add(builder, model->documents[0]), STATUS_INVALID);
    assert_int_equal(search_builder_finish(builder, &segment), STATUS_OK);
    assert_int_equal(search_index_adopt(world->index, segment), STATUS_OK);
    search_builder_destroy(builder);
}

static void a_filled_index_answers_alike(void **state) {
    (void)state;
    struct world world;
    world_fill(&world);
    for (unsigned i = 0; i < 400; i++) /* phrases of common words are worked out in such segments */
        ask(&world, corpus_query(&world.corpus, &world.turn));
    for (unsigned i = 0; i < 60; i++)
        change(&world, 60);
    for (unsigned i = 0; i < 4; i++)
        merge(&world);
    for (unsigned i = 0; i < 150; i++)
        ask(&world, corpus_query(&world.corpus, &world.turn));
    world_deinit(&world);
}

/* Counts of facets are noted with a segment: asked again after vacancies went, came and passed
 * their last day, they are those of a scan. */
static void noted_counts_stay_right(void **state) {
    (void)state;
    struct world world;
    struct search_query queries[40];
    world_fill(&world);
    for (size_t i = 0; i < 40; i++) {
        do
            queries[i] = *corpus_query(&world.corpus, &world.keep);
        while (queries[i].facets_count == 0);
        if (i % 2 == 0) { /* so that much is found */
            queries[i].has_text = false;
            queries[i].salary.set = queries[i].place.set = false;
            queries[i].sort = SEARCH_BY_RECENT;
        }
        queries[i].has_published_since = false;
    }
    for (int round = 0; round < 5; round++) {
        for (size_t i = 0; i < 40; i++) {
            (void)ask(&world, &queries[i]);
            queries[i].today += 7;
        }
        for (unsigned i = 0; i < 10 * (unsigned)round; i++)
            change(&world, 30);
    }
    world_deinit(&world);
}

/* ---- many rows, short lists ---- */

static struct str numbered(struct world *world, const char *prefix, unsigned number) {
    struct str made = arena_printf(&world->turn, "%s%u", prefix, number);
    assert_false(str_is_none(made));
    return made;
}

/* Up to twelve words that most segments have as rows, or any of which is rare. */
static struct search_clause any_of_many(struct world *world) {
    unsigned count = 1 + corpus_below(&world->corpus, 12);
    uint32_t words = corpus_below(&world->corpus, 3) == 0 ? world->corpus.words : 14;
    struct search_sequence *any = arena_array(&world->turn, count, sizeof *any);
    struct search_step *steps = arena_array(&world->turn, count, sizeof *steps);
    assert_non_null(any);
    assert_non_null(steps);
    for (unsigned i = 0; i < count; i++) {
        steps[i].lexeme = numbered(world, "w", corpus_below(&world->corpus, words));
        any[i] = (struct search_sequence){&steps[i], 1};
    }
    return (struct search_clause){any, count};
}

/* Of the dictionaries in any order: one clause, or several, or none; and what is excluded. */
static void ask_many_rows(struct world *world, struct search_query *query) {
    struct search_text *texts = arena_array(&world->turn, 3, sizeof *texts);
    assert_non_null(texts);
    unsigned first = corpus_below(&world->corpus, 3);
    for (unsigned i = 0; i < 3; i++) {
        struct search_clause *clauses = arena_array(&world->turn, 4, sizeof *clauses);
        assert_non_null(clauses);
        for (unsigned j = 0; j < 4; j++)
            clauses[j] = any_of_many(world);
        texts[i] = (struct search_text){.dictionary = (uint8_t)((first + i) % 3),
                                        .all = clauses,
                                        .all_count = corpus_below(&world->corpus, 3),
                                        .none = clauses + 3,
                                        .none_count = corpus_below(&world->corpus, 6) == 0};
        if (i == 0)
            texts[i].all_count = 1;
    }
    query->has_text = true;
    query->texts = texts;
    query->texts_count = 3;
}

/* One value of some fields: common ones, rare ones, and such that no vacancy has. */
static void ask_short_lists(struct world *world, struct search_query *query) {
    static const struct {
        unsigned field;
        const char *prefix;
        unsigned values;
    } fields[] = {{SEARCH_ROLE, "role", 15},
                  {SEARCH_COUNTRY, "C", 5},
                  {SEARCH_CITY, "city", 160},
                  {SEARCH_LANGUAGE, "l", 9},
                  {SEARCH_TOOL, "tool", 110}};
    for (unsigned i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        if (corpus_below(&world->corpus, 3) != 0)
            continue;
        struct str *value = arena_alloc(&world->turn, sizeof *value);
        assert_non_null(value);
        *value = numbered(world, fields[i].prefix, corpus_skewed(&world->corpus, fields[i].values));
        query->fields[fields[i].field] = (struct search_filter){
            value, 1, fields[i].field >= SEARCH_LANGUAGE && corpus_below(&world->corpus, 2) == 0};
    }
}

/* Without facets no row need be made of what a short list lets through, and the rows of all texts'
 * words are put together at once. */
static void many_rows_and_short_lists_answer_alike(void **state) {
    (void)state;
    struct world world;
    unsigned found = 0;
    world_fill(&world);
    for (unsigned i = 0; i < 400; i++) {
        struct search_query query = *corpus_query(&world.corpus, &world.turn);
        query.facets_count = corpus_below(&world.corpus, 8) == 0 ? query.facets_count : 0;
        query.sort = corpus_below(&world.corpus, 3) == 0 ? query.sort : SEARCH_BY_RELEVANCE;
        query.salary.set = query.salary.set && corpus_below(&world.corpus, 3) == 0;
        if (corpus_below(&world.corpus, 4) != 0)
            ask_many_rows(&world, &query);
        if (corpus_below(&world.corpus, 2) == 0)
            ask_short_lists(&world, &query);
        query.today += corpus_below(&world.corpus, 4) == 0 ? 7 : -5;
        found += ask(&world, &query) > 0;
        if (i == 150)
            change(&world, 1);
        for (unsigned j = 0; i == 200 && j < 20; j++)
            change(&world, 40);
    }
    assert_true(found > 150);
    world_deinit(&world);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answers_are_those_of_a_scan),
        cmocka_unit_test(a_filled_index_answers_alike),
        cmocka_unit_test(noted_counts_stay_right),
        cmocka_unit_test(many_rows_and_short_lists_answer_alike),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
