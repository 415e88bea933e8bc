/* The SQLSTATE table and the rules of the constraints. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "helper_pg.h"
#include "segreteria/db/constraints.h"
#include "segreteria/db/sqlstate.h"

static void expect(const char *sqlstate, int status, const char *code) {
    struct db_refusal refusal = db_sqlstate_refusal(sqlstate);
    assert_int_equal(refusal.status, status);
    assert_string_equal(refusal.code, code);
}

static void test_table(void **state) {
    (void)state;
    expect("23505", 409, "conflict");
    expect("23514", 422, "validation_failed");
    expect("23502", 422, "validation_failed");
    expect("23503", 422, "validation_failed");
    expect("22003", 422, "validation_failed");
    expect("40001", 503, "overloaded");
    expect("40P01", 503, "overloaded");
    expect("57014", 503, "overloaded");
    expect("53300", 503, "overloaded");
    expect("53100", 503, "overloaded");
    expect("57P01", 503, "unavailable");
    expect("08006", 503, "unavailable");
    expect("25006", 503, "unavailable");
    expect("SG003", 401, "invalid_token");
    expect("SG004", 403, "forbidden");
    expect("SG005", 403, "company_suspended");
    expect("42P01", 500, "internal_error");
    expect("P0001", 500, "internal_error");
    expect("", 500, "internal_error");
}

static void test_constraints(void **state) {
    (void)state;
    struct pg_fixture fixture;
    if (!pg_fixture_start(&fixture)) {
        print_message("no PostgreSQL on this machine: skipped\n");
        skip();
    }
    struct buf text;
    buf_init(&text, 4096);
    struct db_constraints *constraints = NULL;
    assert_int_equal(db_constraints_load(fixture.conninfo, &constraints, &text),
                     STATUS_UNAVAILABLE); /* no such table */
    assert_null(constraints);
    assert_true(text.len > 0);
    pg_fixture_run(&fixture,
                   "create table rule_texts (code text, en text, it text);"
                   "create table constraint_rules (constraint_name text, pointer text, code text);"
                   "insert into rule_texts values ('range', 'Out of range.', 'Fuori \"limite\".');"
                   "insert into constraint_rules values ('b_two', '/b', 'range'),"
                   " ('a_one', '/a', 'range'), ('c', '', 'range')");
    buf_clear(&text);
    assert_int_equal(db_constraints_load(fixture.conninfo, &constraints, &text), STATUS_OK);
    assert_null(db_constraints_find(constraints, "d"));
    assert_null(db_constraints_find(constraints, ""));
    assert_null(db_constraints_find(NULL, "a_one"));
    const struct db_constraint *rule = db_constraints_find(constraints, "b_two");
    assert_non_null(rule);
    assert_string_equal(rule->pointer, "/b");
    db_constraint_members(rule, "it", &text);
    assert_string_equal(text.data, "{\"errors\":[{\"pointer\":\"/b\",\"code\":\"range\","
                                   "\"detail\":\"Fuori \\\"limite\\\".\"}]}");
    db_constraints_destroy(constraints);
    buf_deinit(&text);
    pg_fixture_stop(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_constraints),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
