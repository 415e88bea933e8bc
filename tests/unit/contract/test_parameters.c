/* Parameters of a request: conversion, arrays, defaults, violations. */
#include "helper_contract.h"

#include <string.h>

#define PARAMETER(name, in, more) "{'name': '" name "', 'in': '" in "', " more "}"

/* Texts that follow one another, a parameter a line. */
// clang-format off
static const char paths[] =
    "'/items/{id}': {'parameters': [{'$ref': '#/components/parameters/Limit'}], 'get': "
    OPERATION("items_get", ", 'parameters': ["
    PARAMETER("q", "query", "'schema': {'type': 'string', 'maxLength': 5}") ","
    PARAMETER("id", "path",
              "'required': true, 'schema': {'type': 'string', 'pattern': '^[a-z]+$'}") ","
    PARAMETER("role", "query",
              "'explode': false, 'schema': {'type': 'array', 'uniqueItems': true, 'maxItems': 3, "
              "'items': {'$ref': '#/components/schemas/Role'}}") ","
    PARAMETER("city", "query", "'schema': {'type': 'array', 'items': {'type': 'string'}}") ","
    PARAMETER("n", "query",
              "'schema': {'type': 'array', 'items': {'type': 'integer'}, 'default': [1, 2]}") ","
    PARAMETER("lat", "query", "'schema': {'type': 'number', 'minimum': -90, 'maximum': 90}") ","
    PARAMETER("own", "query", "'schema': {'type': 'boolean', 'default': false}") ","
    PARAMETER("sort", "query", "'required': true, 'schema': {'enum': ['recent', 'salary']}") ","
    PARAMETER("Idempotency-Key", "header",
              "'schema': {'type': 'string', 'minLength': 1, 'maxLength': 8}") ","
    PARAMETER("X-List", "header", "'schema': {'type': 'array', 'items': {'type': 'integer'}}") ","
    PARAMETER("Accept", "header", "'schema': {'type': 'string'}") "]") "}";

static const char components[] =
    "'schemas': {'Role': {'type': 'string', 'enum': ['ea', 'pa', 'secretary', 'office']}}, "
    "'parameters': {'Limit': "
    PARAMETER("limit", "query",
              "'schema': {'type': 'integer', 'minimum': 1, 'maximum': 100, 'default': 20}") "}";
// clang-format on

static struct contract *contract;
static const struct operation *operation;
static struct arena arena;
static struct parameter_values values;
static struct parameter_violation *violations;
static const char *header_key, *header_list;

static int setup(void **state) {
    (void)state;
    contract = helper_contract(paths, components);
    operation = contract_operation_find(contract, STR("items_get"));
    assert_non_null(operation);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    contract_destroy(contract);
    return 0;
}

static int begin(void **state) {
    (void)state;
    arena_init(&arena, 1 << 20);
    header_key = header_list = NULL;
    return 0;
}

static int end(void **state) {
    (void)state;
    arena_deinit(&arena);
    return 0;
}

static struct str lookup(void *context, struct str name) {
    (void)context;
    return str_eq(name, STR("X-List"))            ? str_of(header_list)
           : str_eq(name, STR("Idempotency-Key")) ? str_of(header_key)
                                                  : STR_NONE;
}

static void parse_with(const char *path, struct str query) {
    struct route route;
    assert_int_equal(contract_route(contract, HTTP_GET, str_of(path), &arena, &route), STATUS_OK);
    assert_ptr_equal(route.operation, operation);
    char *exact = query.len == 0 ? NULL : malloc(query.len); /* a read past its end is caught */
    if (exact != NULL)
        memcpy(exact, query.ptr, query.len);
    struct str copy = str_is_none(query) ? STR_NONE
                      : exact == NULL    ? STR("")
                                         : str_from(exact, query.len);
    assert_int_equal(contract_parse_parameters(operation, &route, copy, lookup, NULL, &arena,
                                               &values, &violations),
                     STATUS_OK);
    assert_int_equal(values.count, operation->parameters_count);
    if (exact != NULL) { /* the values borrow the query: hold it as long as the arena */
        assert_int_equal(arena_defer(&arena, free, exact), STATUS_OK);
    }
}

static void parse(const char *query) { parse_with("/items/x", str_of(query)); }

static const struct parameter_value *value(const char *name) {
    for (size_t i = 0; i < operation->parameters_count; i++)
        if (str_eq(operation->parameters[i].name, str_of(name)))
            return &values.values[i];
    fail_msg("no parameter %s", name);
    return NULL;
}

static void assert_ok(const char *query) {
    parse(query);
    if (violations != NULL)
        fail_msg("%s: %.*s %s", query, STR_FMT(violations->name), violations->violation.code);
}

/* Exactly one violation. */
static void assert_violation(const char *query, const char *name, const char *code,
                             const char *pointer) {
    parse(query);
    if (violations == NULL)
        fail_msg("accepted: %s", query);
    if (strcmp(violations->violation.code, code) != 0 || violations->next != NULL)
        fail_msg("%s: %s", query, violations->violation.code);
    assert_str(violations->name, name);
    assert_str(violations->violation.pointer, pointer);
}

static void defaults(void **state) {
    (void)state;
    assert_ok("sort=recent");
    assert_true(value("limit")->present);
    assert_str(value("limit")->text, "20");
    assert_str(value("own")->text, "false");
    assert_int_equal(value("n")->items_count, 2);
    assert_str(value("n")->items[1], "2");
    assert_false(value("q")->present);
    assert_false(value("city")->present);
    assert_str(value("id")->text, "x");
    assert_int_equal(operation->parameters[0].place, IN_PATH);
}

static void scalars(void **state) {
    (void)state;
    assert_ok("sort=salary&limit=100&q=a+b%2Bc&own=true&lat=-45.5e0");
    assert_str(value("limit")->text, "100");
    assert_str(value("q")->text, "a b+c");
    assert_str(value("own")->text, "true");
    assert_str(value("lat")->text, "-45.5e0");
    assert_ok("&&sort=recent&&q=&");
    assert_true(value("q")->present);
    assert_str(value("q")->text, "");
    assert_ok("sort=recent&q=%C3%A8%C3%A8%C3%A8%C3%A8%C3%A8");
    assert_ok("so%72t=recent&q=a=b");
    assert_str(value("q")->text, "a=b");
}

static void integers_are_canonical(void **state) {
    (void)state;
    static const char *const bad[] = {"",   "+5",  "05",  "5.0", "5e0",  "%205", "5+", "x",
                                      "-0", "0x5", "1_0", "5,6", "true", "--5",  "-",  "\xD9\xA5"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char query[64];
        (void)snprintf(query, sizeof query, "sort=recent&limit=%s", bad[i]);
        assert_violation(query, "limit", "type", "");
    }
    assert_violation("sort=recent&limit=0", "limit", "minimum", "");
    assert_violation("sort=recent&limit=101", "limit", "maximum", "");
    assert_violation("sort=recent&limit=-5", "limit", "minimum", "");
    assert_violation("sort=recent&limit=99999999999999999999", "limit", "number_range", "");
    assert_violation("sort=recent&lat=1e999", "lat", "number_range", "");
    assert_violation("sort=recent&lat=NaN", "lat", "type", "");
    assert_violation("sort=recent&lat=91", "lat", "maximum", "");
    assert_violation("sort=recent&own=1", "own", "type", "");
    assert_violation("sort=recent&own=TRUE", "own", "type", "");
}

static void arrays(void **state) {
    (void)state;
    assert_ok("sort=recent&role=ea,pa&role=office");
    assert_int_equal(value("role")->items_count, 3);
    assert_str(value("role")->items[2], "office");
    assert_ok("sort=recent&role=ea%2Cpa"); /* explode: false */
    assert_int_equal(value("role")->items_count, 2);
    assert_ok("sort=recent&city=Reggio+nell%27Emilia,Foo%2C+Bar&city=Bari");
    assert_int_equal(value("city")->items_count, 3);
    assert_str(value("city")->items[1], "Foo, Bar");
    assert_violation("sort=recent&role=ea,boss", "role", "enum", "/1");
    assert_violation("sort=recent&role=ea&role=ea", "role", "unique_items", "/1");
    assert_violation("sort=recent&role=ea,pa,office,secretary", "role", "max_items", "");
    assert_violation("sort=recent&role=", "role", "enum", "/0");
    assert_violation("sort=recent&role=ea,", "role", "enum", "/1");
    assert_violation("sort=recent&n=1,x", "n", "type", "/1");
    assert_violation("sort=recent&n=1,99999999999999999999", "n", "number_range", "");
}

static void names(void **state) {
    (void)state;
    assert_violation("sort=recent&colour=red", "colour", "unknown_parameter", "");
    assert_violation("sort=recent&id=x", "id", "unknown_parameter", "");
    assert_violation("sort=recent&Limit=5", "Limit", "unknown_parameter", "");
    assert_violation("sort=recent&limit[]=5", "limit[]", "unknown_parameter", "");
    assert_violation("sort=recent&=5", "", "unknown_parameter", "");
    assert_violation("sort=recent&limit=5&limit=5&limit=5", "limit", "repeated_parameter", "");
    assert_violation("limit=5", "sort", "required", "");
    assert_violation("sort=date", "sort", "enum", "");
}

static void encodings(void **state) {
    (void)state;
    assert_violation("sort=recent&q=%", "q", "encoding", "");
    assert_violation("sort=recent&q=%zz", "q", "encoding", "");
    assert_violation("sort=recent&q=%FF", "q", "encoding", "");
    assert_violation("sort=recent&q=%ED%A0%80", "q", "encoding", "");
    assert_violation("sort=recent&q=\xFF", "q", "encoding", "");
    assert_violation("sort=recent&q=a%00b", "q", "nul_character", "");
    assert_violation("sort=recent&%FF=1", "%FF", "encoding", "");
    assert_violation("sort=recent&\xFF=1", "", "encoding", "");
    assert_violation("sort=recent&%=1", "%", "encoding", "");
    assert_violation("sort=recent&city=a,%", "city", "encoding", "");
    assert_violation("sort=%", "sort", "encoding", ""); /* and not "required" too */
    parse_with("/items/%FF", STR("sort=recent"));
    assert_string_equal(violations->violation.code, "encoding");
    assert_int_equal(violations->place, IN_PATH);
    parse_with("/items/X", STR("sort=recent"));
    assert_string_equal(violations->violation.code, "pattern");
    assert_int_equal(violations->place, IN_PATH);
    parse_with("/items/x", STR_NONE);
    assert_string_equal(violations->violation.code, "required");
}

static void headers(void **state) {
    (void)state;
    header_key = "k1";
    header_list = "1 , 2,3";
    assert_ok("sort=recent");
    assert_str(value("Idempotency-Key")->text, "k1");
    assert_int_equal(value("X-List")->items_count, 3);
    assert_str(value("X-List")->items[1], "2");
    header_key = "123456789";
    assert_violation("sort=recent", "Idempotency-Key", "max_length", "");
    assert_int_equal(violations->place, IN_HEADER);
    header_key = "\xFF";
    assert_violation("sort=recent", "Idempotency-Key", "encoding", "");
    header_key = "";
    assert_violation("sort=recent", "Idempotency-Key", "min_length", "");
    for (size_t i = 0; i < operation->parameters_count; i++)
        assert_false(str_eq(operation->parameters[i].name, STR("Accept")));
}

static void all_violations_at_once(void **state) {
    (void)state;
    parse_with("/items/X", STR("limit=0&q=abcdef&role=a,b&x=1&own=2"));
    size_t count = 0;
    for (const struct parameter_violation *one = violations; one != NULL; one = one->next)
        count++;
    assert_int_equal(count, 8);
}

static void their_number_is_bounded(void **state) {
    (void)state;
    struct buf query;
    buf_init(&query, 1 << 20);
    for (size_t i = 0; i < 1000; i++)
        buf_printf(&query, "x%zu=1&", i);
    parse_with("/items/x", buf_str(&query));
    size_t count = 0;
    for (const struct parameter_violation *one = violations; one != NULL; one = one->next)
        count++;
    assert_int_equal(count, VIOLATIONS_MAX);
    buf_deinit(&query);
}

static void too_little_memory(void **state) {
    (void)state;
    struct route route;
    assert_int_equal(contract_route(contract, HTTP_GET, STR("/items/x"), &arena, &route),
                     STATUS_OK);
    bool ok = false;
    for (size_t limit = 0; limit < 20000 && !ok; limit += 8) {
        struct arena small;
        arena_init(&small, limit);
        enum status status = contract_parse_parameters(operation, &route,
                                                       STR("sort=x&role=ea,pa&q=%20&y=1&limit=x"),
                                                       NULL, NULL, &small, &values, &violations);
        assert_true(status == STATUS_OK || status == STATUS_NO_MEMORY);
        ok = status == STATUS_OK;
        arena_deinit(&small);
    }
    assert_true(ok);
}

/* Any bytes: no crash, no leak, and accepted text is valid. */
static void random_queries(void **state) {
    (void)state;
    static const char seed[] =
        "sort=recent&limit=20&role=ea,pa&q=a%20b&city=x&n=1,2&own=true&lat=1.5";
    static const char bytes[] = "&=,%+0123456789abcdefE-. \xC3\xA8\xFF\x01";
    uint32_t random = 88172645U;
    for (unsigned round = 0; round < 20000; round++) {
        char text[sizeof seed];
        memcpy(text, seed, sizeof seed);
        for (unsigned k = 0; k <= round % 5; k++) {
            random ^= random << 13;
            random ^= random >> 17;
            random ^= random << 5;
            text[(random >> 8) % (sizeof seed - 1)] = bytes[random % (sizeof bytes - 1)];
        }
        parse_with("/items/x", str_from(text, sizeof seed - 1));
        for (size_t i = 0; violations == NULL && i < values.count; i++)
            assert_true(str_is_utf8(values.values[i].text));
        arena_reset(&arena);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(defaults, begin, end),
        cmocka_unit_test_setup_teardown(scalars, begin, end),
        cmocka_unit_test_setup_teardown(integers_are_canonical, begin, end),
        cmocka_unit_test_setup_teardown(arrays, begin, end),
        cmocka_unit_test_setup_teardown(names, begin, end),
        cmocka_unit_test_setup_teardown(encodings, begin, end),
        cmocka_unit_test_setup_teardown(headers, begin, end),
        cmocka_unit_test_setup_teardown(all_violations_at_once, begin, end),
        cmocka_unit_test_setup_teardown(their_number_is_bounded, begin, end),
        cmocka_unit_test_setup_teardown(too_little_memory, begin, end),
        cmocka_unit_test_setup_teardown(random_queries, begin, end),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
