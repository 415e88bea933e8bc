/* A lane against a real PostgreSQL: answers, merging, isolation of neighbours, bounds, deadlines.
 */
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

static void test_answers(void **state) {
    (void)state;
    NEED_POSTGRESQL();
    struct test_bench bench;
    open_ready(&bench, &fixture, (struct db_lane_options){.write = true});
    struct test_call read, null, write;
    call_prepare(&bench, &read, &stmt_echo, "due", NULL);
    call_prepare(&bench, &null, &stmt_echo, NULL, NULL);
    call_prepare(&bench, &write, &stmt_insert, "answers", NULL);
    assert_int_equal(call_submit(&read), STATUS_OK);
    assert_int_equal(call_submit(&null), STATUS_OK);
    assert_int_equal(call_submit(&write), STATUS_OK);
    assert_int_equal(db_lane_load(bench.lane), 3);
    assert_int_equal(read.answers, 0); /* never from within submit */
    assert_true(bench_run(&bench, bench_idle, 5000));
    assert_answer(&read, "due");
    assert_answer(&null, "");
    assert_answer(&write, "answers");
    assert_int_equal(db_lane_load(bench.lane), 0);
    bench_close(&bench);
}

/* Without these, a by-key read is planned anew each time, and nothing but its speed tells. */
static void test_settings(void **state) {
    (void)state;
    NEED_POSTGRESQL();
    static const char *const settings[][2] = {{"plan_cache_mode", "force_generic_plan"},
                                              {"enable_seqscan", "off"},
                                              {"enable_bitmapscan", "off"},
                                              {"jit", "off"},
                                              {"TimeZone", "UTC"}};
    struct test_bench bench;
    open_ready(&bench, &fixture, (struct db_lane_options){.write = true});
    for (size_t i = 0; i < sizeof settings / sizeof settings[0]; i++) {
        struct test_call call;
        call_prepare(&bench, &call, &stmt_setting, settings[i][0], NULL);
        assert_int_equal(call_submit(&call), STATUS_OK);
        assert_true(bench_run(&bench, bench_idle, 5000));
        assert_answer(&call, settings[i][1]);
    }
    bench_close(&bench);
}

/* Reads share a sync: one that fails must cost its neighbours nothing but time, and a write in
 * between neither. */
static void test_neighbours(void **state) {
    (void)state;
    NEED_POSTGRESQL();
    enum { COUNT = 3000 };
    struct test_bench bench;
    open_ready(&bench, &fixture, (struct db_lane_options){.write = true, .connections = 2});
    struct test_call *calls = calloc(COUNT, sizeof *calls);
    assert_non_null(calls);
    char text[64], id[40];
    for (unsigned i = 0; i < COUNT; i++) {
        (void)snprintf(text, sizeof text, "n%u", i);
        item_id(id, i % 1000);
        if (i % 10 == 3)
            call_prepare(&bench, &calls[i], &stmt_divide, i % 20 == 3 ? "0" : "1", NULL);
        else if (i % 10 == 6)
            call_prepare(&bench, &calls[i], &stmt_insert, i % 20 == 6 ? text : "neighbour", NULL);
        else
            call_prepare(&bench, &calls[i], i % 2 == 0 ? &stmt_get : &stmt_echo,
                         i % 2 == 0 ? id : text, NULL);
        assert_int_equal(call_submit(&calls[i]), STATUS_OK);
    }
    assert_true(bench_run(&bench, bench_idle, 20000));
    unsigned conflicts = 0;
    for (unsigned i = 0; i < COUNT; i++) {
        (void)snprintf(text, sizeof text, i % 2 == 0 && i % 10 != 6 ? "item %u" : "n%u",
                       i % 2 == 0 && i % 10 != 6 ? i % 1000 : i);
        if (i % 20 == 3) {
            assert_int_equal(calls[i].answers, 1);
            assert_int_equal(calls[i].outcome, DB_REFUSED);
            assert_string_equal(calls[i].sqlstate, "22012");
        } else if (i % 10 == 3) {
            assert_answer(&calls[i], "1");
        } else if (i % 20 == 16) {
            assert_int_equal(calls[i].answers, 1);
            if (calls[i].outcome == DB_REFUSED) {
                conflicts++;
                assert_string_equal(calls[i].sqlstate, "23505");
                assert_string_equal(calls[i].constraint, "entry_token_key");
            }
        } else {
            assert_answer(&calls[i], text);
        }
    }
    assert_int_equal(conflicts, COUNT / 20 - 1);
    assert_int_equal(
        pg_fixture_number(&fixture, "select count(*) from entry where token = 'neighbour'"), 1);
    free(calls);
    bench_close(&bench);
}

/* The statement succeeds, its commit does not. */
static void test_commit_refused(void **state) {
    (void)state;
    NEED_POSTGRESQL();
    struct test_bench bench;
    open_ready(&bench, &fixture, (struct db_lane_options){.write = true});
    struct test_call calls[3];
    for (size_t i = 0; i < 3; i++) {
        call_prepare(&bench, &calls[i], &stmt_deferred, i < 2 ? "same" : "other", NULL);
        assert_int_equal(call_submit(&calls[i]), STATUS_OK);
    }
    assert_true(bench_run(&bench, bench_idle, 5000));
    assert_answer(&calls[0], "same");
    assert_int_equal(calls[1].answers, 1);
    assert_int_equal(calls[1].outcome, DB_REFUSED);
    assert_string_equal(calls[1].sqlstate, "23505");
    assert_string_equal(calls[1].constraint, "deferred_token_key");
    assert_answer(&calls[2], "other");
    bench_close(&bench);
}

static void test_queue_bound(void **state) {
    (void)state;
    NEED_POSTGRESQL();
    struct test_bench bench;
    open_ready(&bench, &fixture, (struct db_lane_options){.queue_max = 10, .depth_max = 2});
    struct test_call calls[12];
    char text[8];
    for (size_t i = 0; i < 12; i++) {
        (void)snprintf(text, sizeof text, "%zu", i);
        call_prepare(&bench, &calls[i], &stmt_echo, text, NULL);
        assert_int_equal(call_submit(&calls[i]), i < 10 ? STATUS_OK : STATUS_BUSY);
    }
    assert_true(bench_run(&bench, bench_idle, 5000));
    for (size_t i = 0; i < 12; i++)
        assert_int_equal(calls[i].answers, i < 10 ? 1 : 0);
    assert_int_equal(call_submit(&calls[11]), STATUS_OK);
    assert_true(bench_run(&bench, bench_idle, 5000));
    assert_answer(&calls[11], "11");
    bench_close(&bench);
}

static void test_refused_input(void **state) {
    (void)state;
    NEED_POSTGRESQL();
    struct test_bench bench;
    open_ready(&bench, &fixture, (struct db_lane_options){0});
    struct test_call call;
    call_prepare(&bench, &call, &stmt_echo, "ab", NULL);
    call.text[0][1] = '\0'; /* a NUL inside the value */
    assert_int_equal(call_submit(&call), STATUS_INVALID);
    call_prepare(&bench, &call, &stmt_insert, "x", NULL);
    assert_int_equal(call_submit(&call), STATUS_INTERNAL); /* not a lane for writes */
    bench_close(&bench);
}

static void test_deadlines(void **state) {
    (void)state;
    NEED_POSTGRESQL();
    struct test_bench bench;
    open_ready(&bench, &fixture,
               (struct db_lane_options){.statement_timeout_ms = 400, .depth_max = 1});
    struct test_call cancelled, behind, late;
    call_prepare(&bench, &cancelled, &stmt_sleep, "30", NULL); /* ended by statement_timeout */
    call_prepare(&bench, &behind, &stmt_echo, "behind", NULL);
    call_prepare(&bench, &late, &stmt_echo, "late", NULL); /* its deadline passes while it waits */
    late.call.deadline_ms = clock_monotonic_ms() + 100;
    assert_int_equal(call_submit(&cancelled), STATUS_OK);
    assert_int_equal(call_submit(&behind), STATUS_OK);
    assert_int_equal(call_submit(&late), STATUS_OK);
    assert_true(bench_run(&bench, bench_idle, 5000));
    assert_int_equal(cancelled.outcome, DB_TIMED_OUT);
    assert_string_equal(cancelled.sqlstate, "57014");
    assert_answer(&behind, "behind");
    assert_int_equal(late.answers, 1);
    assert_int_equal(late.outcome, DB_UNAVAILABLE);

    call_prepare(&bench, &late, &stmt_sleep, "0.3", NULL); /* its deadline passes while it runs */
    late.call.deadline_ms = clock_monotonic_ms() + 100;
    assert_int_equal(call_submit(&late), STATUS_OK);
    assert_true(bench_run(&bench, bench_idle, 5000));
    assert_int_equal(late.outcome, DB_TIMED_OUT);
    call_prepare(&bench, &behind, &stmt_echo, "after", NULL);
    assert_int_equal(call_submit(&behind), STATUS_OK);
    assert_true(bench_run(&bench, bench_idle, 5000));
    assert_answer(&behind, "after");
    assert_int_equal(late.answers, 1);
    bench_close(&bench);
}

static void test_cancel(void **state) {
    (void)state;
    NEED_POSTGRESQL();
    struct test_bench bench;
    open_ready(&bench, &fixture, (struct db_lane_options){0});
    struct test_call waiting, sleeping, kept;
    call_prepare(&bench, &waiting, &stmt_echo, "waiting", NULL);
    call_prepare(&bench, &sleeping, &stmt_sleep, "0.2", NULL);
    call_prepare(&bench, &kept, &stmt_echo, "waiting", NULL); /* shares the first one's job */
    assert_int_equal(call_submit(&waiting), STATUS_OK);
    assert_int_equal(call_submit(&sleeping), STATUS_OK);
    assert_int_equal(call_submit(&kept), STATUS_OK);
    db_lane_cancel(bench.lane, &waiting.call);
    memset(&waiting.params, 0x5A, sizeof waiting.params); /* its memory is the caller's again */
    assert_false(bench_run(&bench, bench_never, 60));
    db_lane_cancel(bench.lane, &sleeping.call); /* sent already */
    bench.open -= 2;
    assert_true(bench_run(&bench, bench_idle, 5000));
    assert_answer(&kept, "waiting");
    assert_false(bench_run(&bench, bench_never, 400));
    assert_int_equal(waiting.answers, 0);
    assert_int_equal(sleeping.answers, 0);
    assert_int_equal(db_lane_load(bench.lane), 0);
    bench_close(&bench);
}

static void test_destroy_with_calls(void **state) {
    (void)state;
    NEED_POSTGRESQL();
    struct test_bench bench;
    open_ready(&bench, &fixture, (struct db_lane_options){.write = true, .depth_max = 2});
    struct test_call read, write, waiting;
    call_prepare(&bench, &read, &stmt_sleep, "2", NULL);
    call_prepare(&bench, &write, &stmt_insert, "destroyed", NULL);
    call_prepare(&bench, &waiting, &stmt_insert, "never", NULL);
    assert_int_equal(call_submit(&read), STATUS_OK);
    assert_int_equal(call_submit(&write), STATUS_OK);
    assert_int_equal(call_submit(&waiting), STATUS_OK);
    assert_false(bench_run(&bench, bench_never, 100));
    bench_close(&bench);
    assert_int_equal(read.answers + write.answers + waiting.answers, 3);
    assert_int_equal(read.outcome, DB_UNAVAILABLE);
    assert_int_equal(write.outcome, DB_UNKNOWN);
    assert_int_equal(waiting.outcome, DB_UNAVAILABLE);
    assert_int_equal(
        pg_fixture_number(&fixture, "select count(*) from entry where token = 'never'"), 0);
}

/* Calls are made from within answers, each once, however the lane is busy. */
static void submit_again(struct test_call *call) {
    unsigned *left = call->context;
    if (*left == 0)
        return;
    --*left;
    char text[64];
    (void)snprintf(text, sizeof text, "%u", *left);
    struct test_bench *bench = call->bench;
    call_prepare(bench, call, *left % 3 == 0 ? &stmt_echo : &stmt_divide, text, NULL);
    call->then = submit_again;
    call->context = left;
    assert_int_equal(call_submit(call), STATUS_OK);
}

static void test_submit_from_answers(void **state) {
    (void)state;
    NEED_POSTGRESQL();
    struct test_bench bench;
    open_ready(&bench, &fixture, (struct db_lane_options){.connections = 2, .depth_max = 4});
    struct test_call calls[20];
    unsigned left = 5000;
    for (size_t i = 0; i < 20; i++) {
        call_prepare(&bench, &calls[i], &stmt_echo, "first", NULL);
        calls[i].then = submit_again;
        calls[i].context = &left;
        assert_int_equal(call_submit(&calls[i]), STATUS_OK);
    }
    assert_true(bench_run(&bench, bench_idle, 20000));
    assert_int_equal(left, 0);
    bench_close(&bench);
}

static void test_not_prepared(void **state) {
    (void)state;
    NEED_POSTGRESQL();
    static const struct db_statement wrong = {
        .name = "wrong", .sql = "select nothing from nowhere", .kind = DB_READ, .merge_param = -1};
    static const struct db_statement *const statements[] = {&stmt_echo, &wrong};
    struct test_bench bench;
    bench_open(&bench, &fixture,
               (struct db_lane_options){.statements = statements, .statements_count = 2});
    assert_false(bench_run(&bench, bench_ready, 500));
    struct test_call call;
    call_prepare(&bench, &call, &stmt_echo, "x", NULL);
    assert_false(bench_run(&bench, bench_never, 800));
    assert_int_equal(call_submit(&call), STATUS_UNAVAILABLE);
    pg_fixture_run(&fixture, "create table nowhere (nothing text)");
    assert_true(bench_run(&bench, bench_ready, 5000)); /* it heals without a restart */
    assert_int_equal(call_submit(&call), STATUS_OK);
    assert_true(bench_run(&bench, bench_idle, 5000));
    assert_answer(&call, "x");
    bench_close(&bench);
}

/* 0A000: the plan's result type changed under a prepared statement. */
static void test_result_type_changed(void **state) {
    (void)state;
    NEED_POSTGRESQL();
    struct test_bench bench;
    open_ready(&bench, &fixture, (struct db_lane_options){0});
    struct test_call calls[3];
    call_prepare(&bench, &calls[0], &stmt_star, NULL, NULL);
    assert_int_equal(call_submit(&calls[0]), STATUS_OK);
    assert_true(bench_run(&bench, bench_idle, 5000));
    assert_answer(&calls[0], "round");
    pg_fixture_run(&fixture, "alter table shape add column more int");
    for (size_t i = 0; i < 3; i++) {
        call_prepare(&bench, &calls[i], i == 1 ? &stmt_star : &stmt_echo, i == 1 ? NULL : "beside",
                     NULL);
        assert_int_equal(call_submit(&calls[i]), STATUS_OK);
    }
    assert_true(bench_run(&bench, bench_idle, 5000));
    assert_answer(&calls[0], "beside");
    assert_answer(&calls[1], "round");
    assert_answer(&calls[2], "beside");
    bench_close(&bench);
}

static void test_idempotent(void **state) {
    (void)state;
    NEED_POSTGRESQL();
    struct test_bench bench;
    open_ready(&bench, &fixture, (struct db_lane_options){.write = true, .connections = 4});
    struct test_call calls[40];
    for (size_t i = 0; i < 40; i++) {
        call_prepare(&bench, &calls[i], &stmt_post, "once", NULL);
        calls[i].idempotency = (struct db_idempotency){STR("{\"\\\\x0102\"}"), STR("\\x0102"),
                                                       STR("\\xff"), STR("post")};
        calls[i].call.idempotency = &calls[i].idempotency;
        assert_int_equal(call_submit(&calls[i]), STATUS_OK);
    }
    assert_true(bench_run(&bench, bench_idle, 5000));
    unsigned done = 0;
    for (size_t i = 0; i < 40; i++) {
        assert_int_equal(calls[i].answers, 1);
        if (calls[i].outcome == DB_DONE) {
            done++;
            assert_answer(&calls[i], "once");
        } else {
            assert_int_equal(calls[i].outcome, DB_REFUSED);
            assert_true(strcmp(calls[i].sqlstate, "SG001") == 0 ||
                        strcmp(calls[i].sqlstate, "SG002") == 0);
        }
    }
    assert_int_equal(done, 1);
    assert_int_equal(
        pg_fixture_number(&fixture, "select count(*) from posted where token = 'once'"), 1);
    bench_close(&bench);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_answers),
        cmocka_unit_test(test_settings),
        cmocka_unit_test(test_neighbours),
        cmocka_unit_test(test_commit_refused),
        cmocka_unit_test(test_queue_bound),
        cmocka_unit_test(test_refused_input),
        cmocka_unit_test(test_deadlines),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_destroy_with_calls),
        cmocka_unit_test(test_submit_from_answers),
        cmocka_unit_test(test_not_prepared),
        cmocka_unit_test(test_result_type_changed),
        cmocka_unit_test(test_idempotent),
    };
    return cmocka_run_group_tests(tests, group_set_up_lane, group_tear_down);
}
