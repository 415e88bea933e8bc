/* Keywords that look at one value: type, enum, const, the bounds of numbers, lengths and counts,
 * pattern and format. What a message will need (the text of a bound, the list of an enum) is made
 * here once, not when a request fails.
 */
#include <stdio.h>
#include <stdlib.h>

#include "schema_internal.h"

const char *const schema_type_names[TYPE_COUNT] = {
    "null", "boolean", "integer", "number", "string", "array", "object",
};

/* Longest list of an enum's values in a message. */
#define VALUES_TEXT_MAX 300

/* Groups of keywords -------------------------------------------------------------------------- */

static void *group(struct schema *schema, void *present, size_t size) {
    if (present != NULL) {
        return present;
    }
    void *made = arena_zalloc(&schema->set->arena, size);
    if (made == NULL) {
        (void)schema_no_memory(schema->set);
    }
    return made;
}

struct schema_number *schema_number_of(struct schema *schema) {
    schema->number = group(schema, schema->number, sizeof *schema->number);
    return schema->number;
}

struct schema_string *schema_string_of(struct schema *schema) {
    bool fresh = schema->string == NULL;
    schema->string = group(schema, schema->string, sizeof *schema->string);
    if (fresh && schema->string != NULL) {
        schema->string->max_length = SIZE_MAX;
    }
    return schema->string;
}

struct schema_array *schema_array_of(struct schema *schema) {
    bool fresh = schema->array == NULL;
    schema->array = group(schema, schema->array, sizeof *schema->array);
    if (fresh && schema->array != NULL) {
        schema->array->max_items = SIZE_MAX;
        schema->array->min_contains = 1;
        schema->array->max_contains = SIZE_MAX;
    }
    return schema->array;
}

struct schema_object *schema_object_of(struct schema *schema) {
    bool fresh = schema->object == NULL;
    schema->object = group(schema, schema->object, sizeof *schema->object);
    if (fresh && schema->object != NULL) {
        schema->object->max_properties = SIZE_MAX;
    }
    return schema->object;
}

struct schema_logic *schema_logic_of(struct schema *schema) {
    schema->logic = group(schema, schema->logic, sizeof *schema->logic);
    return schema->logic;
}

/* type, enum, const --------------------------------------------------------------------------- */

static unsigned type_bit(const json_t *name) {
    for (unsigned i = 0; json_is_string(name) && i < TYPE_COUNT; i++) {
        if (strcmp(json_string_value(name), schema_type_names[i]) == 0) {
            return 1U << i;
        }
    }
    return 0;
}

bool schema_compile_type(struct schema *schema, json_t *value) {
    size_t count = json_is_array(value) ? json_array_size(value) : 1;
    struct buf text;
    buf_init(&text, 256);
    bool ok = count > 0;
    for (size_t i = 0; ok && i < count; i++) {
        const json_t *name = json_is_array(value) ? json_array_get(value, i) : value;
        unsigned bit = type_bit(name);
        ok = bit != 0 && (schema->types & bit) == 0;
        schema->types |= bit;
        if (ok) {
            buf_append_text(&text, i == 0 ? "" : ",");
            buf_append_text(&text, json_string_value(name));
        }
    }
    const char *copy = ok ? arena_strdup(&schema->set->arena, buf_str(&text)) : NULL;
    schema->types_text = str_of(copy);
    buf_deinit(&text);
    if (!ok) {
        return schema_fail(schema->set, STATUS_INVALID, "'type' names no type or one twice at %.*s",
                           STR_FMT(schema_shown(schema->where)));
    }
    return copy != NULL || schema_no_memory(schema->set);
}

/* Strings as they are, everything else as JSON: a list for people. */
static void append_value(struct buf *out, const json_t *value) {
    if (json_is_string(value)) {
        buf_append(out, str_from(json_string_value(value), json_string_length(value)));
        return;
    }
    if (json_is_number(value)) {
        char text[NUMBER_TEXT_SIZE];
        buf_append(out, str_from(text, number_text(value, text)));
        return;
    }
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    buf_append_text(out, text == NULL ? "?" : text);
    free(text);
}

static const struct schema_values *values_make(struct schema *schema, json_t *const *values,
                                               size_t count) {
    struct schema_set *set = schema->set;
    struct schema_values *made = arena_zalloc(&set->arena, sizeof *made);
    json_t **copy = arena_array(&set->arena, count, sizeof *copy);
    if (made == NULL || copy == NULL) {
        (void)schema_no_memory(set);
        return NULL;
    }
    struct buf text;
    buf_init(&text, 1U << 20);
    for (size_t i = 0; i < count; i++) {
        copy[i] = values[i];
        if (text.len > VALUES_TEXT_MAX) {
            continue;
        }
        size_t before = text.len;
        buf_append_text(&text, i == 0 ? "" : ", ");
        append_value(&text, values[i]);
        if (text.len > VALUES_TEXT_MAX) {
            text.len = before;
            buf_append_text(&text, before == 0 ? "\xE2\x80\xA6" : ", \xE2\x80\xA6");
            break;
        }
    }
    for (size_t i = 0; i < count; i++) {
        copy[i] = values[i];
        if (value_is_deeper(values[i], SCHEMA_DEPTH_MAX)) {
            (void)schema_fail(set, STATUS_INVALID, "a value is nested too deep at %.*s",
                              STR_FMT(schema_shown(schema->where)));
        }
    }
    made->values = copy;
    made->count = count;
    made->text = str_of(arena_strdup(&set->arena, buf_str(&text)));
    buf_deinit(&text);
    if (str_is_none(made->text)) {
        (void)schema_no_memory(set);
    }
    return set->status == STATUS_OK ? made : NULL;
}

bool schema_compile_enum(struct schema *schema, json_t *value) {
    size_t count = json_array_size(value);
    if (!json_is_array(value)) {
        return schema_fail(schema->set, STATUS_INVALID, "'enum' must be an array at %.*s",
                           STR_FMT(schema_shown(schema->where)));
    }
    json_t **values = calloc(count == 0 ? 1 : count, sizeof *values);
    if (values == NULL) {
        return schema_no_memory(schema->set);
    }
    for (size_t i = 0; i < count; i++) {
        values[i] = json_array_get(value, i);
    }
    schema->enum_ = values_make(schema, values, count);
    free(values);
    return schema->enum_ != NULL;
}

bool schema_compile_const(struct schema *schema, json_t *value) {
    schema->const_ = values_make(schema, &value, 1);
    return schema->const_ != NULL;
}

/* Bounds -------------------------------------------------------------------------------------- */

bool schema_compile_limit(struct schema *schema, const char *keyword, json_t *value) {
    struct schema_number *number = schema_number_of(schema);
    if (number == NULL) {
        return false;
    }
    struct schema_limit *limit = strcmp(keyword, "minimum") == 0   ? &number->minimum
                                 : strcmp(keyword, "maximum") == 0 ? &number->maximum
                                 : strcmp(keyword, "exclusiveMinimum") == 0
                                     ? &number->exclusive_minimum
                                 : strcmp(keyword, "exclusiveMaximum") == 0
                                     ? &number->exclusive_maximum
                                     : &number->multiple_of;
    bool positive = limit != &number->multiple_of ||
                    (json_is_number(value) && json_number_value(value) > 0);
    if (!json_is_number(value) || !positive) {
        return schema_fail(schema->set, STATUS_INVALID, "'%s' must be a %snumber at %.*s", keyword,
                           limit == &number->multiple_of ? "positive " : "",
                           STR_FMT(schema_shown(schema->where)));
    }
    char text[NUMBER_TEXT_SIZE];
    size_t len = number_text(value, text);
    limit->number = value;
    limit->text = str_of(arena_strdup(&schema->set->arena, str_from(text, len)));
    return !str_is_none(limit->text) || schema_no_memory(schema->set);
}

static size_t *count_place(struct schema *schema, const char *keyword) {
    bool minimum = keyword[1] == 'i';
    const char *what = keyword + 3;
    if (strcmp(what, "Length") == 0) {
        struct schema_string *string = schema_string_of(schema);
        return string == NULL ? NULL : minimum ? &string->min_length : &string->max_length;
    }
    if (strcmp(what, "Properties") == 0) {
        struct schema_object *object = schema_object_of(schema);
        return object == NULL ? NULL : minimum ? &object->min_properties : &object->max_properties;
    }
    struct schema_array *array = schema_array_of(schema);
    if (array == NULL) {
        return NULL;
    }
    if (strcmp(what, "Contains") == 0) {
        return minimum ? &array->min_contains : &array->max_contains;
    }
    return minimum ? &array->min_items : &array->max_items;
}

bool schema_compile_count(struct schema *schema, const char *keyword, json_t *value) {
    double number = json_number_value(value);
    if (!json_is_number(value) || number < 0 || !number_is_integral(value)) {
        return schema_fail(schema->set, STATUS_INVALID,
                           "'%s' must be a whole number, 0 or more, at %.*s", keyword,
                           STR_FMT(schema_shown(schema->where)));
    }
    size_t *place = count_place(schema, keyword);
    if (place == NULL) {
        return false;
    }
    *place = number >= 9e18           ? SIZE_MAX
             : json_is_integer(value) ? (size_t)json_integer_value(value)
                                      : (size_t)number;
    return true;
}

/* pattern, format ----------------------------------------------------------------------------- */

bool schema_compile_pattern(struct schema *schema, json_t *value) {
    struct schema_string *string = schema_string_of(schema);
    if (string == NULL) {
        return false;
    }
    if (!json_is_string(value)) {
        return schema_fail(schema->set, STATUS_INVALID, "'pattern' must be a string at %.*s",
                           STR_FMT(schema_shown(schema->where)));
    }
    struct buf error;
    buf_init(&error, 512);
    enum status status = schema_regex_compile(
        schema->set, str_from(json_string_value(value), json_string_length(value)),
        &string->pattern, &error);
    if (status != STATUS_OK) {
        (void)schema_fail(schema->set, status, "malformed 'pattern' (%.*s) at %.*s",
                          STR_FMT(buf_str(&error)), STR_FMT(schema_shown(schema->where)));
    }
    buf_deinit(&error);
    return status == STATUS_OK;
}

bool schema_compile_format(struct schema *schema, json_t *value) {
    struct str name = str_from(json_string_value(value), json_string_length(value));
    if (!json_is_string(value)) {
        return schema_fail(schema->set, STATUS_INVALID, "'format' must be a string at %.*s",
                           STR_FMT(schema_shown(schema->where)));
    }
    schema->format = schema_format_find(name);
    if (schema->format == NULL) {
        return schema_fail(schema->set, STATUS_UNSUPPORTED,
                           "unsupported keyword 'format' with '%.100s' at %.*s",
                           json_string_value(value), STR_FMT(schema_shown(schema->where)));
    }
    return true;
}
