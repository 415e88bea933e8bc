/* Turns one schema of the document into its compiled form: which keyword goes where. Nested schemas
 * are only queued. A keyword that is neither known nor an annotation is refused: what a contract
 * says is either enforced or an error.
 */
#include <stdio.h>

#include "pointer.h"
#include "schema_internal.h"

static const char *const annotations[] = {
    "title",      "description",     "examples",         "example",       "default",
    "deprecated", "readOnly",        "writeOnly",        "externalDocs",  "xml",
    "$comment",   "contentEncoding", "contentMediaType", "contentSchema",
};

static const char *const dialects[] = {
    "https://json-schema.org/draft/2020-12/schema",
    "https://json-schema.org/draft/2020-12/schema#",
    "https://spec.openapis.org/oas/3.1/dialect/base",
};

struct str schema_where(struct schema_set *set, struct str parent, struct str key,
                        struct str key2) {
    size_t size = parent.len + POINTER_TOKEN_MAX(key.len) + POINTER_TOKEN_MAX(key2.len);
    char *text = arena_alloc(&set->arena, size + 1);
    if (text == NULL) {
        (void)schema_no_memory(set);
        return STR_NONE;
    }
    size_t n = parent.len;
    memcpy(text, parent.ptr == NULL ? "" : parent.ptr, n);
    const struct str keys[2] = {key, key2};
    for (size_t k = 0; k < 2 && !str_is_none(keys[k]); k++) {
        n += pointer_put(text + n, keys[k]);
    }
    text[n] = '\0';
    return str_from(text, n);
}

struct str schema_where_join(struct schema_set *set, struct str parent, struct str pointer) {
    if (parent.len == 0) {
        return pointer;
    }
    struct str joined = arena_printf(&set->arena, "%.*s%.*s", STR_FMT(parent), STR_FMT(pointer));
    if (str_is_none(joined)) {
        (void)schema_no_memory(set);
    }
    return joined;
}

static bool compile_one(struct schema *schema, const char *keyword, json_t *value,
                        const struct schema **out) {
    struct str where = schema_where(schema->set, schema->where, str_of(keyword), STR_NONE);
    *out = str_is_none(where) ? NULL : schema_at(schema->set, value, where, schema->resource);
    return *out != NULL;
}

static bool compile_list(struct schema *schema, const char *keyword, json_t *value,
                         const struct schema ***out, size_t *count) {
    struct schema_set *set = schema->set;
    size_t n = json_array_size(value);
    if (n == 0) {
        return schema_fail(set, STATUS_INVALID, "'%s' must be a non-empty array at %.*s", keyword,
                           STR_FMT(schema_shown(schema->where)));
    }
    const struct schema **schemas = arena_array(&set->arena, n, sizeof(struct schema *));
    if (schemas == NULL) {
        return schema_no_memory(set);
    }
    for (size_t i = 0; i < n; i++) {
        char index[24];
        (void)snprintf(index, sizeof index, "%zu", i);
        struct str where = schema_where(set, schema->where, str_of(keyword), str_of(index));
        schemas[i] = str_is_none(where)
                         ? NULL
                         : schema_at(set, json_array_get(value, i), where, schema->resource);
        if (schemas[i] == NULL) {
            return false;
        }
    }
    *out = schemas;
    *count = n;
    return true;
}

/* "$defs" applies nothing, but what it holds must be sound. */
static bool compile_defs(struct schema *schema, json_t *value) {
    if (!json_is_object(value)) {
        return schema_fail(schema->set, STATUS_INVALID, "'$defs' must be an object at %.*s",
                           STR_FMT(schema_shown(schema->where)));
    }
    const char *name;
    json_t *one;
    json_object_foreach(value, name, one) {
        struct str where = schema_where(schema->set, schema->where, STR("$defs"), str_of(name));
        if (str_is_none(where) || schema_at(schema->set, one, where, schema->resource) == NULL) {
            return false;
        }
    }
    return true;
}

static bool compile_dialect(struct schema *schema, json_t *value) {
    for (size_t i = 0; json_is_string(value) && i < sizeof dialects / sizeof *dialects; i++) {
        if (strcmp(json_string_value(value), dialects[i]) == 0) {
            return true;
        }
    }
    return schema_fail(schema->set, STATUS_UNSUPPORTED,
                       "unsupported keyword '$schema' with this value at %.*s",
                       STR_FMT(schema_shown(schema->where)));
}

static bool compile_flag(struct schema *schema, const char *keyword, json_t *value, bool *out) {
    if (!json_is_boolean(value)) {
        return schema_fail(schema->set, STATUS_INVALID, "'%s' must be a boolean at %.*s", keyword,
                           STR_FMT(schema_shown(schema->where)));
    }
    *out = json_is_true(value);
    return true;
}

/* The OpenAPI discriminator adds no constraint; it tells which branch of a union the sender meant.
 */
static bool compile_discriminator(struct schema *schema, json_t *value) {
    struct schema_logic *logic = schema_logic_of(schema);
    json_t *name = json_object_get(value, "propertyName");
    if (logic == NULL) {
        return false;
    }
    if (!json_is_string(name)) {
        return schema_fail(schema->set, STATUS_INVALID,
                           "'discriminator' needs a propertyName at %.*s",
                           STR_FMT(schema_shown(schema->where)));
    }
    logic->discriminator = str_from(json_string_value(name), json_string_length(name));
    return true;
}

enum keyword_group { /* what a keyword's value is and where it goes */
                     ON_LOGIC_ONE,
                     ON_LOGIC_LIST,
                     ON_ARRAY_ONE,
                     ON_OBJECT_ONE,
                     ON_LIMIT,
                     ON_COUNT,
                     ON_DEPENDENT
};

static const struct keyword {
    const char *name;
    enum keyword_group group;
} keywords[] = {
    {"allOf", ON_LOGIC_LIST},
    {"anyOf", ON_LOGIC_LIST},
    {"oneOf", ON_LOGIC_LIST},
    {"not", ON_LOGIC_ONE},
    {"if", ON_LOGIC_ONE},
    {"then", ON_LOGIC_ONE},
    {"else", ON_LOGIC_ONE},
    {"items", ON_ARRAY_ONE},
    {"contains", ON_ARRAY_ONE},
    {"unevaluatedItems", ON_ARRAY_ONE},
    {"additionalProperties", ON_OBJECT_ONE},
    {"propertyNames", ON_OBJECT_ONE},
    {"unevaluatedProperties", ON_OBJECT_ONE},
    {"minimum", ON_LIMIT},
    {"maximum", ON_LIMIT},
    {"exclusiveMinimum", ON_LIMIT},
    {"exclusiveMaximum", ON_LIMIT},
    {"multipleOf", ON_LIMIT},
    {"minLength", ON_COUNT},
    {"maxLength", ON_COUNT},
    {"minItems", ON_COUNT},
    {"maxItems", ON_COUNT},
    {"minContains", ON_COUNT},
    {"maxContains", ON_COUNT},
    {"minProperties", ON_COUNT},
    {"maxProperties", ON_COUNT},
    {"dependentRequired", ON_DEPENDENT},
    {"dependentSchemas", ON_DEPENDENT},
};

static bool is(const char *keyword, const char *name) { return strcmp(keyword, name) == 0; }

static bool compile_logic(struct schema *schema, const struct keyword *keyword, json_t *value) {
    struct schema_logic *logic = schema_logic_of(schema);
    if (logic == NULL) {
        return false;
    }
    const char *name = keyword->name;
    if (keyword->group == ON_LOGIC_LIST) {
        struct schema_list *list = is(name, "allOf")   ? &logic->all_of
                                   : is(name, "anyOf") ? &logic->any_of
                                                       : &logic->one_of;
        return compile_list(schema, name, value, &list->schemas, &list->count);
    }
    const struct schema **one = is(name, "not")    ? &logic->not_
                                : is(name, "if")   ? &logic->if_
                                : is(name, "then") ? &logic->then_
                                                   : &logic->else_;
    return compile_one(schema, name, value, one);
}

static bool compile_array_one(struct schema *schema, const char *name, json_t *value) {
    struct schema_array *array = schema_array_of(schema);
    if (array == NULL) {
        return false;
    }
    const struct schema **one = is(name, "items")      ? &array->items
                                : is(name, "contains") ? &array->contains
                                                       : &array->unevaluated;
    return compile_one(schema, name, value, one);
}

static bool compile_object_one(struct schema *schema, const char *name, json_t *value) {
    struct schema_object *object = schema_object_of(schema);
    if (object == NULL) {
        return false;
    }
    const struct schema **one = is(name, "additionalProperties") ? &object->additional
                                : is(name, "propertyNames")      ? &object->names
                                                                 : &object->unevaluated;
    return compile_one(schema, name, value, one);
}

/* The keywords with a form of their own. *known tells whether this was one. */
static bool compile_special(struct schema *schema, const char *name, json_t *value, bool *known) {
    *known = true;
    if (is(name, "type")) {
        return schema_compile_type(schema, value);
    }
    if (is(name, "enum")) {
        return schema_compile_enum(schema, value);
    }
    if (is(name, "const")) {
        return schema_compile_const(schema, value);
    }
    if (is(name, "pattern")) {
        return schema_compile_pattern(schema, value);
    }
    if (is(name, "format")) {
        return schema_compile_format(schema, value);
    }
    if (is(name, "properties") || is(name, "required")) {
        return schema_compile_properties(schema);
    }
    if (is(name, "patternProperties")) {
        return schema_compile_pattern_properties(schema, value);
    }
    if (is(name, "prefixItems")) {
        struct schema_array *array = schema_array_of(schema);
        return array != NULL &&
               compile_list(schema, name, value, &array->prefix, &array->prefix_count);
    }
    if (is(name, "uniqueItems")) {
        struct schema_array *array = schema_array_of(schema);
        return array != NULL && compile_flag(schema, name, value, &array->unique);
    }
    if (is(name, "$ref") || is(name, "$dynamicRef")) {
        return schema_compile_ref(schema, value, is(name, "$dynamicRef"));
    }
    if (is(name, "$anchor") || is(name, "$dynamicAnchor")) {
        return schema_compile_anchor(schema, value, is(name, "$dynamicAnchor"));
    }
    if (is(name, "$id")) {
        return true; /* done by schema_fill */
    }
    if (is(name, "$defs")) {
        return compile_defs(schema, value);
    }
    if (is(name, "$schema")) {
        return compile_dialect(schema, value);
    }
    if (is(name, "discriminator")) {
        return compile_discriminator(schema, value);
    }
    *known = false;
    return true;
}

static bool compile_keyword(struct schema *schema, const char *name, json_t *value) {
    for (size_t i = 0; i < sizeof annotations / sizeof *annotations; i++) {
        if (is(name, annotations[i])) {
            return true;
        }
    }
    if (name[0] == 'x' && name[1] == '-') {
        return true;
    }
    for (size_t i = 0; i < sizeof keywords / sizeof *keywords; i++) {
        if (!is(name, keywords[i].name)) {
            continue;
        }
        switch (keywords[i].group) {
        case ON_LOGIC_ONE:
        case ON_LOGIC_LIST: return compile_logic(schema, &keywords[i], value);
        case ON_ARRAY_ONE: return compile_array_one(schema, name, value);
        case ON_OBJECT_ONE: return compile_object_one(schema, name, value);
        case ON_LIMIT: return schema_compile_limit(schema, name, value);
        case ON_COUNT: return schema_compile_count(schema, name, value);
        case ON_DEPENDENT: return schema_compile_dependent(schema, name, value);
        }
    }
    bool known = false;
    bool ok = compile_special(schema, name, value, &known);
    if (!known) {
        return schema_fail(schema->set, STATUS_UNSUPPORTED, "unsupported keyword '%.100s' at %.*s",
                           name, STR_FMT(schema_shown(schema->where)));
    }
    return ok;
}

bool schema_fill(struct schema *schema) {
    if (json_is_boolean(schema->json)) {
        schema->never = json_is_false(schema->json);
        return true;
    }
    if (!schema_compile_id(schema)) {
        return false;
    }
    const char *name;
    json_t *value;
    json_object_foreach(schema->json, name, value) {
        if (!compile_keyword(schema, name, value)) {
            return false;
        }
    }
    return true;
}
