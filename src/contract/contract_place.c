/* Walking the description: every value with its JSON Pointer, so that each complaint says where. */
#include <stdarg.h>
#include <stdio.h>

#include "contract_internal.h"
#include "pointer.h"

#define REFERENCES_MAX 8

bool build_fail(struct builder *builder, enum status status, struct str where, const char *format,
                ...) {
    if (builder->status != STATUS_OK)
        return false;
    builder->status = status;
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    (void)vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    buf_append_text(builder->error, text);
    buf_append_text(builder->error, " at ");
    buf_append(builder->error, where.len == 0 ? STR("the root") : where);
    return false;
}

bool build_no_memory(struct builder *builder) {
    if (builder->status == STATUS_OK) {
        builder->status = STATUS_NO_MEMORY;
        buf_append_text(builder->error, "out of memory");
    }
    return false;
}

/* The pointer, one token longer. */
static struct str pointer_join(struct builder *builder, struct str pointer, struct str token) {
    char *text = arena_alloc(builder->arena, pointer.len + POINTER_TOKEN_MAX(token.len) + 1);
    if (text == NULL) {
        (void)build_no_memory(builder);
        return pointer;
    }
    size_t n = pointer.len;
    if (n > 0)
        memcpy(text, pointer.ptr, n);
    n += pointer_put(text + n, token);
    text[n] = '\0';
    return str_from(text, n);
}

struct place place_member(struct builder *builder, struct place place, const char *key) {
    json_t *json = json_object_get(place.json, key);
    return (struct place){json, json == NULL ? place.pointer
                                             : pointer_join(builder, place.pointer, str_of(key))};
}

struct place place_item(struct builder *builder, struct place place, size_t index) {
    char digits[24];
    (void)snprintf(digits, sizeof digits, "%zu", index);
    return (struct place){json_array_get(place.json, index),
                          pointer_join(builder, place.pointer, str_of(digits))};
}

/* The place a pointer names, token by token. */
static struct place place_find(struct builder *builder, struct str pointer) {
    struct place place = {builder->contract->root, STR("")};
    struct str rest = str_from(pointer.ptr + 1, pointer.len - 1), token;
    while (place.json != NULL && str_split(&rest, '/', &token)) {
        char *key = arena_strdup(builder->arena, token);
        if (key == NULL) {
            (void)build_no_memory(builder);
            return (struct place){NULL, place.pointer};
        }
        size_t len = 0;
        if (!pointer_get(token, key, token.len, &len))
            return (struct place){NULL, place.pointer};
        key[len] = '\0';
        place = place_member(builder, place, key);
    }
    return place;
}

bool place_resolve(struct builder *builder, struct place *place) {
    for (unsigned i = 0; i < REFERENCES_MAX; i++) {
        json_t *reference = json_object_get(place->json, "$ref");
        if (reference == NULL)
            return builder->status == STATUS_OK;
        struct str text = str_from(json_string_value(reference), json_string_length(reference));
        if (!str_starts_with(text, STR("#/")))
            return build_fail(builder, STATUS_UNSUPPORTED, place->pointer,
                              "a $ref must begin with '#/'");
        struct place target = place_find(builder, str_from(text.ptr + 1, text.len - 1));
        if (target.json == NULL)
            return build_fail(builder, STATUS_INVALID, place->pointer,
                              "the $ref '%.*s' leads nowhere", STR_FMT(text));
        *place = target;
    }
    return build_fail(builder, STATUS_INVALID, place->pointer, "the $ref goes round in circles");
}

bool place_schema(struct builder *builder, struct place place, const struct schema **out) {
    if (builder->status != STATUS_OK)
        return false;
    builder->status = schema_compile(builder->contract->schemas, place.pointer, out,
                                     builder->error);
    return builder->status == STATUS_OK;
}

bool place_text(struct builder *builder, struct place parent, const char *key, bool required,
                struct str *out) {
    struct place place = place_member(builder, parent, key);
    if (place.json == NULL && !required) {
        *out = STR_NONE;
        return builder->status == STATUS_OK;
    }
    if (!json_is_string(place.json))
        return build_fail(builder, STATUS_INVALID, place.pointer, "'%s' must be a string", key);
    *out = str_from(json_string_value(place.json), json_string_length(place.json));
    return builder->status == STATUS_OK;
}

bool place_bool(struct builder *builder, struct place parent, const char *key, bool absent,
                bool *out) {
    struct place place = place_member(builder, parent, key);
    if (place.json != NULL && !json_is_boolean(place.json))
        return build_fail(builder, STATUS_INVALID, place.pointer, "'%s' must be true or false",
                          key);
    *out = place.json == NULL ? absent : json_is_true(place.json);
    return builder->status == STATUS_OK;
}

bool place_count(struct builder *builder, struct place parent, const char *key, uint64_t absent,
                 uint64_t *out) {
    struct place place = place_member(builder, parent, key);
    if (place.json != NULL && (!json_is_integer(place.json) || json_integer_value(place.json) < 0))
        return build_fail(builder, STATUS_INVALID, place.pointer,
                          "'%s' must be a whole number, not negative", key);
    *out = place.json == NULL ? absent : (uint64_t)json_integer_value(place.json);
    return builder->status == STATUS_OK;
}

bool place_known(struct builder *builder, struct place place, const char *const *known) {
    if (!json_is_object(place.json))
        return build_fail(builder, STATUS_INVALID, place.pointer, "an object is expected");
    const char *key;
    json_t *value;
    json_object_foreach(place.json, key, value) {
        bool found = strncmp(key, "x-", 2) == 0 && strncmp(key, "x-segreteria-", 13) != 0;
        for (size_t i = 0; !found && known[i] != NULL; i++)
            found = strcmp(known[i], key) == 0;
        if (!found)
            return build_fail(builder, STATUS_UNSUPPORTED, place.pointer, "unknown keyword '%s'",
                              key);
    }
    return builder->status == STATUS_OK;
}
