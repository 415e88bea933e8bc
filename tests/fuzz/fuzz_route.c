/* Fuzz target: a request target and, after a line feed, a Content-Type. Whatever they are, routing
 * and parsing the parameters end within their memory, and what is accepted is text. Build with
 * clang -fsanitize=fuzzer,address,undefined.
 */
#include <stdlib.h>
#include <string.h>

#include "segreteria/contract/contract.h"

#define ARENA_MAX ((size_t)1024 * 1024)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char description[] =
    "{\"openapi\":\"3.1.0\",\"security\":[],\"x-segreteria-problems\":{},\"paths\":{"
    "\"/v1/jobs\":{\"get\":{\"operationId\":\"jobs_list\",\"responses\":{\"200\":{}},\"parameters\":["
    "{\"name\":\"limit\",\"in\":\"query\",\"schema\":{\"type\":\"integer\",\"minimum\":1}},"
    "{\"name\":\"lat\",\"in\":\"query\",\"schema\":{\"type\":\"number\"}},"
    "{\"name\":\"own\",\"in\":\"query\",\"schema\":{\"type\":\"boolean\"}},"
    "{\"name\":\"role\",\"in\":\"query\",\"explode\":false,\"schema\":{\"type\":\"array\",\"uniqueItems\":true,"
    "\"items\":{\"enum\":[\"ea\",\"pa\"]}}},"
    "{\"name\":\"n\",\"in\":\"query\",\"schema\":{\"type\":\"array\",\"items\":{\"type\":\"integer\"}}},"
    "{\"name\":\"q\",\"in\":\"query\",\"schema\":{\"type\":\"string\",\"maxLength\":9}}]}},"
    "\"/v1/jobs/batch\":{\"post\":{\"operationId\":\"jobs_batch\",\"responses\":{\"200\":{}}}},"
    "\"/v1/jobs/{id}/x/{y}\":{\"get\":{\"operationId\":\"jobs_get\",\"responses\":{\"200\":{}},\"parameters\":["
    "{\"name\":\"id\",\"in\":\"path\",\"required\":true,\"schema\":{\"type\":\"string\",\"format\":\"uuid\"}},"
    "{\"name\":\"y\",\"in\":\"path\",\"required\":true,\"schema\":{\"type\":\"integer\"}}]}}}}";

static void require(bool condition) {
    if (!condition)
        abort();
}

static void check_values(const struct parameter_values *values) {
    for (size_t i = 0; i < values->count; i++) {
        require(str_is_utf8(values->values[i].text) &&
                memchr(values->values[i].text.ptr == NULL ? "" : values->values[i].text.ptr, 0,
                       values->values[i].text.len) == NULL);
        for (size_t k = 0; k < values->values[i].items_count; k++)
            require(str_is_utf8(values->values[i].items[k]));
    }
}

static void check_violations(const struct parameter_violation *violations) {
    size_t count = 0;
    for (; violations != NULL; violations = violations->next, count++)
        require(str_is_utf8(violations->name) && str_is_utf8(violations->violation.pointer));
    require(count <= VIOLATIONS_MAX);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct contract *contract; /* made once for the whole run */
    if (contract == NULL) {
        struct buf error;
        buf_init(&error, 4096);
        require(contract_create(description, sizeof description - 1, &contract, &error) ==
                STATUS_OK);
    }
    struct str rest = str_from((const char *)data, size), path, target = STR("");
    (void)str_split(&rest, '\n', &target);
    struct str query = target;
    (void)str_split(&query, '?', &path);
    struct arena arena;
    arena_init(&arena, ARENA_MAX);
    struct route route;
    if (contract_route(contract, HTTP_GET, path, &arena, &route) == STATUS_OK &&
        route.operation != NULL) {
        struct parameter_values values;
        struct parameter_violation *violations = NULL;
        enum status status = contract_parse_parameters(route.operation, &route, query, NULL, NULL,
                                                       &arena, &values, &violations);
        if (status == STATUS_OK && violations == NULL)
            check_values(&values);
        check_violations(status == STATUS_OK ? violations : NULL);
    }
    struct contract_body bodies[] = {{STR("application/json"), NULL}, {STR("image/*"), NULL}};
    struct operation operation = {.bodies = bodies, .bodies_count = 2};
    (void)contract_body_find(&operation, rest);
    arena_deinit(&arena);
    return 0;
}
