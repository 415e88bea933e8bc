/* Kept answers: bounded in entries and bytes whatever is asked, gone with the first change of what
 * they show, and old ones are not given. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sodium.h>
#include <stdio.h>

#include "segreteria/api/answers.h"
#include "segreteria/api/metrics.h"
#include "segreteria/http/reply.h"

#define MIB ((size_t)1024 * 1024)

static struct api_metrics metrics;
static struct answers *answers;

static int setup(void **state) {
    (void)state;
    metrics = (struct api_metrics){0};
    return sodium_init() < 0 || answers_create(&metrics, &answers) != STATUS_OK ? -1 : 0;
}

static int teardown(void **state) {
    (void)state;
    answers_destroy(answers);
    return 0;
}

static void put(const char *key, struct str body, uint64_t epoch, uint64_t now_ms) {
    struct http_reply reply = {.status = 200, .parts = {body}, .parts_count = 1};
    answers_put(answers, str_of(key), epoch, now_ms, &reply);
}

static bool gives(const char *key, struct str body, uint64_t epoch, uint64_t now_ms) {
    struct http_reply reply = {0};
    if (!answers_get(answers, str_of(key), epoch, now_ms, &reply))
        return false;
    bool right = reply.status == 200 && reply.parts_count == 1 && str_eq(reply.parts[0], body);
    reply.release(reply.owner);
    assert_true(right);
    return true;
}

static void what_was_put_is_given(void **state) {
    (void)state;
    put("a", STR("one"), 1, 0);
    assert_true(gives("a", STR("one"), 1, 0));
    assert_false(gives("b", STR("one"), 1, 0));
    put("a", STR("two"), 1, 0);
    assert_true(gives("a", STR("two"), 1, 9999));
    assert_int_equal(counter_read(&metrics.answers.entries), 1);
}

static void a_change_empties(void **state) {
    (void)state;
    put("a", STR("one"), 1, 0);
    assert_false(gives("a", STR("one"), 2, 0));
    assert_false(gives("a", STR("one"), 1, 0)); /* not even when the epoch came back */
    assert_int_equal(counter_read(&metrics.answers.entries), 0);
    assert_int_equal(counter_read(&metrics.answers.bytes), 0);
}

static void the_old_is_not_given(void **state) {
    (void)state;
    put("a", STR("one"), 1, 5000);
    assert_true(gives("a", STR("one"), 1, 14999));
    assert_false(gives("a", STR("one"), 1, 15000));
}

static void only_plain_answers_are_kept(void **state) {
    (void)state;
    struct http_reply replies[] = {
        {.status = 404, .parts = {STR("x")}, .parts_count = 1},
        {.status = 200, .parts = {STR("x")}, .parts_count = 1, .no_store = true},
        {.status = 200, .parts = {STR("x")}, .parts_count = 1, .secret = true},
        {.status = 200, .parts = {STR("x")}, .parts_count = 1, .content_type = "text/plain"},
    };
    for (size_t i = 0; i < sizeof replies / sizeof replies[0]; i++)
        answers_put(answers, STR("a"), 1, 0, &replies[i]);
    assert_false(gives("a", STR("x"), 1, 0));
}

static void they_are_bounded(void **state) {
    (void)state;
    static char bytes[64 * 1024 + 1];
    char key[32];
    for (unsigned i = 0; i < 20000; i++) {
        (void)snprintf(key, sizeof key, "key %u", i);
        put(key, str_from(bytes, i % 2 == 0 ? 64 * 1024 : 10), 1, 0);
        assert_true(counter_read(&metrics.answers.entries) <= 1024);
        assert_true(counter_read(&metrics.answers.bytes) <= 32 * MIB);
    }
    assert_true(counter_read(&metrics.answers.entries) > 100);
    put("too large", str_from(bytes, sizeof bytes), 1, 0);
    assert_false(gives("too large", str_from(bytes, sizeof bytes), 1, 0));
}

static void what_is_being_sent_stays(void **state) {
    (void)state;
    struct http_reply reply = {0};
    put("a", STR("one"), 1, 0);
    assert_true(answers_get(answers, STR("a"), 1, 0, &reply));
    put("a", STR("two"), 1, 0);
    assert_false(gives("a", STR("two"), 2, 0));
    assert_true(str_eq(reply.parts[0], STR("one")));
    assert_true(counter_read(&metrics.answers.bytes) > 0);
    reply.release(reply.owner);
    assert_int_equal(counter_read(&metrics.answers.bytes), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_put_is_given, setup, teardown),
        cmocka_unit_test_setup_teardown(a_change_empties, setup, teardown),
        cmocka_unit_test_setup_teardown(the_old_is_not_given, setup, teardown),
        cmocka_unit_test_setup_teardown(only_plain_answers_are_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(they_are_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_being_sent_stays, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
