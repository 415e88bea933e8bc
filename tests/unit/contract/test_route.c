/* The router: templates, precedence, percent-encoding, methods. */
#include "helper_contract.h"

#define ID "{'name': 'id', 'in': 'path', 'required': true, 'schema': {'type': 'string'}}"
#define ITEM(parameters, operations) "{'parameters': [" parameters "], " operations "}"

/* Texts that follow one another, a path a line. */
// clang-format off
static const char paths[] =
    "'/v1/jobs': {'get': " OPERATION("jobs_list", "") ", 'post': " OPERATION("jobs_create", "") "},"
    "'/v1/jobs/{id}': " ITEM(ID, "'get': " OPERATION("jobs_get", "")
                                 ", 'delete': " OPERATION("jobs_delete", "")) ","
    "'/v1/jobs/batch': {'post': " OPERATION("jobs_batch", "") "},"
    "'/v1/jobs/{id}/applications': " ITEM(ID, "'get': " OPERATION("applications_list", "")) ","
    "'/v1/jobs/{id}/applications/{b}/{c}/{d}': "
    ITEM(ID ", {'name': 'd', 'in': 'path', 'required': true, 'schema': {'type': 'string'}},"
            "{'name': 'b', 'in': 'path', 'required': true, 'schema': {'type': 'string'}},"
            "{'name': 'c', 'in': 'path', 'required': true, 'schema': {'type': 'string'}}",
         "'get': " OPERATION("deep_get", "")) ","
    "'/openapi.json': {'get': " OPERATION("system_openapi", "") "}";
// clang-format on

static struct contract *contract;
static struct arena arena;

static int setup(void **state) {
    (void)state;
    contract = helper_contract(paths, "");
    arena_init(&arena, 1 << 20);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    contract_destroy(contract);
    arena_deinit(&arena);
    return 0;
}

static struct route route_to(enum http_method method, const char *path) {
    struct route route;
    assert_int_equal(contract_route(contract, method, str_of(path), &arena, &route), STATUS_OK);
    return route;
}

static void assert_operation(enum http_method method, const char *path, const char *id) {
    struct route route = route_to(method, path);
    if (route.operation == NULL)
        fail_msg("no operation for %s", path);
    assert_str(route.operation->id, id);
}

static void assert_nothing(const char *path) {
    struct route route = route_to(HTTP_GET, path);
    if (route.allowed != 0 || route.operation != NULL)
        fail_msg("%s should be no path", path);
    assert_int_equal(route.path_params_count, 0);
}

static void operations(void **state) {
    (void)state;
    assert_operation(HTTP_GET, "/v1/jobs", "jobs_list");
    assert_operation(HTTP_POST, "/v1/jobs", "jobs_create");
    assert_operation(HTTP_GET, "/v1/jobs/42", "jobs_get");
    assert_operation(HTTP_HEAD, "/v1/jobs/42", "jobs_get");
    assert_operation(HTTP_POST, "/v1/jobs/batch", "jobs_batch");
    assert_operation(HTTP_GET, "/v1/jobs/42/applications", "applications_list");
    assert_operation(HTTP_GET, "/openapi.json", "system_openapi");
}

static void parameters_in_order_of_the_template(void **state) {
    (void)state;
    struct route route = route_to(HTTP_GET, "/v1/jobs/1/applications/2/3/4");
    assert_int_equal(route.path_params_count, 4);
    for (size_t i = 0; i < 4; i++)
        assert_str(route.path_params[i], (const char *[]){"1", "2", "3", "4"}[i]);
    static const char *const names[] = {"id", "b", "c", "d"};
    for (size_t i = 0; i < 4; i++)
        assert_str(route.operation->parameters[i].name, names[i]);
}

static void a_fixed_segment_wins_but_is_taken_back(void **state) {
    (void)state;
    struct route route = route_to(HTTP_GET, "/v1/jobs/batch");
    assert_null(route.operation);
    assert_int_equal(route.allowed, 1U << HTTP_POST | 1U << HTTP_OPTIONS);
    route = route_to(HTTP_GET, "/v1/jobs/batch/applications");
    assert_str(route.operation->id, "applications_list");
    assert_int_equal(route.path_params_count, 1);
    assert_str(route.path_params[0], "batch");
}

static void methods(void **state) {
    (void)state;
    struct route route = route_to(HTTP_PATCH, "/v1/jobs/42");
    assert_null(route.operation);
    assert_int_equal(route.allowed,
                     1U << HTTP_GET | 1U << HTTP_HEAD | 1U << HTTP_DELETE | 1U << HTTP_OPTIONS);
    assert_null(route_to(HTTP_METHOD_OTHER, "/v1/jobs/42").operation);
    assert_null(route_to(HTTP_OPTIONS, "/v1/jobs/42").operation);
    assert_null(route_to(HTTP_HEAD, "/v1/jobs/batch").operation);
    assert_int_equal(http_method_parse(STR("GET")), HTTP_GET);
    assert_int_equal(http_method_parse(STR("get")), HTTP_METHOD_OTHER);
    assert_int_equal(http_method_parse(STR("TRACE")), HTTP_METHOD_OTHER);
    assert_string_equal(http_method_name(HTTP_DELETE), "DELETE");
}

static void no_such_path(void **state) {
    (void)state;
    static const char *const unknown[] = {
        "",
        "/",
        "//",
        "/v1",
        "/v1/",
        "/v1/jobs/",
        "//v1/jobs",
        "/v1//jobs",
        "v1/jobs",
        "/V1/jobs",
        "/v1/jobs/1/",
        "/v1/jobs/1/x",
        "/v1/jobs/.",
        "/v1/jobs/..",
        "/v1/jobs/%2e%2E",
        "/v1/./jobs",
        "/v1/x/../jobs",
        "/v1%2Fjobs",
        "*",
        "/openapi.jso",
        "/openapi.jsonx",
        "/v1/jobs/1/applications/2/3",
        "/v1/jobs/1/applications/2/3/4/5",
        "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17/18/19/20",
    };
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++)
        assert_nothing(unknown[i]);
}

static void percent_encoding(void **state) {
    (void)state;
    assert_operation(HTTP_GET, "/v1/%6Aobs", "jobs_list");
    struct route route = route_to(HTTP_GET, "/v1/jobs/a%2Fb%20c+d%C3%A8");
    assert_str(route.path_params[0], "a/b c+d\xC3\xA8");
    static const char *const bad[] = {"/v1/jobs/%",     "/v1/jobs/%4",  "/v1/jobs/%zz",
                                      "/v1/jobs/a%00b", "/nothing/%00", "/%g0",
                                      "/v1/jobs//%"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct route out;
        assert_int_equal(contract_route(contract, HTTP_GET, str_of(bad[i]), &arena, &out),
                         STATUS_INVALID);
    }
    struct route out;
    assert_int_equal(contract_route(contract, HTTP_GET, str_from("/v1/jobs/\0", 10), &arena, &out),
                     STATUS_INVALID);
}

static void only_what_is_encoded_takes_memory(void **state) {
    (void)state;
    struct arena none;
    struct route out;
    arena_init(&none, 0);
    assert_int_equal(contract_route(contract, HTTP_GET, STR("/v1/jobs/1"), &none, &out), STATUS_OK);
    assert_int_equal(contract_route(contract, HTTP_GET, STR("/v1/jobs/%31"), &none, &out),
                     STATUS_NO_MEMORY);
    arena_deinit(&none);
}

static void media_types(void **state) {
    (void)state;
    struct contract_body bodies[] = {{STR("application/merge-patch+json"), NULL},
                                     {STR("application/json"), NULL},
                                     {STR("image/*"), NULL}};
    struct operation operation = {.bodies = bodies, .bodies_count = 3};
    static const struct {
        const char *type;
        int index; /* -1: none */
    } cases[] = {
        {"application/json", 1},
        {"Application/JSON", 1},
        {"application/json;charset=utf-8", 1},
        {" application/json ; charset=\"UTF-8\" ", 1},
        {"application/merge-patch+json", 0},
        {"application/json;", 1},
        {"application/json; x=y; charset=utf-8", 1},
        {"image/png", 2},
        {"application/json; charset=latin1", -1},
        {"application/json; charset", -1},
        {"application/json; charset=\"utf-8", -1},
        {"text/plain", -1},
        {"", -1},
        {"json", -1},
        {"application/", -1},
        {"/json", -1},
        {"application/jsonx", -1},
        {"application/json, text/plain", -1},
        {"image/", -1},
        {"application/json; charset=\"utf-8\"x", -1},
        {"application/json; =x", -1},
        {";", -1},
        {"application/json; a=\"\\", -1},
        {"application/json; a=\"\\\"\"; charset=utf-16", -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct contract_body *body = contract_body_find(&operation, str_of(cases[i].type));
        const struct contract_body *expected = cases[i].index < 0 ? NULL : &bodies[cases[i].index];
        if (body != expected)
            fail_msg("'%s'", cases[i].type);
    }
    assert_null(contract_body_find(&operation, STR_NONE));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operations),
        cmocka_unit_test(parameters_in_order_of_the_template),
        cmocka_unit_test(a_fixed_segment_wins_but_is_taken_back),
        cmocka_unit_test(methods),
        cmocka_unit_test(no_such_path),
        cmocka_unit_test(percent_encoding),
        cmocka_unit_test(only_what_is_encoded_takes_memory),
        cmocka_unit_test(media_types),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
