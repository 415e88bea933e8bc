/* The rules for vacancies: what is found, where, what is spared, and rules that cannot be read. */
#include "segreteria/lint/lint.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* clang-format off: JSON reads better on its own lines */
static const char rules[] =
    "{\"words\":{\"animal\":\"(?:cat|{{big}})\",\"big\":\"horse\"},\"rules\":["
    "{\"id\":\"animals\",\"severity\":\"error\",\"countries\":[\"IT\",\"FR\"],"
    "\"detail\":{\"en\":\"e\",\"it\":\"i\"},\"suggestion\":{\"en\":\"e\",\"it\":\"i\"},"
    "\"article\":\"a\",\"patterns\":[\"\\\\b{{animal}}s?\\\\b\",\"black \\\\w+\"],"
    "\"unless\":[\"cat flap\"],\"unless_sentence\":[\"\\\\btoy\\\\b\"]},"
    "{\"id\":\"colour\",\"severity\":\"warning\","
    "\"detail\":{\"en\":\"e\",\"it\":\"i\"},\"suggestion\":{\"en\":\"e\",\"it\":\"i\"},"
    "\"article\":\"a\",\"patterns\":[\"black\"]}]}";
/* clang-format on */

static struct lint *make(const char *text, enum status expected) {
    struct lint *lint = NULL;
    struct buf error;
    buf_init(&error, 1024);
    assert_int_equal(lint_create(str_of(text), &lint, &error), expected);
    assert_true((expected == STATUS_OK) == (error.len == 0));
    buf_deinit(&error);
    return lint;
}

static struct lint_findings *look(const char *text) {
    static struct lint_findings findings;
    struct lint *lint = make(rules, STATUS_OK);
    findings.count = 0;
    assert_int_equal(lint_text(lint, str_of(text), &findings), STATUS_OK);
    lint_destroy(lint);
    return &findings;
}

static void finds_words_and_counts_characters(void **state) {
    (void)state;
    struct lint_findings *found = look("È così: one CAT, two horses");
    assert_int_equal(found->count, 2);
    assert_int_equal(found->list[0].start, 12);
    assert_int_equal(found->list[0].length, 3);
    assert_int_equal(found->list[1].start, 21);
    assert_int_equal(found->list[1].length, 6);
}

static void one_place_is_told_once_for_a_rule(void **state) {
    (void)state;
    struct lint_findings *found = look("a black cat");
    assert_int_equal(found->count, 2); /* animals: "black cat"; colour: "black" */
    assert_int_equal(found->list[0].start, 2);
    assert_int_equal(found->list[0].length, 9);
    assert_int_equal(found->list[1].length, 5);
}

static void spares_what_the_rule_spares(void **state) {
    (void)state;
    assert_int_equal(look("The cat flap.")->count, 0);
    assert_int_equal(look("A toy. A cat.")->count, 1);
    assert_int_equal(look("A toy for the cat. The horse of art. 27 is no toy.")->count, 0);
    assert_int_equal(look("")->count, 0);
}

static void stops_in_its_countries_only(void **state) {
    (void)state;
    struct lint *lint = make(rules, STATUS_OK);
    struct lint_findings *findings = calloc(1, sizeof *findings);
    assert_non_null(findings);
    assert_int_equal(lint_text(lint, STR("black cat"), findings), STATUS_OK);
    assert_true(lint_rule_stops(findings->list[0].rule, STR("FR")));
    assert_false(lint_rule_stops(findings->list[0].rule, STR("DE")));
    assert_false(lint_rule_stops(findings->list[0].rule, STR_NONE));
    assert_false(lint_rule_stops(findings->list[1].rule, STR("IT")));
    free(findings);
    lint_destroy(lint);
}

static void stops_at_the_most(void **state) {
    (void)state;
    char *text = malloc(4 * 500 + 1);
    assert_non_null(text);
    for (size_t i = 0; i < 500; i++)
        memcpy(text + 4 * i, "cat ", 4);
    text[2000] = '\0';
    assert_int_equal(look(text)->count, LINT_FINDINGS_MAX);
    free(text);
}

/* One rule with this severity and this pattern. */
static void refuses(const char *severity, const char *pattern) {
    char text[512];
    (void)snprintf(text, sizeof text,
                   "{\"words\":{\"a\":\"{{a}}\"},\"rules\":[{\"id\":\"x\",\"severity\":\"%s\","
                   "\"detail\":{\"en\":\"e\",\"it\":\"i\"},\"suggestion\":{\"en\":\"e\","
                   "\"it\":\"i\"},\"article\":\"a\",\"patterns\":[\"%s\"]}]}",
                   severity, pattern);
    lint_destroy(make(text, STATUS_INVALID));
}

static void refuses_rules_it_cannot_read(void **state) {
    (void)state;
    lint_destroy(make("", STATUS_INVALID));
    lint_destroy(make("{}", STATUS_INVALID));
    lint_destroy(make("{\"rules\":[{}]}", STATUS_INVALID));
    refuses("fatal", "x");
    refuses("error", "(");
    refuses("error", "{{nobody}}");
    refuses("error", "{{open");
    refuses("error", "{{a}}"); /* itself */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_words_and_counts_characters),
        cmocka_unit_test(one_place_is_told_once_for_a_rule),
        cmocka_unit_test(spares_what_the_rule_spares),
        cmocka_unit_test(stops_in_its_countries_only),
        cmocka_unit_test(stops_at_the_most),
        cmocka_unit_test(refuses_rules_it_cannot_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
