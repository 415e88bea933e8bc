/* The parameters an operation declares: those of its path item and its own, the path's first. */
#include <stdio.h>

#include "contract_internal.h"

/* A header whose name OpenAPI gives another place to describe (its section 4.8.12.2.1 says to
 * ignore it here). */
static bool is_described_elsewhere(struct str name, enum parameter_place place) {
    return place == IN_HEADER &&
           (str_eq_nocase(name, STR("Accept")) || str_eq_nocase(name, STR("Content-Type")) ||
            str_eq_nocase(name, STR("Authorization")));
}

static bool place_of(struct builder *builder, struct place place, enum parameter_place *out) {
    struct str in;
    if (!place_text(builder, place, "in", true, &in))
        return false;
    if (str_eq(in, STR("path")))
        *out = IN_PATH;
    else if (str_eq(in, STR("query")))
        *out = IN_QUERY;
    else if (str_eq(in, STR("header")))
        *out = IN_HEADER;
    else
        return build_fail(builder, STATUS_UNSUPPORTED, place.pointer,
                          "unsupported parameter in '%.*s'", STR_FMT(in));
    return true;
}

/* Only the style that is the default of its place: simple in paths and headers, form in queries. */
static bool check_style(struct builder *builder, struct place place, enum parameter_place in) {
    struct str style;
    if (!place_text(builder, place, "style", false, &style))
        return false;
    if (!str_is_none(style) && !str_eq(style, in == IN_QUERY ? STR("form") : STR("simple")))
        return build_fail(builder, STATUS_UNSUPPORTED, place.pointer, "unsupported style '%.*s'",
                          STR_FMT(style));
    return true;
}

/* What a JSON scalar would look like in a query. */
static bool scalar_text(struct builder *builder, struct place place, struct str *out) {
    if (json_is_string(place.json)) {
        *out = str_from(json_string_value(place.json), json_string_length(place.json));
        return true;
    }
    if (!json_is_integer(place.json) && !json_is_real(place.json) && !json_is_boolean(place.json))
        return build_fail(builder, STATUS_UNSUPPORTED, place.pointer,
                          "a default must be a scalar or an array of scalars");
    return contract_write_json(place.json, builder->arena, out) == STATUS_OK
               ? true
               : build_no_memory(builder);
}

static bool build_default_items(struct builder *builder, struct place place,
                                struct contract_parameter *parameter) {
    size_t count = json_array_size(place.json);
    struct str *items = arena_array(builder->arena, count, sizeof *items);
    if (items == NULL)
        return build_no_memory(builder);
    for (size_t i = 0; i < count; i++)
        if (!scalar_text(builder, place_item(builder, place, i), &items[i]))
            return false;
    parameter->default_items = items;
    parameter->default_items_count = count;
    return builder->status == STATUS_OK;
}

/* The schema's default must satisfy the schema: nobody else would check it. */
static bool build_default(struct builder *builder, struct place schema,
                          struct contract_parameter *parameter) {
    if (!place_resolve(builder, &schema))
        return false;
    struct place place = place_member(builder, schema, "default");
    if (place.json == NULL)
        return builder->status == STATUS_OK;
    struct violations violations;
    violations_init(&violations, builder->arena);
    if (!schema_validate(parameter->schema, place.json, STR(""), &violations))
        return build_no_memory(builder);
    if (violations.count > 0)
        return build_fail(builder, STATUS_INVALID, place.pointer,
                          "the default does not satisfy its schema (%s)",
                          violations.first == NULL ? "?" : violations.first->code);
    return parameter->array ? build_default_items(builder, place, parameter)
                            : scalar_text(builder, place, &parameter->default_text);
}

static bool build_parameter_schema(struct builder *builder, struct place place,
                                   struct contract_parameter *parameter) {
    struct place schema = place_member(builder, place, "schema");
    if (schema.json == NULL)
        return build_fail(builder, STATUS_INVALID, place.pointer, "the parameter has no schema");
    if (!place_schema(builder, schema, &parameter->schema))
        return false;
    parameter->type = schema_type_of(parameter->schema);
    if (parameter->type == SCHEMA_ARRAY) {
        const struct schema *items = schema_items_of(parameter->schema);
        parameter->array = true;
        parameter->type = items == NULL ? SCHEMA_STRING : schema_type_of(items);
    }
    if (parameter->type == SCHEMA_OBJECT || parameter->type == SCHEMA_ARRAY)
        return build_fail(builder, STATUS_UNSUPPORTED, schema.pointer,
                          "a parameter must be a scalar or an array of scalars");
    if (parameter->place == IN_PATH && parameter->array)
        return build_fail(builder, STATUS_UNSUPPORTED, schema.pointer,
                          "a path parameter must be a scalar");
    return build_default(builder, schema, parameter);
}

static bool build_parameter(struct builder *builder, struct place place,
                            struct contract_parameter *parameter) {
    static const char *const known[] = {
        "name",    "in",     "description", "required", "deprecated", "style",
        "explode", "schema", "example",     "examples", NULL,
    };
    if (!place_known(builder, place, known) ||
        !place_text(builder, place, "name", true, &parameter->name) ||
        !place_of(builder, place, &parameter->place) ||
        !check_style(builder, place, parameter->place) ||
        !place_bool(builder, place, "required", false, &parameter->required) ||
        !place_bool(builder, place, "explode", parameter->place == IN_QUERY, &parameter->explode))
        return false;
    if (parameter->place == IN_PATH && !parameter->required)
        return build_fail(builder, STATUS_INVALID, place.pointer,
                          "a path parameter must be required");
    return build_parameter_schema(builder, place, parameter);
}

struct parameter_list {
    struct contract_parameter *parameters;
    size_t count;
    size_t own_from; /* those before it are the path item's and may be replaced */
};

static bool list_add(struct builder *builder, struct place place, struct parameter_list *list) {
    struct contract_parameter parameter = {0};
    if (!place_resolve(builder, &place) || !build_parameter(builder, place, &parameter))
        return false;
    if (is_described_elsewhere(parameter.name, parameter.place))
        return true;
    for (size_t i = 0; i < list->count; i++) {
        struct contract_parameter *other = &list->parameters[i];
        if (other->place != parameter.place || !str_eq(other->name, parameter.name))
            continue;
        if (i >= list->own_from)
            return build_fail(builder, STATUS_EXISTS, place.pointer,
                              "parameter '%.*s' is declared twice", STR_FMT(parameter.name));
        *other = parameter;
        return true;
    }
    list->parameters[list->count++] = parameter;
    return true;
}

static bool list_add_all(struct builder *builder, struct place array, struct parameter_list *list) {
    if (array.json != NULL && !json_is_array(array.json))
        return build_fail(builder, STATUS_INVALID, array.pointer, "'parameters' must be an array");
    list->own_from = list->count;
    for (size_t i = 0; i < json_array_size(array.json); i++)
        if (!list_add(builder, place_item(builder, array, i), list))
            return false;
    return builder->status == STATUS_OK;
}

/* Moves the path's parameters to the front, in order of the template. */
static bool order_by_template(struct builder *builder, struct place place,
                              const struct operation *operation, struct parameter_list *list) {
    struct str rest = operation->path, segment;
    size_t found = 0;
    while (str_split(&rest, '/', &segment)) {
        if (segment.len < 2 || segment.ptr[0] != '{')
            continue;
        struct str name = str_from(segment.ptr + 1, segment.len - 2);
        size_t i = found;
        while (i < list->count &&
               !(list->parameters[i].place == IN_PATH && str_eq(list->parameters[i].name, name)))
            i++;
        if (i == list->count)
            return build_fail(builder, STATUS_INVALID, place.pointer,
                              "path parameter '%.*s' is not declared", STR_FMT(name));
        struct contract_parameter moved = list->parameters[i];
        list->parameters[i] = list->parameters[found];
        list->parameters[found++] = moved;
    }
    for (size_t i = found; i < list->count; i++)
        if (list->parameters[i].place == IN_PATH)
            return build_fail(builder, STATUS_INVALID, place.pointer,
                              "path parameter '%.*s' is not in the path",
                              STR_FMT(list->parameters[i].name));
    return true;
}

bool build_parameters(struct builder *builder, struct place path_item, struct place place,
                      struct operation *operation) {
    struct place shared = place_member(builder, path_item, "parameters");
    struct place own = place_member(builder, place, "parameters");
    struct parameter_list list = {0};
    size_t most = json_array_size(shared.json) + json_array_size(own.json);
    list.parameters = arena_array(builder->arena, most, sizeof *list.parameters);
    if (list.parameters == NULL)
        return build_no_memory(builder);
    if (!list_add_all(builder, shared, &list) || !list_add_all(builder, own, &list) ||
        !order_by_template(builder, place, operation, &list))
        return false;
    operation->parameters = list.parameters;
    operation->parameters_count = list.count;
    return true;
}

bool build_component_parameter(struct builder *builder, struct place place) {
    struct contract_parameter parameter = {0};
    return place_resolve(builder, &place) && build_parameter(builder, place, &parameter);
}
