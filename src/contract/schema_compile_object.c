/* Keywords about an object's members. "properties" and "required" become one hash table, so that
 * validating an object is one look-up a member and missing names are noticed by counting.
 */
#include "schema_internal.h"

uint32_t
schema_name_hash(struct str name) { /* FNV-1a; the names are the contract's, so no seed is needed */
    uint32_t hash = 2166136261U;
    for (size_t i = 0; i < name.len; i++) {
        hash = (hash ^ (unsigned char)name.ptr[i]) * 16777619U;
    }
    return hash ^ (hash >> 15);
}

const struct schema_property *schema_property_find(const struct schema_object *object,
                                                   struct str name) {
    if (object->slots == NULL) {
        return NULL;
    }
    for (uint32_t i = schema_name_hash(name) & object->slots_mask; object->slots[i] != 0;
         i = (i + 1) & object->slots_mask) {
        const struct schema_property *property = &object->properties[object->slots[i] - 1];
        if (str_eq(property->name, name)) {
            return property;
        }
    }
    return NULL;
}

/* The property of that name, added if new. There is room: slots were made for all names. */
static struct schema_property *property_put(struct schema_object *object, struct str name) {
    uint32_t i = schema_name_hash(name) & object->slots_mask;
    while (object->slots[i] != 0) {
        struct schema_property *property = &object->properties[object->slots[i] - 1];
        if (str_eq(property->name, name)) {
            return property;
        }
        i = (i + 1) & object->slots_mask;
    }
    struct schema_property *property = &object->properties[object->properties_count++];
    property->name = name;
    object->slots[i] = (uint32_t)object->properties_count;
    return property;
}

static bool names_are_strings(const json_t *names) {
    bool ok = json_is_array(names);
    for (size_t i = 0; ok && i < json_array_size(names); i++) {
        ok = json_is_string(json_array_get(names, i));
    }
    return ok;
}

static struct str string_at(const json_t *array, size_t index) {
    const json_t *string = json_array_get(array, index);
    return str_from(json_string_value(string), json_string_length(string));
}

static bool table_make(struct schema *schema, struct schema_object *object, size_t count) {
    uint32_t capacity = 8;
    while (capacity < 2 * count) {
        capacity *= 2;
    }
    object->properties = arena_array(&schema->set->arena, count + 1, sizeof *object->properties);
    object->slots = arena_array(&schema->set->arena, capacity, sizeof *object->slots);
    object->slots_mask = capacity - 1;
    return (object->properties != NULL && object->slots != NULL) || schema_no_memory(schema->set);
}

bool schema_compile_properties(struct schema *schema) {
    struct schema_set *set = schema->set;
    struct schema_object *object = schema_object_of(schema);
    if (object == NULL || object->slots != NULL) {
        return object != NULL; /* the other of the two keywords came first and did both */
    }
    json_t *properties = json_object_get(schema->json, "properties");
    json_t *required = json_object_get(schema->json, "required");
    if ((properties != NULL && !json_is_object(properties)) ||
        (required != NULL && !names_are_strings(required))) {
        return schema_fail(
            set, STATUS_INVALID,
            "'properties' must be an object and 'required' an array of names at %.*s",
            STR_FMT(schema_shown(schema->where)));
    }
    if (!table_make(schema, object, json_object_size(properties) + json_array_size(required))) {
        return false;
    }
    const char *name;
    size_t name_len;
    json_t *value;
    json_object_keylen_foreach(properties, name, name_len, value) {
        struct str key = str_from(name, name_len);
        struct str where = schema_where(set, schema->where, STR("properties"), key);
        struct schema_property *property = property_put(object, key);
        property->declared = true;
        property->schema = str_is_none(where) ? NULL
                                              : schema_at(set, value, where, schema->resource);
        if (property->schema == NULL) {
            return false;
        }
    }
    for (size_t i = 0; i < json_array_size(required); i++) {
        struct schema_property *property = property_put(object, string_at(required, i));
        object->required_count += property->required ? 0 : 1;
        property->required = true;
    }
    return true;
}

bool schema_compile_pattern_properties(struct schema *schema, json_t *value) {
    struct schema_set *set = schema->set;
    struct schema_object *object = schema_object_of(schema);
    if (object == NULL) {
        return false;
    }
    if (!json_is_object(value)) {
        return schema_fail(set, STATUS_INVALID, "'patternProperties' must be an object at %.*s",
                           STR_FMT(schema_shown(schema->where)));
    }
    object->patterns = arena_array(&set->arena, json_object_size(value) + 1,
                                   sizeof *object->patterns);
    if (object->patterns == NULL) {
        return schema_no_memory(set);
    }
    const char *name;
    size_t name_len;
    json_t *one;
    json_object_keylen_foreach(value, name, name_len, one) {
        struct str key = str_from(name, name_len);
        struct schema_pattern_property *pattern = &object->patterns[object->patterns_count++];
        struct str where = schema_where(set, schema->where, STR("patternProperties"), key);
        pattern->schema = str_is_none(where) ? NULL : schema_at(set, one, where, schema->resource);
        if (pattern->schema == NULL) {
            return false;
        }
        struct buf error;
        buf_init(&error, 512);
        enum status status = schema_regex_compile(set, key, &pattern->regex, &error);
        if (status != STATUS_OK) {
            (void)schema_fail(set, status, "malformed pattern (%.*s) at %.*s",
                              STR_FMT(buf_str(&error)), STR_FMT(where));
        }
        buf_deinit(&error);
        if (status != STATUS_OK) {
            return false;
        }
    }
    return true;
}

static bool dependency_fill(struct schema *schema, const char *keyword,
                            struct schema_dependency *dependency, json_t *value) {
    struct schema_set *set = schema->set;
    if (strcmp(keyword, "dependentSchemas") == 0) {
        struct str where = schema_where(set, schema->where, str_of(keyword), dependency->name);
        dependency->schema = str_is_none(where) ? NULL
                                                : schema_at(set, value, where, schema->resource);
        return dependency->schema != NULL;
    }
    if (!names_are_strings(value)) {
        return schema_fail(set, STATUS_INVALID,
                           "'dependentRequired' must hold arrays of names at %.*s",
                           STR_FMT(schema_shown(schema->where)));
    }
    size_t count = json_array_size(value);
    struct str *names = arena_array(&set->arena, count + 1, sizeof *names);
    if (names == NULL) {
        return schema_no_memory(set);
    }
    for (size_t i = 0; i < count; i++) {
        names[i] = string_at(value, i);
    }
    dependency->names = names;
    dependency->names_count = count;
    return true;
}

/* dependentRequired and dependentSchemas share one list, which the second to come extends. */
bool schema_compile_dependent(struct schema *schema, const char *keyword, json_t *value) {
    struct schema_set *set = schema->set;
    struct schema_object *object = schema_object_of(schema);
    if (object == NULL) {
        return false;
    }
    if (!json_is_object(value)) {
        return schema_fail(set, STATUS_INVALID, "'%s' must be an object at %.*s", keyword,
                           STR_FMT(schema_shown(schema->where)));
    }
    size_t before = object->dependencies_count;
    struct schema_dependency *list = arena_array(&set->arena, before + json_object_size(value) + 1,
                                                 sizeof *list);
    if (list == NULL) {
        return schema_no_memory(set);
    }
    if (before > 0) {
        memcpy(list, object->dependencies, before * sizeof *list);
    }
    object->dependencies = list;
    const char *name;
    size_t name_len;
    json_t *one;
    json_object_keylen_foreach(value, name, name_len, one) {
        struct schema_dependency *dependency = &list[object->dependencies_count];
        dependency->name = str_from(name, name_len);
        if (!dependency_fill(schema, keyword, dependency, one)) {
            return false;
        }
        object->dependencies_count++;
    }
    return true;
}
