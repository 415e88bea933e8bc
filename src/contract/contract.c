/* Compiles the description of the API: every operation with its route, and the look-ups on the
 * result. What an operation consists of is in contract_parameters.c, contract_payload.c,
 * contract_access.c and contract_problems.c.
 */
#include <stdlib.h>

#include "contract_internal.h"

/* The description is some 100 KB; what is made of it a small multiple. */
#define CONTRACT_ARENA_MAX ((size_t)64 * 1024 * 1024)

/* --- Names -------------------------------------------------------------------------------- */

static const struct str method_names[] = {
    [HTTP_GET] = {"GET", 3},         [HTTP_HEAD] = {"HEAD", 4},   [HTTP_POST] = {"POST", 4},
    [HTTP_PUT] = {"PUT", 3},         [HTTP_PATCH] = {"PATCH", 5}, [HTTP_DELETE] = {"DELETE", 6},
    [HTTP_OPTIONS] = {"OPTIONS", 7},
};

const char *http_method_name(enum http_method method) {
    return method < HTTP_METHOD_OTHER ? method_names[method].ptr : "OTHER";
}

enum http_method http_method_parse(struct str name) {
    for (unsigned i = 0; i < HTTP_METHOD_OTHER; i++)
        if (str_eq(name, method_names[i]))
            return (enum http_method)i;
    return HTTP_METHOD_OTHER;
}

const char *lang_tag(enum lang lang) { return lang == LANG_IT ? "it" : "en"; }

/* --- Building ----------------------------------------------------------------------------- */

/* "jobs_create": lower-case words, at least two: the resource and what is done with it. */
static bool is_operation_id(struct str id) {
    bool word = false, two = false;
    for (size_t i = 0; i < id.len; i++) {
        char c = id.ptr[i];
        bool letter = c >= 'a' && c <= 'z';
        if (!letter && (c != '_' || !word))
            return false;
        two |= c == '_';
        word = letter;
    }
    return word && two;
}

static bool build_identity(struct builder *builder, struct place place,
                           struct operation *operation) {
    if (!place_text(builder, place, "operationId", true, &operation->id))
        return false;
    if (!is_operation_id(operation->id))
        return build_fail(builder, STATUS_INVALID, place.pointer,
                          "operationId '%.*s' is not <resource>_<verb>", STR_FMT(operation->id));
    const struct contract *contract = builder->contract;
    for (size_t i = 0; i < contract->operations_count; i++)
        if (str_eq(contract->operations[i].id, operation->id))
            return build_fail(builder, STATUS_EXISTS, place.pointer,
                              "operationId '%.*s' is used twice", STR_FMT(operation->id));
    return true;
}

static bool build_route(struct builder *builder, struct place place,
                        const struct operation *operation) {
    enum status status = route_add(&builder->contract->routes, operation, builder->arena);
    switch (status) {
    case STATUS_OK: return true;
    case STATUS_NO_MEMORY: return build_no_memory(builder);
    case STATUS_EXISTS:
        return build_fail(builder, status, place.pointer, "another path of the same shape exists");
    case STATUS_TOO_LARGE:
        return build_fail(builder, status, place.pointer,
                          "more than %d segments or %d parameters in the path", ROUTE_SEGMENTS_MAX,
                          CONTRACT_PATH_PARAMS_MAX);
    default:
        return build_fail(builder, status, place.pointer,
                          "a path must be '/' and segments that are fixed or one '{parameter}'");
    }
}

static bool build_operation(struct builder *builder, struct place path_item, struct place place,
                            struct str path, enum http_method method) {
    static const char *const known[] = {
        "operationId",
        "summary",
        "description",
        "tags",
        "externalDocs",
        "deprecated",
        "parameters",
        "requestBody",
        "responses",
        "security",
        "x-segreteria-scopes",
        "x-segreteria-principals",
        "x-segreteria-roles",
        "x-segreteria-cache",
        "x-segreteria-max-age",
        "x-segreteria-body-limit",
        "x-segreteria-stream",
        "x-segreteria-cors",
        "x-segreteria-while-suspended",
        "x-segreteria-rate",
        "x-segreteria-problems",
        "x-segreteria-document",
        NULL,
    };
    struct contract *contract = builder->contract;
    struct operation *operation = &contract->operations[contract->operations_count];
    *operation = (struct operation){
        .method = method, .path = path, .index = (unsigned)contract->operations_count};
    if (!place_known(builder, place, known) || !build_identity(builder, place, operation) ||
        !build_parameters(builder, path_item, place, operation) ||
        !build_bodies(builder, place, operation) || !build_responses(builder, place, operation) ||
        !build_access(builder, place, operation) ||
        !build_operation_problems(builder, place, operation) ||
        !build_route(builder, place, operation))
        return false;
    contract->operations_count++;
    return true;
}

/* The operations a path item may hold, by its member's name. HEAD and OPTIONS are answered for
 * every path. */
static enum http_method member_method(const char *name) {
    static const struct {
        const char *name;
        enum http_method method;
    } members[] = {{"get", HTTP_GET},
                   {"post", HTTP_POST},
                   {"put", HTTP_PUT},
                   {"patch", HTTP_PATCH},
                   {"delete", HTTP_DELETE}};
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        if (strcmp(members[i].name, name) == 0)
            return members[i].method;
    return HTTP_METHOD_OTHER;
}

static bool build_path(struct builder *builder, struct place paths, const char *path) {
    static const char *const known[] = {"get",        "post",    "put",         "patch", "delete",
                                        "parameters", "summary", "description", NULL};
    struct place item = place_member(builder, paths, path);
    if (!place_known(builder, item, known))
        return false;
    const char *name;
    json_t *value;
    json_object_foreach(item.json, name, value) {
        enum http_method method = member_method(name);
        if (method != HTTP_METHOD_OTHER &&
            !build_operation(builder, item, place_member(builder, item, name), str_of(path),
                             method))
            return false;
    }
    return builder->status == STATUS_OK;
}

static int compare_ids(const void *a, const void *b) {
    const struct operation *const *left = a, *const *right = b;
    return strcmp((*left)->id.ptr, (*right)->id.ptr);
}

static bool build_paths(struct builder *builder, struct place root) {
    struct contract *contract = builder->contract;
    struct place paths = place_member(builder, root, "paths");
    const char *path;
    json_t *item;
    size_t most = 0;
    json_object_foreach(paths.json, path, item) most += json_object_size(item);
    contract->operations = arena_array(builder->arena, most, sizeof *contract->operations);
    contract->operations_by_id = arena_array(builder->arena, most,
                                             sizeof *contract->operations_by_id);
    if (contract->operations == NULL || contract->operations_by_id == NULL)
        return build_no_memory(builder);
    json_object_foreach(paths.json, path, item) if (!build_path(builder, paths, path)) return false;
    for (size_t i = 0; i < contract->operations_count; i++)
        contract->operations_by_id[i] = &contract->operations[i];
    qsort(contract->operations_by_id, contract->operations_count,
          sizeof *contract->operations_by_id, compare_ids);
    return true;
}

static bool build(struct builder *builder) {
    static const char *const known[] = {
        "openapi",
        "info",
        "jsonSchemaDialect",
        "servers",
        "paths",
        "components",
        "security",
        "tags",
        "externalDocs",
        "x-segreteria-problems",
        "x-segreteria-documents",
        NULL,
    };
    struct place root = {builder->contract->root, STR("")};
    struct str version;
    if (!place_known(builder, root, known) || !place_text(builder, root, "openapi", true, &version))
        return false;
    if (!str_starts_with(version, STR("3.1.")))
        return build_fail(builder, STATUS_UNSUPPORTED, STR("/openapi"),
                          "OpenAPI 3.1 is expected, not %.*s", STR_FMT(version));
    return build_problems(builder) && build_paths(builder, root) && build_components(builder);
}

enum status contract_create(const void *json, size_t json_len, struct contract **out,
                            struct buf *error) {
    struct contract *contract = calloc(1, sizeof *contract);
    if (contract == NULL)
        return STATUS_NO_MEMORY;
    arena_init(&contract->arena, CONTRACT_ARENA_MAX);
    json_error_t fault;
    enum status status = STATUS_INVALID;
    contract->root = json_loadb(json, json_len, JSON_REJECT_DUPLICATES, &fault);
    if (contract->root == NULL) {
        buf_printf(error, "the description is not JSON: %s at line %d, column %d", fault.text,
                   fault.line, fault.column);
        goto fail;
    }
    status = schema_set_create(contract->root, &contract->schemas, error);
    if (status != STATUS_OK)
        goto fail;
    struct builder builder = {.contract = contract, .arena = &contract->arena, .error = error};
    if (!build(&builder)) {
        status = builder.status;
        goto fail;
    }
    *out = contract;
    return STATUS_OK;
fail:
    contract_destroy(contract);
    return status;
}

void contract_destroy(struct contract *contract) {
    if (contract == NULL)
        return;
    schema_set_destroy(contract->schemas);
    json_decref(contract->root);
    arena_deinit(&contract->arena);
    free(contract);
}

/* --- Look-ups ----------------------------------------------------------------------------- */

size_t contract_operations_count(const struct contract *contract) {
    return contract->operations_count;
}

const struct operation *contract_operation_at(const struct contract *contract, size_t index) {
    return index < contract->operations_count ? &contract->operations[index] : NULL;
}

/* strcmp's order for texts that may hold anything. */
static int compare_text(struct str a, struct str b) {
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common == 0 ? 0 : memcmp(a.ptr, b.ptr, common);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

const struct operation *contract_operation_find(const struct contract *contract, struct str id) {
    size_t low = 0, high = contract->operations_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_text(id, contract->operations_by_id[middle]->id);
        if (order == 0)
            return contract->operations_by_id[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

size_t contract_problems_count(const struct contract *contract) { return contract->problems_count; }

const struct problem_type *contract_problem_at(const struct contract *contract, size_t index) {
    return index < contract->problems_count ? &contract->problems[index] : NULL;
}

const struct problem_type *contract_problem_find(const struct contract *contract, struct str code) {
    size_t low = 0, high = contract->problems_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = compare_text(code, str_of(contract->problems[middle].code));
        if (order == 0)
            return &contract->problems[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}
