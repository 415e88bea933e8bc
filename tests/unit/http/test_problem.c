/* Problem documents: what is in them, in both languages, with every violation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>

#include "helper_catalogue.h"
#include "segreteria/http/reply.h"

static struct contract *contract;

static json_t *document(const struct http_problem *problem, enum lang lang, struct str instance) {
    struct buf out;
    buf_init(&out, 65536);
    http_problem_format(contract, lang, problem, instance, &out);
    assert_int_equal(buf_status(&out), STATUS_OK);
    json_t *json = json_loadb(out.data, out.len, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(json);
    buf_deinit(&out);
    return json;
}

static void assert_text(const json_t *object, const char *member, const char *text) {
    const char *value = json_string_value(json_object_get(object, member));
    assert_non_null(value);
    assert_string_equal(value, text);
}

static void test_plain(void **state) {
    (void)state;
    struct http_problem problem = {.code = "not_found"};
    json_t *json = document(&problem, LANG_EN, STR("/v1/jobs/x"));
    assert_text(json, "type", "/problems/not_found");
    assert_text(json, "title", "Title of not_found");
    assert_text(json, "detail", "Detail of not_found.");
    assert_text(json, "instance", "/v1/jobs/x");
    assert_text(json, "code", "not_found");
    assert_int_equal(json_integer_value(json_object_get(json, "status")), 404);
    assert_null(json_object_get(json, "errors"));
    json_decref(json);
    json = document(&problem, LANG_IT, STR_NONE);
    assert_text(json, "title", "Titolo di not_found");
    assert_null(json_object_get(json, "instance"));
    json_decref(json);
}

static void test_detail_is_escaped(void **state) {
    (void)state;
    struct http_problem problem = {.code = "not_found", .detail = STR("a \"b\" \\ \n c")};
    json_t *json = document(&problem, LANG_EN, STR("/\"x"));
    assert_text(json, "detail", "a \"b\" \\ \n c");
    assert_text(json, "instance", "/\"x");
    json_decref(json);
}

static void test_unknown_code(void **state) {
    (void)state;
    struct http_problem problem = {.code = "no_such_code"};
    json_t *json = document(&problem, LANG_EN, STR_NONE);
    assert_text(json, "code", "internal_error");
    assert_int_equal(json_integer_value(json_object_get(json, "status")), 500);
    json_decref(json);
}

static void test_violations(void **state) {
    (void)state;
    struct arena arena;
    struct violations violations;
    arena_init(&arena, 65536);
    violations_init(&violations, &arena);
    violations_add(&violations, STR("/title"), "max_length", STR("160"), STR_NONE);
    violations_add(&violations, STR("/a~1b"), "required", STR_NONE, STR_NONE);
    struct parameter_violation second = {
        .place = IN_HEADER, .name = STR("Host"), .violation.code = "required"};
    struct parameter_violation first = {.place = IN_QUERY,
                                        .name = STR("limit"),
                                        .violation.code = "unknown_parameter",
                                        .next = &second};
    struct http_problem problem = {.code = "validation_failed",
                                   .body_violations = &violations,
                                   .parameter_violations = &first};
    for (enum lang lang = LANG_EN; lang <= LANG_IT; lang++) {
        json_t *json = document(&problem, lang, STR_NONE),
               *errors = json_object_get(json, "errors");
        assert_int_equal(json_array_size(errors), 4);
        assert_text(json_array_get(errors, 0), "pointer", "/title");
        assert_text(json_array_get(errors, 0), "code", "max_length");
        assert_non_null(
            strstr(json_string_value(json_object_get(json_array_get(errors, 0), "detail")), "160"));
        assert_text(json_array_get(errors, 1), "pointer", "/a~1b");
        assert_text(json_array_get(errors, 2), "parameter", "limit");
        assert_text(json_array_get(errors, 3), "header", "Host");
        json_decref(json);
    }
    arena_deinit(&arena);
}

static void test_members(void **state) {
    (void)state;
    struct http_problem problem = {
        .code = "validation_failed",
        .members = STR("{\"application_id\":\"x\",\"status\":200,\"allowed\":[\"a\"],\"errors\":"
                       "[{\"pointer\":\"/status\",\"code\":\"enum\"},"
                       "{\"pointer\":\"/a\",\"code\":\"x\",\"detail\":\"y\"}]}"),
    };
    json_t *json = document(&problem, LANG_EN, STR_NONE), *errors = json_object_get(json, "errors");
    assert_text(json, "application_id", "x");
    assert_int_equal(json_integer_value(json_object_get(json, "status")), 422);
    assert_int_equal(json_array_size(json_object_get(json, "allowed")), 1);
    assert_int_equal(json_array_size(errors), 2);
    assert_non_null(json_object_get(json_array_get(errors, 0), "detail"));
    assert_text(json_array_get(errors, 1), "detail", "y");
    json_decref(json);
    problem.members = STR("not json");
    json = document(&problem, LANG_EN, STR_NONE);
    assert_text(json, "code", "validation_failed");
    json_decref(json);
}

int main(void) {
    contract = test_contract();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain),        cmocka_unit_test(test_detail_is_escaped),
        cmocka_unit_test(test_unknown_code), cmocka_unit_test(test_violations),
        cmocka_unit_test(test_members),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    contract_destroy(contract);
    return failed;
}
