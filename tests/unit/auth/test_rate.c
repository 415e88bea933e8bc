/* Rate limits: what a bucket gives, that its memory is bounded, and that nobody's bucket is filled
 * by others who come. Time is the test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>
#include <malloc.h>
#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>

#include "segreteria/auth/rate.h"
#include "segreteria/core/clock.h"

#define SECOND 1000000u

static struct rate_limiter *limiter;
static uint64_t now;

static void make(const char *rule, size_t buckets) {
    struct rate_rules rules = {0};
    assert_int_equal(rate_rules_parse(str_of(rule), &rules), STATUS_OK);
    assert_int_equal(rate_limiter_create(&rules, buckets, &limiter), STATUS_OK);
    now = clock_monotonic_us();
}

static struct rate_verdict take(const char *id, uint32_t units) {
    return rate_take(limiter, RATE_READ, RATE_TOKEN, str_of(id), units, now);
}

static int teardown(void **state) {
    (void)state;
    rate_limiter_destroy(limiter);
    limiter = NULL;
    return 0;
}

static void rules(void **state) {
    (void)state;
    struct rate_rules out;
    rate_rules_default(&out);
    assert_int_equal(rate_rules_parse(STR("write=600/minute,50"), &out), STATUS_OK);
    assert_int_equal(out.classes[RATE_WRITE].count, 600);
    assert_int_equal(out.classes[RATE_WRITE].period_s, 60);
    assert_int_equal(out.classes[RATE_WRITE].burst, 50);
    assert_int_equal(rate_rules_parse(STR("sign_in=5/hour"), &out), STATUS_OK);
    assert_int_equal(out.classes[RATE_SIGN_IN].burst, 5);
    assert_int_equal(rate_rules_parse(STR("read=off"), &out), STATUS_OK);
    assert_false(out.classes[RATE_READ].on);
    assert_true(out.classes[RATE_WRITE].on);
    static const char *const wrong[] = {"",
                                        "write",
                                        "write=",
                                        "write=0/minute",
                                        "write=1/week",
                                        "write=1",
                                        "write=1/minute,",
                                        "write=1/minute,0",
                                        "write=1/minute,x",
                                        "none=1/minute",
                                        "all=1/day",
                                        "write=-1/minute",
                                        "write=1/day,2",
                                        "write=1/minute,1,1",
                                        "write=1/minute/2"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        assert_int_equal(rate_rules_parse(str_of(wrong[i]), &out), STATUS_INVALID);
    assert_int_equal(rate_rules_parse(STR("off"), &out), STATUS_OK);
    for (unsigned class = 0; class < RATE_CLASSES; class ++)
        assert_false(out.classes[class].on);
}

static void burst_then_rate(void **state) {
    (void)state;
    make("read=60/minute,10", 64);
    for (uint32_t i = 0; i < 10; i++) {
        struct rate_verdict verdict = take("a", 1);
        assert_true(verdict.allowed);
        assert_int_equal(verdict.remaining, 9 - i);
        assert_int_equal(verdict.full_s, i + 1);
    }
    struct rate_verdict refused = take("a", 1);
    assert_false(refused.allowed);
    assert_int_equal(refused.remaining, 0);
    assert_int_equal(refused.wait_s, 1);
    assert_true(take("b", 1).allowed);
    now += SECOND * 3 / 4;
    assert_false(take("a", 1).allowed);
    now += SECOND / 4; /* what was refused cost nothing */
    assert_true(take("a", 1).allowed);
    assert_false(take("a", 1).allowed);
    now += 1000 * (uint64_t)SECOND;
    assert_int_equal(take("a", 0).remaining, 10);
    assert_true(take("a", 10).allowed);
    assert_false(take("a", 1).allowed);
    assert_false(take("c", 11).allowed);
    assert_string_equal(refused.policy.ptr, "\"read\";q=10;w=10");
}

static void classes_and_holders_are_apart(void **state) {
    (void)state;
    struct rate_rules out = {0};
    assert_int_equal(rate_rules_parse(STR("read=1/minute"), &out), STATUS_OK);
    assert_int_equal(rate_rules_parse(STR("write=1/minute"), &out), STATUS_OK);
    assert_int_equal(rate_limiter_create(&out, 64, &limiter), STATUS_OK);
    now = clock_monotonic_us();
    assert_true(rate_take(limiter, RATE_READ, RATE_TOKEN, STR("a"), 1, now).allowed);
    assert_true(rate_take(limiter, RATE_WRITE, RATE_TOKEN, STR("a"), 1, now).allowed);
    assert_true(rate_take(limiter, RATE_READ, RATE_ADDRESS, STR("a"), 1, now).allowed);
    for (unsigned i = 0; i < RATE_ACCOUNT_FACTOR; i++)
        assert_true(rate_take(limiter, RATE_READ, RATE_ACCOUNT, STR("a"), 1, now).allowed);
    assert_false(rate_take(limiter, RATE_READ, RATE_ACCOUNT, STR("a"), 1, now).allowed);
    assert_false(rate_take(limiter, RATE_READ, RATE_TOKEN, STR("a"), 1, now).allowed);
    assert_false(rate_limiter_on(limiter, RATE_EXPORT));
}

/* The long run: never more than the burst and what the time gives. */
static void never_more_than_the_rule(void **state) {
    (void)state;
    make("read=100/second,20", 64);
    unsigned given = 0;
    for (unsigned i = 0; i < 10000; i++, now += 1000)
        given += take("a", 1).allowed ? 1 : 0;
    assert_in_range(given, 20 + 990, 20 + 1000);
}

static size_t allocated(void) { return mallinfo2().uordblks; }

static void a_million_clients_in_bounded_memory(void **state) {
    (void)state;
    make("read=60/minute,10", (size_t)1 << 17);
    size_t before = allocated();
    char id[32];
    unsigned refused = 0;
    for (unsigned i = 0; i < 1000000; i++, now += 10) { /* 100,000 a second */
        (void)snprintf(id, sizeof id, "client %u", i);
        refused += take(id, 1).allowed ? 0 : 1;
    }
    assert_true(allocated() <= before);
    assert_int_equal(refused, 0); /* nobody pays for the crowd */
}

/* One that has used up its own cannot have it forgotten by sending a crowd: among the smallest
 * table and a million others, it is still refused; and its own requests take what they took. */
static void a_crowd_resets_nobody(void **state) {
    (void)state;
    make("read=1/minute,60", 64);
    assert_true(take("greedy", 60).allowed);
    uint64_t until = now + 60u * 60 * (uint64_t)SECOND;
    char id[32];
    for (unsigned i = 0; i < 1000000; i++) {
        (void)snprintf(id, sizeof id, "other %u", i);
        (void)take(id, 1);
        if (i % 1000 == 0) {
            struct rate_verdict verdict = take("greedy", 0);
            uint64_t fair = 60 - (until - now) / (60u * (uint64_t)SECOND);
            assert_true(verdict.remaining <= fair);
        }
        now += 1000; /* 1,000 seconds in all: 16 units come back */
    }
    assert_true(take("greedy", 0).remaining <= 17);
}

#define THREADS 4
#define TAKES 200000
static atomic_uint_fast64_t given;

static void *hammer(void *context) {
    (void)context;
    for (unsigned i = 0; i < TAKES; i++)
        if (take("shared", 1).allowed)
            (void)atomic_fetch_add(&given, 1);
    return NULL;
}

/* Time stands still: exactly the burst, whoever asks on whichever thread. */
static void threads_share_one_bucket(void **state) {
    (void)state;
    make("read=1000/second,50000", 64);
    pthread_t threads[THREADS];
    atomic_store(&given, 0);
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hammer, NULL), 0);
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(atomic_load(&given), 50000);
}

static void time_runs_round(void **state) {
    (void)state;
    make("read=60/minute,10", 64);
    assert_true(take("a", 10).allowed);
    assert_false(take("a", 1).allowed);
    now += ((uint64_t)1 << 45) - 5 * SECOND; /* 2^44 steps of 2 microseconds, nearly */
    assert_true(take("b", 10).allowed);
    assert_false(take("b", 1).allowed);
    now += 6 * SECOND; /* past the turn */
    assert_int_equal(take("b", 0).remaining, 6);
    assert_true(take("c", 10).allowed);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(rules, teardown),
        cmocka_unit_test_teardown(burst_then_rate, teardown),
        cmocka_unit_test_teardown(classes_and_holders_are_apart, teardown),
        cmocka_unit_test_teardown(never_more_than_the_rule, teardown),
        cmocka_unit_test_teardown(a_million_clients_in_bounded_memory, teardown),
        cmocka_unit_test_teardown(a_crowd_resets_nobody, teardown),
        cmocka_unit_test_teardown(threads_share_one_bucket, teardown),
        cmocka_unit_test_teardown(time_runs_round, teardown),
    };
    return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
