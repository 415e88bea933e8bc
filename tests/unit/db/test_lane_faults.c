/* A lane while PostgreSQL misbehaves: killed backends, crashes, shutdown, silence. Each call is
 * answered exactly once, reads rightly, and no write is done twice or acknowledged and lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "helper_group.h"
#include "helper_lane.h"
#include "segreteria/core/buf.h"
#include "segreteria/core/clock.h"

/* Load that keeps itself going: each answer submits the next call; writes carry a token of their
 * own, noted by fate. */
enum { LOAD_CALLS = 40, TOKENS_MAX = 200000 };

struct load {
    struct test_call calls[LOAD_CALLS];
    bool stopping;
    unsigned next_token;
    unsigned acknowledged, unknown, unavailable, reads_done;
    unsigned char fate[TOKENS_MAX]; /* 'a'cknowledged, 'u'nknown, 'n'ot run */
};

static struct load load;

static void load_next(struct test_call *call);

static void load_note(struct test_call *call) {
    assert_int_equal(call->answers, 1);
    if (call->call.statement == &stmt_insert) {
        unsigned token = (unsigned)strtoul(call->text[0] + 1, NULL, 10);
        assert_int_equal(load.fate[token], 0);
        load.fate[token] = call->outcome == DB_DONE ? 'a' : call->outcome == DB_UNKNOWN ? 'u' : 'n';
        load.acknowledged += call->outcome == DB_DONE;
        load.unknown += call->outcome == DB_UNKNOWN;
        assert_true(call->outcome == DB_DONE || call->outcome == DB_UNKNOWN ||
                    call->outcome == DB_UNAVAILABLE);
    } else {
        assert_true(call->outcome == DB_DONE || call->outcome == DB_UNAVAILABLE);
        if (call->outcome == DB_DONE) {
            char expected[32];
            (void)snprintf(expected, sizeof expected, "item %lu",
                           strtoul(call->text[0] + 24, NULL, 16));
            assert_string_equal(call->value, expected);
            load.reads_done++;
        }
    }
    load.unavailable += call->outcome == DB_UNAVAILABLE;
    load_next(call);
}

static struct loop_timer pause_timer;

static void load_next(struct test_call *call) {
    if (load.stopping)
        return;
    struct test_bench *bench = call->bench;
    char text[64];
    size_t index = (size_t)(call - load.calls);
    if (index % 2 == 0) {
        (void)snprintf(text, sizeof text, "f%u", load.next_token);
        call_prepare(bench, call, &stmt_insert, text, NULL);
    } else {
        (void)snprintf(text, sizeof text, "00000000-0000-7000-8000-%012zx",
                       (size_t)(load.next_token * 7919u + index) % 1000);
        call_prepare(bench, call, &stmt_get, text, NULL);
    }
    call->then = load_note;
    call->call.deadline_ms = clock_monotonic_ms() + 2000;
    if (call_submit(call) != STATUS_OK)
        return; /* on_pause tries again */
    load.next_token += index % 2 == 0;
    assert_true(load.next_token < TOKENS_MAX);
}

static struct test_bench *load_bench;

static void on_pause(struct loop_timer *timer) {
    for (size_t i = 0; i < LOAD_CALLS; i++)
        if (load.calls[i].call.job == NULL)
            load_next(&load.calls[i]);
    loop_timer_set(load_bench->loop, timer, clock_monotonic_ms() + 20);
}

static void load_begin(struct test_bench *bench) {
    memset(&load, 0, sizeof load);
    pg_fixture_run(&fixture, "truncate entry");
    load_bench = bench;
    for (size_t i = 0; i < LOAD_CALLS; i++)
        load.calls[i].bench = bench;
    memset(&pause_timer, 0, sizeof pause_timer);
    pause_timer.on_due = on_pause;
    loop_timer_set(bench->loop, &pause_timer, clock_monotonic_ms());
}

static void load_end(struct test_bench *bench) {
    load.stopping = true;
    loop_timer_clear(bench->loop, &pause_timer);
    assert_true(bench_run(bench, bench_idle, 10000));
    print_message("acknowledged %u, unknown %u, unavailable %u, reads %u\n", load.acknowledged,
                  load.unknown, load.unavailable, load.reads_done);
    /* Nothing doubled (the column is not unique here), nothing acknowledged lost, nothing refused
     * done. */
    assert_int_equal(
        pg_fixture_number(&fixture, "select count(*) - count(distinct token) from entry"), 0);
    pg_fixture_run(&fixture, "drop table fate; create table fate (token text, fate text)");
    struct buf sql;
    buf_init(&sql, 16u << 20);
    buf_append_text(&sql, "insert into fate values ('', '')");
    for (unsigned i = 0; i < load.next_token; i++)
        buf_printf(&sql, ",('f%u','%c')", i, load.fate[i]);
    assert_int_equal(buf_status(&sql), STATUS_OK);
    pg_fixture_run(&fixture, sql.data);
    buf_deinit(&sql);
    assert_int_equal(pg_fixture_number(&fixture,
                                       "select count(*) from fate where fate = 'a' and not exists"
                                       " (select from entry where entry.token = fate.token)"),
                     0);
    assert_int_equal(pg_fixture_number(&fixture,
                                       "select count(*) from fate where fate = 'n' and exists"
                                       " (select from entry where entry.token = fate.token)"),
                     0);
}

static void open_loaded(struct test_bench *bench) {
    bench_open(bench, &fixture,
               (struct db_lane_options){.write = true, .connections = 3, .depth_max = 8});
    assert_true(bench_run(bench, bench_ready, 10000));
    load_begin(bench);
    assert_false(bench_run(bench, bench_never, 300));
    assert_true(load.acknowledged > 0 && load.reads_done > 0);
}

static void expect_recovery(struct test_bench *bench) {
    assert_true(bench_run(bench, bench_ready, 10000));
    unsigned before = load.acknowledged, reads = load.reads_done;
    assert_false(bench_run(bench, bench_never, 500));
    assert_true(load.acknowledged > before && load.reads_done > reads);
}

static void test_backends_terminated(void **state) {
    (void)state;
    NEED_POSTGRESQL();
    struct test_bench bench;
    open_loaded(&bench);
    for (int i = 0; i < 5; i++) {
        pg_fixture_run(&fixture, "select pg_terminate_backend(pid) from pg_stat_activity"
                                 " where application_name = 'segreteria test'");
        assert_false(bench_run(&bench, bench_never, 100));
    }
    expect_recovery(&bench);
    load_end(&bench);
    bench_close(&bench);
}

static void test_crash_and_restart(void **state) {
    (void)state;
    NEED_POSTGRESQL();
    struct test_bench bench;
    open_loaded(&bench);
    for (int i = 0; i < 3; i++) {
        pg_fixture_crash(&fixture);
        assert_false(bench_run(&bench, bench_never, 300));
        assert_false(db_lane_ready(bench.lane));
        pg_fixture_restart(&fixture, false);
        expect_recovery(&bench);
    }
    load_end(&bench);
    bench_close(&bench);
}

/* Without PostgreSQL for longer than the grace, calls are refused at once; waiting ones end by
 * their deadline. */
static void test_refused_while_down(void **state) {
    (void)state;
    NEED_POSTGRESQL();
    struct test_bench bench;
    open_loaded(&bench);
    pg_fixture_crash(&fixture);
    assert_false(bench_run(&bench, bench_never, 2500));
    struct test_call call;
    call_prepare(&bench, &call, &stmt_echo, "down", NULL);
    assert_int_equal(call_submit(&call), STATUS_UNAVAILABLE);
    assert_int_equal(db_lane_load(bench.lane), 0);
    pg_fixture_restart(&fixture, true);
    expect_recovery(&bench);
    load_end(&bench);
    bench_close(&bench);
}

/* A backend that is stopped says nothing: the connection is given up, the others go on. */
static void test_silent_backend(void **state) {
    (void)state;
    NEED_POSTGRESQL();
    struct test_bench bench;
    bench_open(&bench, &fixture, (struct db_lane_options){.statement_timeout_ms = 300});
    assert_true(bench_run(&bench, bench_ready, 5000));
    long pid = pg_fixture_number(
        &fixture, "select pid from pg_stat_activity where application_name = 'segreteria test'");
    assert_true(pid > 0);
    assert_int_equal(kill((pid_t)pid, SIGSTOP), 0);
    struct test_call call;
    call_prepare(&bench, &call, &stmt_echo, "silence", NULL);
    assert_int_equal(call_submit(&call), STATUS_OK);
    assert_true(bench_run(&bench, bench_idle, 5000));
    assert_int_equal(call.outcome, DB_DONE); /* on a new connection */
    assert_string_equal(call.value, "silence");
    assert_int_equal(kill((pid_t)pid, SIGCONT), 0);
    bench_close(&bench);
}

static bool one_waits_for_standby(struct test_bench *bench) {
    (void)bench;
    return pg_fixture_number(
               &fixture, "select count(*) from pg_stat_activity where wait_event = 'SyncRep'") > 0;
}

static void set_standby(const char *sql) {
    pg_fixture_run(&fixture, sql);
    pg_fixture_run(&fixture, "select pg_reload_conf()");
    usleep(200000);
}

/* A commit that no standby confirms: never acknowledged, whether the wait is cancelled or the lane
 * loses patience. */
static void test_not_replicated(void **state) {
    (void)state;
    NEED_POSTGRESQL();
    struct helpers *helpers = NULL;
    assert_int_equal(helpers_create(1, 4, &helpers), STATUS_OK);
    struct test_bench bench;
    bench_open(
        &bench, &fixture,
        (struct db_lane_options){.write = true, .statement_timeout_ms = 500, .helpers = helpers});
    assert_true(bench_run(&bench, bench_ready, 5000));
    set_standby("alter system set synchronous_standby_names = 'nobody'");
    struct test_call cancelled, stuck, read;
    call_prepare(&bench, &cancelled, &stmt_insert, "cancelled", NULL);
    assert_int_equal(call_submit(&cancelled), STATUS_OK);
    assert_false(bench_run(&bench, bench_never, 100));
    assert_true(one_waits_for_standby(&bench));
    pg_fixture_number(
        &fixture,
        "select count(pg_cancel_backend(pid)) from pg_stat_activity where wait_event = 'SyncRep'");
    assert_true(bench_run(&bench, bench_idle, 5000));
    assert_int_equal(cancelled.answers, 1);
    assert_int_equal(cancelled.outcome, DB_UNKNOWN);

    call_prepare(&bench, &stuck, &stmt_insert, "stuck", NULL);
    call_prepare(&bench, &read, &stmt_echo, "behind", NULL);
    assert_int_equal(call_submit(&stuck), STATUS_OK);
    assert_int_equal(call_submit(&read), STATUS_OK);
    assert_true(bench_run(&bench, bench_idle, 5000));
    assert_int_equal(stuck.outcome, DB_UNKNOWN);
    assert_string_equal(read.value, "behind");
    assert_false(bench_run(&bench, bench_never, 300));
    assert_false(one_waits_for_standby(&bench)); /* no backend is left behind */
    set_standby("alter system reset synchronous_standby_names");
    assert_int_equal(
        pg_fixture_number(&fixture,
                          "select count(*) from entry where token in ('cancelled', 'stuck')"),
        2);
    helpers_destroy(helpers);
    bench_close(&bench);
}

/* Names are resolved, a dead address is passed over, and a silent one does not hold up the start.
 */
static void test_several_hosts(void **state) {
    (void)state;
    NEED_POSTGRESQL();
    int silent = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof address;
    assert_true(silent >= 0 && bind(silent, (struct sockaddr *)&address, sizeof address) == 0 &&
                listen(silent, 8) == 0 &&
                getsockname(silent, (struct sockaddr *)&address, &size) == 0);
    char conninfo[256];
    (void)snprintf(conninfo, sizeof conninfo,
                   "host=localhost,127.0.0.1,%s port=1,%u,5432 user=postgres dbname=postgres",
                   fixture.directory, ntohs(address.sin_port));
    struct helpers *helpers = NULL;
    assert_int_equal(helpers_create(1, 4, &helpers), STATUS_OK);
    struct test_bench bench;
    bench_open(&bench, &fixture,
               (struct db_lane_options){.conninfo = conninfo, .helpers = helpers});
    uint64_t begun = clock_monotonic_ms();
    assert_true(bench_run(&bench, bench_ready, 10000));
    assert_true(clock_monotonic_ms() - begun < 6000);
    helpers_destroy(helpers);
    bench_close(&bench);
    (void)close(silent);
}

/* Gone while a helper resolves its name. */
static void test_destroy_while_resolving(void **state) {
    (void)state;
    struct helpers *helpers = NULL;
    assert_int_equal(helpers_create(1, 4, &helpers), STATUS_OK);
    struct test_bench bench;
    bench_open(
        &bench, &fixture,
        (struct db_lane_options){.conninfo = "host=does-not-exist.invalid", .helpers = helpers});
    db_lane_destroy(bench.lane);
    bench.lane = NULL;
    helpers_destroy(helpers);
    bench_close(&bench);
}

static void test_bad_conninfo(void **state) {
    (void)state;
    struct loop *loop = NULL;
    assert_int_equal(loop_create(&loop), STATUS_OK);
    struct db_lane *lane = NULL;
    struct db_lane_options options = {.name = "bad",
                                      .conninfo = "host=/tmp wrong",
                                      .loop = loop,
                                      .connections = 1,
                                      .depth_max = 1,
                                      .queue_max = 1};
    assert_int_equal(db_lane_create(&options, &lane), STATUS_INVALID);
    options.conninfo = "host=a.invalid,b.invalid port=1,2,3";
    assert_int_equal(db_lane_create(&options, &lane), STATUS_INVALID);
    options.conninfo = "host=a.invalid";
    assert_int_equal(db_lane_create(&options, &lane), STATUS_INVALID); /* a name, and no helpers */
    assert_null(lane);
    loop_destroy(loop);
}

static int set_up(void **state) {
    (void)group_set_up_lane(state);
    if (have_postgresql)
        pg_fixture_run(&fixture,
                       "alter table entry drop constraint entry_token_key; create table fate ()");
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_backends_terminated),     cmocka_unit_test(test_crash_and_restart),
        cmocka_unit_test(test_refused_while_down),      cmocka_unit_test(test_silent_backend),
        cmocka_unit_test(test_not_replicated),          cmocka_unit_test(test_several_hosts),
        cmocka_unit_test(test_destroy_while_resolving), cmocka_unit_test(test_bad_conninfo),
    };
    return cmocka_run_group_tests(tests, set_up, group_tear_down);
}
