/* Compiling a description: what comes out of a good one, and what is said about a bad one. */
#include "helper_contract.h"

#include <string.h>

#include "generated/assets.h"

static void assert_refused(const char *paths, const char *components, const char *message) {
    struct contract *contract = NULL;
    struct buf error;
    buf_init(&error, 4096);
    enum status status = helper_contract_try(paths, components, &contract, &error);
    if (status == STATUS_OK)
        fail_msg("accepted, but expected: %s", message);
    if (error.data == NULL || strstr(error.data, message) == NULL)
        fail_msg("'%s' instead of '%s'", error.data == NULL ? "" : error.data, message);
    buf_deinit(&error);
}

static void an_operation(void **state) {
    (void)state;
    struct contract *contract = helper_contract(
        "'/jobs/{id}': {'parameters': [{'name': 'id', 'in': 'path', 'required': true, 'schema': {'type': 'string'}}],"
        "'patch': {'operationId': 'jobs_patch', 'security': [{}, {'bearer': []}], 'x-segreteria-scopes': ['jobs:write', 'jobs:read'],"
        "'x-segreteria-principals': ['company', 'operator'], 'x-segreteria-roles': ['owner', 'recruiter'],"
        "'x-segreteria-cache': 'public', 'x-segreteria-max-age': 30, 'x-segreteria-cors': 'public',"
        "'x-segreteria-body-limit': 5000, 'x-segreteria-stream': true, 'x-other': 1,"
        "'x-segreteria-document': {'company': '#/components/schemas/A'}, 'x-segreteria-problems': ['not_found'],"
        "'requestBody': {'required': true, 'content': {'application/json': {'schema': {'$ref': '#/components/schemas/A'}},"
        "'text/csv': {}}}, 'responses': {'200': {'$ref': '#/components/responses/Ok'},"
        "'201': {'description': 'x', 'content': {'application/json': {}, 'text/csv': {}}}, '404': {'description': 'x'}}}}",
        "'schemas': {'A': {'type': 'object'}}, 'responses': {'Ok': {'description': 'x', 'headers': {'ETag': {'schema': "
        "{'type': 'string'}}}, 'content': {'application/json': {'schema': {'$ref': '#/components/schemas/A'}}}}}");
    assert_int_equal(contract_operations_count(contract), 1);
    const struct operation *operation = contract_operation_find(contract, STR("jobs_patch"));
    assert_non_null(operation);
    assert_ptr_equal(contract_operation_at(contract, 0), operation);
    assert_null(contract_operation_at(contract, 1));
    assert_null(contract_operation_find(contract, STR("jobs_put")));
    assert_int_equal(operation->method, HTTP_PATCH);
    assert_str(operation->path, "/jobs/{id}");
    assert_true(operation->anonymous_allowed && operation->bearer_allowed);
    scope_set jobs_read, jobs_write;
    assert_int_equal(contract_scope_parse(STR("jobs:read"), &jobs_read), STATUS_OK);
    assert_int_equal(contract_scope_parse(STR("jobs:write"), &jobs_write), STATUS_OK);
    assert_int_equal(operation->scopes, jobs_read | jobs_write);
    assert_int_equal(operation->principals, 1U << PRINCIPAL_COMPANY | 1U << PRINCIPAL_OPERATOR);
    assert_int_equal(operation->role_min, ROLE_RECRUITER);
    assert_int_equal(operation->cache, CACHE_PUBLIC);
    assert_int_equal(operation->max_age_s, 30);
    assert_true(operation->cors_public && operation->stream && operation->body_required);
    assert_int_equal(operation->body_limit, 5000);
    assert_int_equal(operation->bodies_count, 2);
    assert_non_null(operation->bodies[0].schema);
    assert_null(operation->bodies[1].schema);
    assert_non_null(operation->document_schemas[PRINCIPAL_COMPANY]);
    assert_null(operation->document_schemas[PRINCIPAL_CANDIDATE]);
    assert_int_equal(operation->responses_types_count, 2);
    assert_str(operation->responses_types[1], "text/csv");
    assert_int_equal(operation->problems_count, 1);
    assert_string_equal(operation->problems[0], "not_found");
    contract_destroy(contract);
}

static void defaults(void **state) {
    (void)state;
    struct contract *contract = helper_contract("'/a': {'get': " OPERATION("a_get", "") "}", "");
    const struct operation *operation = contract_operation_at(contract, 0);
    assert_true(operation->anonymous_allowed);
    assert_false(operation->bearer_allowed);
    assert_int_equal(operation->cache, CACHE_NO_STORE);
    assert_int_equal(operation->body_limit, 1048576);
    assert_int_equal(operation->role_min, ROLE_NONE);
    assert_int_equal(operation->principals, 0xE);
    assert_int_equal(operation->bodies_count, 0);
    contract_destroy(contract);
}

static void problems(void **state) {
    (void)state;
    struct contract *contract = helper_contract("", "");
    assert_int_equal(contract_problems_count(contract), 2);
    const struct problem_type *problem = contract_problem_find(contract, STR("not_found"));
    assert_non_null(problem);
    assert_int_equal(problem->status, 404);
    assert_str(problem->title[LANG_EN], "a");
    assert_str(problem->help[LANG_IT], "f");
    assert_string_equal(contract_problem_at(contract, 0)->code, "conflict");
    assert_null(contract_problem_at(contract, 2));
    assert_null(contract_problem_find(contract, STR("nothing")));
    assert_null(contract_problem_find(contract, STR("")));
    contract_destroy(contract);
}

static void scopes(void **state) {
    (void)state;
    unsigned count = 0;
    for (; contract_scope_name(count) != NULL; count++) {
        scope_set bit = 0;
        assert_int_equal(contract_scope_parse(str_of(contract_scope_name(count)), &bit), STATUS_OK);
        assert_int_equal(bit, 1U << count);
    }
    assert_int_equal(count, 13);
    scope_set bit = 0;
    assert_int_equal(contract_scope_parse(STR("jobs"), &bit), STATUS_NOT_FOUND);
}

#define ONE(path, operation) "'" path "': {'get': " operation "}"
#define WITH(more) ONE("/a", OPERATION("a_get", ", " more))
#define PARAMETERS(list) WITH("'parameters': [" list "]")

static void faults_of_operations(void **state) {
    (void)state;
    static const struct {
        const char *paths, *message;
    } cases[] = {
        {ONE("/a", "{'operationId': 'a_get', 'security': []}"),
         "needs 'responses' at /paths/~1a/get"},
        {ONE("/a", "{'security': [], 'responses': {'200': {'description': 'x'}}}"),
         "'operationId' must be a string"},
        {ONE("/a", OPERATION("get", "")), "is not <resource>_<verb>"},
        {ONE("/a", OPERATION("a_Get", "")), "is not <resource>_<verb>"},
        {ONE("/a", OPERATION("a_", "")), "is not <resource>_<verb>"},
        {ONE("/a", OPERATION("a_get", "")) "," ONE("/b", OPERATION("a_get", "")),
         "is used twice at /paths/~1b/get"},
        {WITH("'x-segreteria-cahce': 'public'"),
         "unknown keyword 'x-segreteria-cahce' at /paths/~1a/get"},
        {WITH("'callbacks': {}"), "unknown keyword 'callbacks'"},
        {WITH("'security': [{'basic': []}]"), "not JSON: duplicate"},
        {ONE("/a",
             "{'operationId': 'a_get', 'security': [{'basic': []}], 'responses': {'200': {'description': 'x'}}}"),
         "only the security scheme 'bearer' is supported at /paths/~1a/get/security/0"},
        {ONE("/a", "{'operationId': 'a_get', 'responses': {'200': {'description': 'x'}}}"),
         "has no 'security'"},
        {ONE("/a",
             "{'operationId': 'a_get', 'security': [{'bearer': ['x:y']}], 'responses': {'200': {'description': 'x'}}}"),
         "unknown scope 'x:y' at /paths/~1a/get/security/0/bearer/0"},
        {WITH("'x-segreteria-scopes': ['x:y']"), "unknown scope 'x:y'"},
        {WITH("'x-segreteria-principals': ['anonymous']"), "unknown value 'anonymous'"},
        {WITH("'x-segreteria-principals': []"), "a non-empty array"},
        {WITH("'x-segreteria-roles': ['viewer', 'owner']"), "every role above"},
        {WITH("'x-segreteria-roles': ['recruiter']"), "every role above"},
        {WITH("'x-segreteria-cache': 'always'"), "unknown cache policy"},
        {WITH("'x-segreteria-max-age': 3"), "needs a cache policy"},
        {WITH("'x-segreteria-body-limit': '1M'"), "whole number"},
        {WITH("'x-segreteria-stream': 1"), "true or false"},
        {WITH("'x-segreteria-problems': ['unheard_of']"), "'unheard_of' is not in the catalogue"},
        {WITH("'x-segreteria-problems': ['conflict']"),
         "needs a response '409' at /paths/~1a/get/x-segreteria-problems/0"},
        {WITH("'x-segreteria-document': 'JobInput'"), "a reference"},
        {WITH("'x-segreteria-document': '#/components/schemas/JobInput'"),
         "/components/schemas/JobInput"},
        {WITH("'requestBody': {'content': {}}"), "needs a 'content'"},
        {WITH("'requestBody': {'$ref': '#/components/requestBodies/A'}"), "leads nowhere"},
        {WITH("'requestBody': {'content': {'application/json': {'schema': {'typ': 'string'}}}}"),
         "'typ'"},
        {"'/a': {'get': " OPERATION("a_get", "") ", 'trace': {}}",
         "unknown keyword 'trace' at /paths/~1a"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_refused(cases[i].paths, "", cases[i].message);
}

static void faults_of_paths(void **state) {
    (void)state;
#define P(name) "{'name': '" name "', 'in': 'path', 'required': true, 'schema': {'type': 'string'}}"
#define WITH_ID(id, names) OPERATION(id, ", 'parameters': [" names "]")
    assert_refused(
        ONE("/a/{x}", WITH_ID("a_get", P("x"))) "," ONE("/a/{y}", WITH_ID("b_get", P("y"))), "",
        "same shape");
    assert_refused(ONE("/a/{x}", OPERATION("a_get", "")), "", "path parameter 'x' is not declared");
    assert_refused(ONE("/a/{x}", WITH_ID("a_get", P("x") "," P("y"))), "",
                   "path parameter 'y' is not in the path");
    assert_refused(ONE("a", OPERATION("a_get", "")), "", "a path must be");
    assert_refused(ONE("/a/", OPERATION("a_get", "")), "", "a path must be");
    assert_refused(ONE("/a/b{x}", OPERATION("a_get", "")), "", "a path must be");
    assert_refused(ONE("/a/%20", OPERATION("a_get", "")), "", "a path must be");
    assert_refused(ONE("/a/../b", OPERATION("a_get", "")), "", "a path must be");
    assert_refused(ONE("/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17", OPERATION("a_get", "")), "",
                   "more than 16 segments");
    assert_refused(ONE("/{a}/{b}/{c}/{d}/{e}",
                       WITH_ID("a_get", P("a") "," P("b") "," P("c") "," P("d") "," P("e"))),
                   "", "4 parameters");
}

static void faults_of_parameters(void **state) {
    (void)state;
    static const struct {
        const char *paths, *message;
    } cases[] = {
        {PARAMETERS("{'name': 'x', 'in': 'cookie', 'schema': {}}"),
         "unsupported parameter in 'cookie'"},
        {PARAMETERS("{'name': 'x', 'in': 'query'}"), "has no schema"},
        {PARAMETERS("{'in': 'query', 'schema': {}}"), "'name' must be a string"},
        {PARAMETERS("{'name': 'x', 'in': 'query', 'schema': {}, 'style': 'deepObject'}"),
         "unsupported style"},
        {PARAMETERS("{'name': 'x', 'in': 'query', 'schema': {}, 'allowReserved': true}"),
         "unknown keyword 'allowReserved'"},
        {PARAMETERS("{'name': 'x', 'in': 'query', 'schema': {'type': 'object'}}"),
         "must be a scalar or an array"},
        {PARAMETERS(
             "{'name': 'x', 'in': 'query', 'schema': {'type': 'array', 'items': {'type': 'array'}}}"),
         "must be a scalar"},
        {PARAMETERS("{'name': 'x', 'in': 'query', 'schema': {'type': 'integer', 'default': 'a'}}"),
         "does not satisfy"},
        {PARAMETERS("{'name': 'x', 'in': 'query', 'schema': {'mimimum': 1}}"), "'mimimum'"},
        {PARAMETERS(
             "{'name': 'x', 'in': 'query', 'schema': {}}, {'name': 'x', 'in': 'query', 'schema': {}}"),
         "declared twice"},
        {PARAMETERS("{'$ref': '#/components/parameters/None'}"),
         "leads nowhere at /paths/~1a/get/parameters/0"},
        {PARAMETERS("{'$ref': 'other.yaml'}"), "must begin with '#/'"},
        {PARAMETERS("{'$ref': '#/paths/~1a/get/parameters/0'}"), "leads nowhere"},
        {WITH("'parameters': {}"), "must be an array"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_refused(cases[i].paths, "", cases[i].message);
}

static void faults_of_components(void **state) {
    (void)state;
    assert_refused("", "'schemas': {'A': {'properties': {'b': {'frobnicate': 1}}}}",
                   "'frobnicate' at /components/schemas/A/properties/b");
    assert_refused("", "'parameters': {'A': {'$ref': '#/components/parameters/A'}}", "in circles");
    assert_refused(
        "",
        "'responses': {'A': {'description': 'x', 'content': {'a/b': {'schema': {'maxLenght': 1}}}}}",
        "'maxLenght'");
    assert_refused("", "'headers': {'A': {'schema': {'type': 'strin'}}}",
                   "/components/headers/A/schema");
    assert_refused("", "'requestBodies': {'A': {}}", "needs a 'content'");
    assert_refused("", "'pathItems': {}", "unknown keyword 'pathItems'");
}

static void a_parameter_of_the_operation_replaces_the_path_items(void **state) {
    (void)state;
    struct contract *contract = helper_contract(
        "'/a': {'parameters': [{'name': 'x', 'in': 'query', 'schema': {'type': 'string'}}], "
        "'get': " OPERATION(
            "a_get",
            ", 'parameters': [{'name': 'x', 'in': 'query', 'schema': {'type': 'integer'}}]") "}",
        "");
    const struct operation *operation = contract_operation_at(contract, 0);
    assert_int_equal(operation->parameters_count, 1);
    assert_int_equal(operation->parameters[0].type, SCHEMA_INTEGER);
    contract_destroy(contract);
}

static void not_a_description(void **state) {
    (void)state;
    static const char *const texts[] = {
        "",
        "{",
        "[]",
        "null",
        "{}",
        "{\"openapi\":\"3.0.3\",\"info\":{}}",
        "{\"openapi\":\"3.1.0\"}",
        "{\"openapi\":\"3.1.0\",\"x-segreteria-problems\":{\"A\":{}}}",
        "{\"openapi\":\"3.1.0\",\"x-segreteria-problems\":{\"a\":{\"status\":200}}}",
        "{\"openapi\":\"3.1.0\",\"x-segreteria-problems\":{\"a\":{\"status\":400,\"title\":{\"en\":\"a\"}}}}"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct contract *contract = NULL;
        struct buf error;
        buf_init(&error, 4096);
        assert_int_not_equal(contract_create(texts[i], strlen(texts[i]), &contract, &error),
                             STATUS_OK);
        assert_null(contract);
        assert_true(error.len > 0);
        buf_deinit(&error);
    }
}

/* The description this server is built with. */
static void ours(void **state) {
    (void)state;
    struct contract *contract = NULL;
    struct buf error;
    buf_init(&error, 4096);
    if (contract_create(asset_openapi_json.data, asset_openapi_json.len, &contract, &error) !=
        STATUS_OK)
        fail_msg("%s", error.data == NULL ? "?" : error.data);
    buf_deinit(&error);
    struct arena arena;
    arena_init(&arena, 4096);
    for (size_t i = 0; i < contract_operations_count(contract); i++) {
        const struct operation *operation = contract_operation_at(contract, i);
        assert_int_equal(operation->index, i);
        assert_ptr_equal(contract_operation_find(contract, operation->id), operation);
        struct route route; /* a template's own text is a path that it matches, unless a fixed one
                               is preferred */
        assert_int_equal(
            contract_route(contract, operation->method, operation->path, &arena, &route),
            STATUS_OK);
        assert_ptr_equal(route.operation, operation);
        assert_true(operation->problems_count > 0);
        assert_true(operation->anonymous_allowed || operation->bearer_allowed);
    }
    arena_deinit(&arena);
    contract_destroy(contract);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_operation),
        cmocka_unit_test(defaults),
        cmocka_unit_test(problems),
        cmocka_unit_test(scopes),
        cmocka_unit_test(faults_of_operations),
        cmocka_unit_test(faults_of_paths),
        cmocka_unit_test(faults_of_parameters),
        cmocka_unit_test(faults_of_components),
        cmocka_unit_test(a_parameter_of_the_operation_replaces_the_path_items),
        cmocka_unit_test(not_a_description),
        cmocka_unit_test(ours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
