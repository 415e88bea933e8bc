/* The search room apart from its answers: readers and versions, limits, hostile input, and what
 * happens when memory runs out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "helper_corpus.h"
#include "helper_memory.h"
#include "segreteria/search/index.h"

struct fixture {
    struct corpus corpus;
    struct search_index *index;
    struct search_reader *reader;
    struct search_scratch *scratch;
    struct arena arena;
};

static int setup(void **state) {
    struct fixture *fixture = calloc(1, sizeof *fixture);
    struct search_options options = {.readers_max = 4};
    if (fixture == NULL)
        return -1;
    fixture->corpus = corpus_small(3);
    arena_init(&fixture->arena, (size_t)1 << 30);
    *state = fixture;
    return search_index_create(&options, &fixture->index) == STATUS_OK &&
                   search_reader_register(fixture->index, &fixture->reader) == STATUS_OK &&
                   search_scratch_create(&fixture->scratch) == STATUS_OK
               ? 0
               : -1;
}

static int teardown(void **state) {
    struct fixture *fixture = *state;
    atomic_store(&allocations_left, -1);
    search_reader_unregister(fixture->reader);
    search_scratch_destroy(fixture->scratch);
    search_index_destroy(fixture->index);
    arena_deinit(&fixture->arena);
    free(fixture);
    return 0;
}

static enum status put(struct fixture *fixture, const struct search_document *document) {
    struct search_change change = {document->id, document};
    return search_index_apply(fixture->index, &change, 1);
}

static enum status ask(struct fixture *fixture, const struct search_query *query,
                       struct search_result *out) {
    enum status status = search_query_run(search_reader_enter(fixture->reader), query,
                                          fixture->scratch, &fixture->arena, out);
    search_reader_leave(fixture->reader);
    return status;
}

static uint64_t count_all(struct fixture *fixture) {
    struct search_query query = {.office_days_max = -1, .today = -100000};
    struct search_result result = {0};
    assert_int_equal(ask(fixture, &query, &result), STATUS_OK);
    return result.total;
}

/* Every allocation of a call fails in turn: each time it says so, and nothing has changed. */
static void no_memory_changes_nothing(void **state) {
    struct fixture *fixture = *state;
    struct search_change changes[40];
    for (unsigned i = 0; i < 40; i++) {
        const struct search_document *made = corpus_document(&fixture->corpus, &fixture->arena);
        changes[i] = (struct search_change){made->id, made};
    }
    assert_int_equal(search_index_apply(fixture->index, changes, 30), STATUS_OK);
    for (unsigned i = 0; i < 10; i++)
        changes[i].document = NULL;
    unsigned failures = 0;
    for (;; failures++) {
        assert_int_equal(count_all(fixture), 30);
        atomic_store(&allocations_left, (long)failures);
        enum status status = search_index_apply(fixture->index, changes, 40);
        atomic_store(&allocations_left, -1);
        if (status == STATUS_OK)
            break;
        assert_int_equal(status, STATUS_NO_MEMORY);
    }
    assert_true(failures > 20);
    assert_int_equal(count_all(fixture), 30);
    for (unsigned i = 0; i < 40; i++)
        assert_int_equal(search_index_has(fixture->index, &changes[i].id), i >= 10);
}

static void queries_survive_a_lack_of_memory(void **state) {
    struct fixture *fixture = *state;
    for (unsigned i = 0; i < 50; i++)
        assert_int_equal(put(fixture, corpus_document(&fixture->corpus, &fixture->arena)),
                         STATUS_OK);
    for (unsigned i = 0; i < 20; i++) {
        const struct search_query *query = corpus_query(&fixture->corpus, &fixture->arena);
        for (long left = 0;; left++) {
            struct search_scratch *scratch;
            struct search_result result;
            assert_int_equal(search_scratch_create(&scratch), STATUS_OK);
            atomic_store(&allocations_left, left);
            enum status status = search_query_run(search_reader_enter(fixture->reader), query,
                                                  scratch, &fixture->arena, &result);
            search_reader_leave(fixture->reader);
            atomic_store(&allocations_left, -1);
            search_scratch_destroy(scratch);
            if (status == STATUS_OK)
                break;
            assert_int_equal(status, STATUS_NO_MEMORY);
        }
    }
}

static void merges_survive_a_lack_of_memory(void **state) {
    struct fixture *fixture = *state;
    unsigned merged = 0;
    for (unsigned i = 0; i < 5000; i++)
        assert_int_equal(put(fixture, corpus_document(&fixture->corpus, &fixture->arena)),
                         STATUS_OK);
    for (long left = 0; merged == 0; left += left / 8 + 1) {
        struct search_merge *merge;
        atomic_store(&allocations_left, left);
        enum status status = search_merge_plan(fixture->index, &merge);
        if (status == STATUS_OK) {
            bool made = search_merge_run(merge) == STATUS_OK;
            status = search_merge_install(fixture->index, merge);
            merged += made && status == STATUS_OK;
        }
        atomic_store(&allocations_left, -1);
        assert_true(status == STATUS_OK || status == STATUS_NO_MEMORY);
        assert_int_equal(count_all(fixture), 5000);
    }
}

/* ---- limits ---- */

static void the_memory_limit_refuses(void **state) {
    struct fixture *fixture = *state;
    struct search_options options = {.memory_limit = 1 << 22};
    struct search_index *own;
    struct search_stats stats;
    assert_int_equal(search_index_create(&options, &own), STATUS_OK);
    enum status status = STATUS_OK;
    unsigned count = 0;
    for (; status == STATUS_OK && count < 100000; count++) {
        const struct search_document *made = corpus_document(&fixture->corpus, &fixture->arena);
        struct search_change change = {made->id, made};
        status = search_index_apply(own, &change, 1);
    }
    assert_int_equal(status, STATUS_BUSY);
    search_index_stats(own, &stats);
    assert_int_equal(stats.documents, count - 1);
    assert_true(stats.bytes < options.memory_limit + options.memory_limit / 8);
    search_index_destroy(own);
}

static void documents_that_break_the_rules(void **state) {
    struct fixture *fixture = *state;
    uint16_t late[] = {SEARCH_POSITION_BITS(1, 0), SEARCH_POSITION_BITS(2, 3)};
    uint16_t back[] = {SEARCH_POSITION_BITS(2, 3), SEARCH_POSITION_BITS(1, 3)};
    uint16_t fine[] = {SEARCH_POSITION_BITS(1, 3), SEARCH_POSITION_BITS(9, 0)};
    struct search_term term = {.lexeme = STR("word"), .positions = fine, .count = 2};
    struct search_term pair[] = {{STR("a"), &late[0], 1}, {STR("b"), &late[1], 1}};
    struct str two[] = {STR_INIT("x"), STR_INIT("y")};
    struct search_document document = {
        .valid_through = SEARCH_DAY_NONE, .office_days = -1, .terms = &term, .terms_count = 1};
    assert_int_equal(put(fixture, &document), STATUS_OK);
    term.positions = late;
    assert_int_equal(put(fixture, &document), STATUS_INVALID);
    term.positions = back;
    assert_int_equal(put(fixture, &document), STATUS_INVALID);
    term = (struct search_term){STR_NONE, fine, 2};
    assert_int_equal(put(fixture, &document), STATUS_INVALID);
    term = (struct search_term){STR("word"), fine, 257};
    assert_int_equal(put(fixture, &document), STATUS_TOO_LARGE);
    document.terms = pair;
    document.terms_count = 2;
    assert_int_equal(put(fixture, &document), STATUS_INVALID);
    document.terms_count = 0;
    document.fields[SEARCH_CITY] = (struct search_values){two, 2};
    assert_int_equal(put(fixture, &document), STATUS_INVALID);
    document.fields[SEARCH_CITY].count = 0;
    document.has_place = true;
    document.latitude = 91;
    assert_int_equal(put(fixture, &document), STATUS_INVALID);
    assert_int_equal(count_all(fixture), 1);
}

static void hostile_queries_are_refused(void **state) {
    struct fixture *fixture = *state;
    struct search_step *steps = calloc(1000, sizeof *steps);
    struct search_sequence sequence = {steps, 600};
    struct search_clause clause = {&sequence, 1};
    struct search_text text = {.dictionary = 1, .all = &clause, .all_count = 1};
    struct search_query query = {
        .has_text = true, .texts = &text, .texts_count = 1, .office_days_max = -1};
    struct search_result result;
    assert_non_null(steps);
    for (unsigned i = 0; i < 1000; i++)
        steps[i] = (struct search_step){.lexeme = STR("w"), .distance = (uint16_t)i};
    assert_int_equal(ask(fixture, &query, &result), STATUS_TOO_LARGE);
    sequence.count = 65;
    assert_int_equal(ask(fixture, &query, &result), STATUS_TOO_LARGE);
    sequence.count = 64;
    assert_int_equal(ask(fixture, &query, &result), STATUS_OK);
    sequence.count = 0;
    assert_int_equal(ask(fixture, &query, &result), STATUS_INVALID);
    sequence.count = 1;
    query.limit = SEARCH_LIMIT_MAX + 1;
    assert_int_equal(ask(fixture, &query, &result), STATUS_TOO_LARGE);
    query.limit = 1;
    query.sort = SEARCH_BY_DISTANCE; /* from where? */
    assert_int_equal(ask(fixture, &query, &result), STATUS_INVALID);
    query.place.set = true;
    query.place.latitude = -91;
    assert_int_equal(ask(fixture, &query, &result), STATUS_INVALID);
    query.place.set = false;
    query.sort = SEARCH_BY_RECENT;
    query.fields[SEARCH_CITY].count = SEARCH_FILTER_VALUES_MAX + 1;
    assert_int_equal(ask(fixture, &query, &result), STATUS_TOO_LARGE);
    query.fields[SEARCH_CITY].count = 0;
    query.facets = &(struct search_facet_ask){SEARCH_FACETS, 1};
    query.facets_count = 1;
    assert_int_equal(ask(fixture, &query, &result), STATUS_INVALID);
    free(steps);
}

static void readers_are_bounded(void **state) {
    struct fixture *fixture = *state;
    struct search_reader *more[4];
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(search_reader_register(fixture->index, &more[i]), STATUS_OK);
    assert_int_equal(search_reader_register(fixture->index, &more[3]), STATUS_BUSY);
    search_reader_unregister(more[1]);
    assert_int_equal(search_reader_register(fixture->index, &more[3]), STATUS_OK);
}

/* ---- versions ---- */

static void a_reader_keeps_its_version(void **state) {
    struct fixture *fixture = *state;
    struct search_stats stats;
    const struct search_document *made = corpus_document(&fixture->corpus, &fixture->arena);
    assert_int_equal(put(fixture, made), STATUS_OK);
    const struct search_version *version = search_reader_enter(fixture->reader);
    struct search_change gone = {made->id, NULL};
    assert_int_equal(search_index_apply(fixture->index, &gone, 1), STATUS_OK);
    search_index_stats(fixture->index, &stats);
    assert_int_equal(stats.documents, 0);
    assert_int_equal(stats.former, 1);
    struct search_query query = {.office_days_max = -1, .today = -100000};
    struct search_result result;
    assert_int_equal(search_query_run(version, &query, fixture->scratch, &fixture->arena, &result),
                     STATUS_OK);
    assert_int_equal(result.total, 1);
    search_reader_leave(fixture->reader);
    search_index_reclaim(fixture->index);
    search_index_stats(fixture->index, &stats);
    assert_int_equal(stats.former, 0);
    assert_int_equal(count_all(fixture), 0);
}

/* Several readers while the writer changes, merges and publishes: each version is whole. Every
 * batch removes as many as it adds, so every version has the same number. */
struct concurrent {
    struct fixture *fixture;
    atomic_bool stop;
    atomic_uint wrong, asked;
};

static void *read_on(void *context) {
    struct concurrent *shared = context;
    struct search_reader *reader;
    struct search_scratch *scratch;
    struct arena arena;
    struct corpus corpus = corpus_small(11);
    arena_init(&arena, (size_t)1 << 26);
    if (search_reader_register(shared->fixture->index, &reader) != STATUS_OK ||
        search_scratch_create(&scratch) != STATUS_OK) {
        atomic_fetch_add(&shared->wrong, 1);
        return NULL;
    }
    while (!atomic_load(&shared->stop)) {
        struct search_query all = {.office_days_max = -1, .today = -100000, .limit = 5};
        struct search_result result = {0};
        const struct search_query *other = corpus_query(&corpus, &arena);
        const struct search_version *version = search_reader_enter(reader);
        if (search_query_run(version, &all, scratch, &arena, &result) != STATUS_OK ||
            result.total != 200 || search_version_documents(version) != 200 ||
            search_query_run(version, other, scratch, &arena, &result) != STATUS_OK)
            atomic_fetch_add(&shared->wrong, 1);
        search_reader_leave(reader);
        arena_reset(&arena);
        atomic_fetch_add(&shared->asked, 1);
    }
    search_scratch_destroy(scratch);
    search_reader_unregister(reader);
    arena_deinit(&arena);
    return NULL;
}

static void readers_meet_whole_versions(void **state) {
    struct fixture *fixture = *state;
    struct concurrent shared = {.fixture = fixture};
    struct search_change changes[200];
    struct uuid ids[200];
    pthread_t threads[2];
    for (unsigned i = 0; i < 200; i++) {
        const struct search_document *made = corpus_document(&fixture->corpus, &fixture->arena);
        changes[i] = (struct search_change){made->id, made};
        ids[i] = made->id;
    }
    assert_int_equal(search_index_apply(fixture->index, changes, 200), STATUS_OK);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_on, &shared), 0);
    for (unsigned round = 0; round < 400 || atomic_load(&shared.asked) < 50; round++) {
        for (size_t i = 0; i < 5; i++) {
            size_t at = (round * 5 + i) % 200;
            const struct search_document *made = corpus_document(&fixture->corpus, &fixture->arena);
            changes[2 * i] = (struct search_change){ids[at], NULL};
            changes[2 * i + 1] = (struct search_change){made->id, made};
            ids[at] = made->id;
        }
        assert_int_equal(search_index_apply(fixture->index, changes, 10), STATUS_OK);
    }
    atomic_store(&shared.stop, true);
    for (unsigned i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&shared.wrong), 0);
}

static void terms_are_counted(void **state) {
    struct fixture *fixture = *state;
    const struct search_document *made[300];
    for (unsigned i = 0; i < 300; i++) {
        made[i] = corpus_document(&fixture->corpus, &fixture->arena);
        assert_int_equal(put(fixture, made[i]), STATUS_OK);
    }
    struct search_change gone = {made[0]->id, NULL};
    assert_int_equal(search_index_apply(fixture->index, &gone, 1), STATUS_OK);
    for (uint8_t dictionary = 0; dictionary < 3; dictionary++) {
        uint64_t expected = 0;
        for (unsigned i = 1; i < 300; i++)
            for (size_t j = 0; j < made[i]->terms_count; j++)
                expected += made[i]->dictionary == dictionary &&
                            str_eq(made[i]->terms[j].lexeme, STR("w1"));
        assert_int_equal(
            search_version_count_term(search_reader_enter(fixture->reader), dictionary, STR("w1")),
            expected);
        search_reader_leave(fixture->reader);
    }
}

static void distances(void **state) {
    (void)state;
    assert_int_equal(search_distance_m(45.4642, 9.19, 45.4642, 9.19), 0);
    /* A quarter of the circle. */
    assert_int_equal(search_distance_m(0, 0, 90, 0), 10007557);
    int64_t milan_rome = search_distance_m(45.4642, 9.19, 41.9028, 12.4964);
    assert_true(milan_rome > 476000 && milan_rome < 478000);
    assert_int_equal(search_distance_m(0, -179.5, 0, 179.5), search_distance_m(0, 0, 0, 1));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_memory_changes_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(queries_survive_a_lack_of_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(merges_survive_a_lack_of_memory, setup, teardown),
        cmocka_unit_test_setup_teardown(the_memory_limit_refuses, setup, teardown),
        cmocka_unit_test_setup_teardown(documents_that_break_the_rules, setup, teardown),
        cmocka_unit_test_setup_teardown(hostile_queries_are_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(readers_are_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(a_reader_keeps_its_version, setup, teardown),
        cmocka_unit_test_setup_teardown(readers_meet_whole_versions, setup, teardown),
        cmocka_unit_test_setup_teardown(terms_are_counted, setup, teardown),
        cmocka_unit_test_setup_teardown(distances, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
