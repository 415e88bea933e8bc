/* The listener: notifications arrive, and after a loss it says that it listens again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "helper_group.h"
#include "segreteria/core/clock.h"
#include "segreteria/db/listen.h"

#define OWNER_OF(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

struct heard {
    struct loop *loop;
    unsigned listening, notified;
    char last[64];
    unsigned want_listening, want_notified;
    struct loop_timer timer;
    bool timed_out;
};

static void check(struct heard *heard) {
    if (heard->listening >= heard->want_listening && heard->notified >= heard->want_notified)
        loop_stop(heard->loop);
}

static void on_notify(void *context, const char *channel, const char *payload) {
    struct heard *heard = context;
    heard->notified++;
    (void)snprintf(heard->last, sizeof heard->last, "%s:%s", channel, payload);
    check(heard);
}

static void on_listening(void *context) {
    struct heard *heard = context;
    heard->listening++;
    check(heard);
}

static void on_timeout(struct loop_timer *timer) {
    struct heard *heard = OWNER_OF(timer, struct heard, timer);
    heard->timed_out = true;
    loop_stop(heard->loop);
}

static bool hear(struct heard *heard, unsigned listening, unsigned notified) {
    heard->want_listening = listening;
    heard->want_notified = notified;
    heard->timed_out = false;
    loop_timer_set(heard->loop, &heard->timer, clock_monotonic_ms() + 10000);
    if (heard->listening < listening || heard->notified < notified)
        loop_run(heard->loop);
    loop_timer_clear(heard->loop, &heard->timer);
    return !heard->timed_out;
}

static void test_listen(void **state) {
    (void)state;
    NEED_POSTGRESQL();
    struct heard heard = {.timer = {.on_due = on_timeout}};
    assert_int_equal(loop_create(&heard.loop), STATUS_OK);
    static const char *const channels[] = {"test_jobs", "test_auth"};
    struct db_listener_options options = {.conninfo = fixture.conninfo,
                                          .loop = heard.loop,
                                          .channels = channels,
                                          .channels_count = 2,
                                          .context = &heard,
                                          .on_notify = on_notify,
                                          .on_listening = on_listening};
    struct db_listener *listener = NULL;
    assert_int_equal(db_listener_create(&options, &listener), STATUS_OK);
    assert_true(hear(&heard, 1, 0));
    pg_fixture_run(&fixture, "notify test_jobs, 'one'");
    assert_true(hear(&heard, 1, 1));
    assert_string_equal(heard.last, "test_jobs:one");
    pg_fixture_run(&fixture, "notify test_auth, 'two'; notify other, 'three'");
    assert_true(hear(&heard, 1, 2));
    assert_string_equal(heard.last, "test_auth:two");

    pg_fixture_run(&fixture, "select pg_terminate_backend(pid) from pg_stat_activity"
                             " where application_name = 'segreteria listen'");
    assert_true(hear(&heard, 2, 2));
    pg_fixture_run(&fixture, "notify test_jobs, 'again'");
    assert_true(hear(&heard, 2, 3));
    assert_string_equal(heard.last, "test_jobs:again");

    pg_fixture_crash(&fixture);
    pg_fixture_restart(&fixture, false);
    assert_true(hear(&heard, 3, 3));
    pg_fixture_run(&fixture, "notify test_jobs, 'up'");
    assert_true(hear(&heard, 3, 4));
    db_listener_destroy(listener);

    static const char *const odd[] = {"Drop; table"};
    options.channels = odd;
    options.channels_count = 1;
    assert_int_equal(db_listener_create(&options, &listener), STATUS_INVALID);
    loop_destroy(heard.loop);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_listen)};
    return cmocka_run_group_tests(tests, group_set_up, group_tear_down);
}
