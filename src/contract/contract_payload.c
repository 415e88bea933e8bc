/* Request bodies, responses, and the components, so that no schema of the description stays
 * uncompiled. */
#include "contract_internal.h"

#define BODY_LIMIT_DEFAULT ((uint64_t)1024 * 1024)

/* A media type object; its schema is optional. */
static bool build_media(struct builder *builder, struct place place, const struct schema **out) {
    static const char *const known[] = {"schema", "example", "examples", NULL};
    *out = NULL;
    if (!place_known(builder, place, known))
        return false;
    struct place schema = place_member(builder, place, "schema");
    return schema.json == NULL ? builder->status == STATUS_OK : place_schema(builder, schema, out);
}

static bool build_request_body(struct builder *builder, struct place place,
                               struct operation *operation) {
    static const char *const known[] = {"description", "content", "required", NULL};
    if (!place_resolve(builder, &place) || !place_known(builder, place, known) ||
        !place_bool(builder, place, "required", false, &operation->body_required))
        return false;
    struct place content = place_member(builder, place, "content");
    if (json_object_size(content.json) == 0)
        return build_fail(builder, STATUS_INVALID, place.pointer,
                          "a request body needs a 'content'");
    struct contract_body *bodies = arena_array(builder->arena, json_object_size(content.json),
                                               sizeof *bodies);
    if (bodies == NULL)
        return build_no_memory(builder);
    size_t count = 0;
    const char *type;
    json_t *value;
    json_object_foreach(content.json, type, value) {
        bodies[count].media_type = str_of(type);
        if (!build_media(builder, place_member(builder, content, type), &bodies[count++].schema))
            return false;
    }
    operation->bodies = bodies;
    operation->bodies_count = count;
    return true;
}

/* "x-segreteria-document": one schema for every caller, or one by kind of principal. */
static bool build_document(struct builder *builder, struct place place,
                           struct operation *operation) {
    static const char *const kinds[PRINCIPAL_COUNT] = {NULL, "company", "candidate", "operator"};
    static const char *const known[] = {"company", "candidate", "operator", NULL};
    struct place document = place_member(builder, place, "x-segreteria-document");
    if (document.json == NULL)
        return builder->status == STATUS_OK;
    if (!json_is_string(document.json) && !place_known(builder, document, known))
        return false;
    for (unsigned kind = PRINCIPAL_COMPANY; kind < PRINCIPAL_COUNT; kind++) {
        struct place one = json_is_string(document.json)
                               ? document
                               : place_member(builder, document, kinds[kind]);
        if (one.json == NULL)
            continue;
        struct str reference = str_from(json_string_value(one.json), json_string_length(one.json));
        if (!json_is_string(one.json) || !str_starts_with(reference, STR("#/")))
            return build_fail(builder, STATUS_INVALID, one.pointer,
                              "a reference '#/...' to a schema is expected");
        struct place schema = {one.json, str_from(reference.ptr + 1, reference.len - 1)};
        if (!place_schema(builder, schema, &operation->document_schemas[kind]))
            return false;
    }
    return true;
}

bool build_bodies(struct builder *builder, struct place place, struct operation *operation) {
    struct place body = place_member(builder, place, "requestBody");
    if (body.json != NULL && !build_request_body(builder, body, operation))
        return false;
    return build_document(builder, place, operation) &&
           place_count(builder, place, "x-segreteria-body-limit", BODY_LIMIT_DEFAULT,
                       &operation->body_limit) &&
           place_bool(builder, place, "x-segreteria-stream", false, &operation->stream);
}

/* A header object of a response. */
static bool build_header(struct builder *builder, struct place place) {
    static const char *const known[] = {"description", "required", "deprecated", "style", "explode",
                                        "schema",      "example",  "examples",   NULL};
    const struct schema *schema;
    if (!place_resolve(builder, &place) || !place_known(builder, place, known))
        return false;
    struct place of = place_member(builder, place, "schema");
    return of.json == NULL ? builder->status == STATUS_OK : place_schema(builder, of, &schema);
}

static bool build_headers(struct builder *builder, struct place headers) {
    const char *name;
    json_t *value;
    json_object_foreach(
        headers.json, name,
        value) if (!build_header(builder, place_member(builder, headers, name))) return false;
    return builder->status == STATUS_OK;
}

/* A response object; gives its content. */
static bool build_response(struct builder *builder, struct place place, struct place *content) {
    static const char *const known[] = {"description",           "headers", "content", "links",
                                        "x-segreteria-problems", NULL};
    const struct schema *schema;
    if (!place_resolve(builder, &place) || !place_known(builder, place, known) ||
        !build_headers(builder, place_member(builder, place, "headers")) ||
        !check_problem_codes(builder, place_member(builder, place, "x-segreteria-problems")))
        return false;
    *content = place_member(builder, place, "content");
    const char *type;
    json_t *value;
    json_object_foreach(content->json, type,
                        value) if (!build_media(builder, place_member(builder, *content, type),
                                                &schema)) return false;
    return builder->status == STATUS_OK;
}

/* Adds the types that are not there yet. */
static bool add_types(struct builder *builder, struct place content, struct operation *operation) {
    size_t most = operation->responses_types_count + json_object_size(content.json);
    struct str *types = arena_array(builder->arena, most, sizeof *types);
    if (types == NULL)
        return build_no_memory(builder);
    size_t count = operation->responses_types_count;
    for (size_t i = 0; i < count; i++)
        types[i] = operation->responses_types[i];
    const char *type;
    json_t *value;
    json_object_foreach(content.json, type, value) {
        size_t i = 0;
        while (i < count && !str_eq(types[i], str_of(type)))
            i++;
        if (i == count)
            types[count++] = str_of(type);
    }
    operation->responses_types = types;
    operation->responses_types_count = count;
    return true;
}

bool build_responses(struct builder *builder, struct place place, struct operation *operation) {
    struct place responses = place_member(builder, place, "responses");
    if (json_object_size(responses.json) == 0)
        return build_fail(builder, STATUS_INVALID, place.pointer, "an operation needs 'responses'");
    const char *status;
    json_t *value;
    json_object_foreach(responses.json, status, value) {
        struct place content;
        if (!build_response(builder, place_member(builder, responses, status), &content))
            return false;
        if (status[0] == '2' && content.json != NULL && !add_types(builder, content, operation))
            return false;
    }
    return builder->status == STATUS_OK;
}

static bool build_component_schema(struct builder *builder, struct place place) {
    const struct schema *schema;
    return place_schema(builder, place, &schema);
}

static bool build_component_body(struct builder *builder, struct place place) {
    struct operation unused = {0};
    return build_request_body(builder, place, &unused);
}

static bool build_component_response(struct builder *builder, struct place place) {
    struct place content;
    return build_response(builder, place, &content);
}

bool build_components(struct builder *builder) {
    static const char *const known[] = {
        "schemas",  "parameters",      "requestBodies", "responses", "headers",
        "examples", "securitySchemes", "links",         NULL,
    };
    static const struct {
        const char *key;
        bool (*build)(struct builder *builder, struct place place);
    } kinds[] = {
        {"schemas", build_component_schema},
        {"parameters", build_component_parameter},
        {"requestBodies", build_component_body},
        {"responses", build_component_response},
        {"headers", build_header},
    };
    struct place root = {builder->contract->root, STR("")};
    struct place components = place_member(builder, root, "components");
    if (components.json != NULL && !place_known(builder, components, known))
        return false;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        struct place group = place_member(builder, components, kinds[i].key);
        const char *name;
        json_t *value;
        json_object_foreach(
            group.json, name,
            value) if (!kinds[i].build(builder, place_member(builder, group, name))) return false;
    }
    return builder->status == STATUS_OK;
}
