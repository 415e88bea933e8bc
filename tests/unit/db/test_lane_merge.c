/* What reads share: by-key reads of a turn, identical reads, the memory of results. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper_group.h"
#include "helper_lane.h"
#include "segreteria/core/clock.h"

/* Duplicates, missing keys, upper case, NULL and keys that need quoting: each caller sees its own
 * row or none. */
static void test_merge(void **state) {
    (void)state;
    NEED_POSTGRESQL();
    struct test_bench bench;
    open_ready(&bench, &fixture, (struct db_lane_options){0});
    enum { COUNT = 500 };
    struct test_call *calls = calloc(COUNT, sizeof *calls);
    assert_non_null(calls);
    for (unsigned i = 0; i < COUNT; i++) {
        char id[40], expected[32];
        item_id(id, i % 7 == 0 ? 5000 + i : i % 300);
        if (i % 5 == 0)
            for (char *c = id; *c != '\0'; c++)
                *c = *c >= 'a' && *c <= 'f' ? (char)(*c - 'a' + 'A') : *c;
        call_prepare(&bench, &calls[i], &stmt_get, i % 50 == 49 ? NULL : id, NULL);
        (void)expected;
        assert_int_equal(call_submit(&calls[i]), STATUS_OK);
    }
    assert_true(bench_run(&bench, bench_idle, 5000));
    for (unsigned i = 0; i < COUNT; i++) {
        char expected[32];
        (void)snprintf(expected, sizeof expected, "item %u", i % 300);
        if (i % 7 != 0 && i % 50 != 49) {
            assert_answer(&calls[i], expected);
            continue;
        }
        assert_int_equal(calls[i].answers, 1);
        assert_int_equal(calls[i].outcome, DB_DONE);
        assert_int_equal(calls[i].rows, 0);
    }
    free(calls);
    bench_close(&bench);
}

static void test_merge_odd_keys(void **state) {
    (void)state;
    NEED_POSTGRESQL();
    static const char *const keys[][2] = {
        {"a,b", "comma"}, {"quo\"te", "quote"}, {"back\\slash", "slash"}, {"NULL", "null"},
        {"", "empty"},    {"{x}", "brace"},     {" sp ", "space"},        {"plain", "plain"},
    };
    struct test_bench bench;
    open_ready(&bench, &fixture, (struct db_lane_options){0});
    struct test_call calls[2][8];
    for (size_t i = 0; i < 8; i++) {
        call_prepare(&bench, &calls[0][i], &stmt_named, "good ", keys[i][0]);
        call_prepare(&bench, &calls[1][i], &stmt_named, "bad ",
                     keys[i][0]); /* another parameter: another job */
        assert_int_equal(call_submit(&calls[0][i]), STATUS_OK);
        assert_int_equal(call_submit(&calls[1][i]), STATUS_OK);
    }
    assert_true(bench_run(&bench, bench_idle, 5000));
    for (size_t i = 0; i < 8; i++) {
        char expected[64];
        (void)snprintf(expected, sizeof expected, "good %s", keys[i][1]);
        assert_answer(&calls[0][i], expected);
        (void)snprintf(expected, sizeof expected, "bad %s", keys[i][1]);
        assert_answer(&calls[1][i], expected);
    }
    bench_close(&bench);
}

/* Slow clients keep results: values stay what they were, however many are kept and wherever they
 * are.
 */
static void test_kept_results(void **state) {
    (void)state;
    NEED_POSTGRESQL();
    struct test_bench bench;
    open_ready(&bench, &fixture, (struct db_lane_options){0});
    pg_fixture_run(&fixture, "insert into note select 'long' || n, repeat('x', 20000) || n"
                             " from generate_series(0, 99) n on conflict do nothing");
    enum { ROUNDS = 20, EACH = 100 };
    struct test_call *calls = calloc((size_t)ROUNDS * EACH, sizeof *calls);
    assert_non_null(calls);
    for (unsigned round = 0; round < ROUNDS; round++) {
        for (unsigned i = 0; i < EACH; i++) {
            struct test_call *call = &calls[round * EACH + i];
            char key[16];
            (void)snprintf(key, sizeof key, "long%u", i);
            call_prepare(&bench, call, &stmt_named, NULL, key);
            call->params[0] = STR("");
            call->keep = i % 10 == 0;
            assert_int_equal(call_submit(call), STATUS_OK);
        }
        assert_true(bench_run(&bench, bench_idle, 5000));
    }
    bench_close(&bench); /* what is kept outlives the lane */
    for (unsigned i = 0; i < (unsigned)ROUNDS * EACH; i++) {
        assert_int_equal(calls[i].outcome, DB_DONE);
        assert_int_equal(calls[i].rows, 1);
        if (!calls[i].keep)
            continue;
        assert_true(calls[i].kept_value.len > 20000);
        assert_int_equal(strtoul(calls[i].kept_value.ptr + 20000, NULL, 10), i % EACH);
        db_memory_release(calls[i].kept);
    }
    free(calls);
}

static void test_identical_reads_run_once(void **state) {
    (void)state;
    NEED_POSTGRESQL();
    struct test_bench bench;
    open_ready(&bench, &fixture, (struct db_lane_options){0});
    long before = pg_fixture_number(&fixture, "select nextval('runs')");
    struct test_call calls[100];
    for (size_t i = 0; i < 100; i++) {
        call_prepare(&bench, &calls[i], &stmt_echo, i % 2 == 0 ? "even" : "odd", NULL);
        assert_int_equal(call_submit(&calls[i]), STATUS_OK);
    }
    assert_true(bench_run(&bench, bench_idle, 5000));
    for (size_t i = 0; i < 100; i++)
        assert_answer(&calls[i], i % 2 == 0 ? "even" : "odd");
    assert_int_equal(pg_fixture_number(&fixture, "select nextval('runs')") - before, 3);
    bench_close(&bench);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_merge),
        cmocka_unit_test(test_merge_odd_keys),
        cmocka_unit_test(test_kept_results),
        cmocka_unit_test(test_identical_reads_run_once),
    };
    return cmocka_run_group_tests(tests, group_set_up_lane, group_tear_down);
}
