/* JSON as text. jansson's own writer shows reals with 17 digits (19.99 as 19.989999999999998) and
 * takes several times as long. */
#include <stdio.h>

#include "segreteria/contract/contract.h"

/* What is parsed here is at most JSON_DEPTH_MAX deep; what handlers build around it adds a few
 * levels. */
#define DEPTH_MAX (2 * JSON_DEPTH_MAX)
#define TEXT_MAX ((size_t)64 * 1024 * 1024)

static bool write_value(struct buf *out, const json_t *json, unsigned depth);

static bool write_object(struct buf *out, const json_t *json, unsigned depth) {
    json_t *object =
        (json_t *)json; /* iterating changes nothing, but jansson's type does not say so */
    char separator = '{';
    for (void *at = json_object_iter(object); at != NULL; at = json_object_iter_next(object, at)) {
        buf_append_char(out, separator);
        separator = ',';
        buf_append_json_string(out,
                               str_from(json_object_iter_key(at), json_object_iter_key_len(at)));
        buf_append_char(out, ':');
        if (!write_value(out, json_object_iter_value(at), depth + 1))
            return false;
    }
    buf_append_text(out, separator == '{' ? "{}" : "}");
    return true;
}

static bool write_array(struct buf *out, const json_t *json, unsigned depth) {
    buf_append_char(out, '[');
    for (size_t i = 0; i < json_array_size(json); i++) {
        if (i > 0)
            buf_append_char(out, ',');
        if (!write_value(out, json_array_get(json, i), depth + 1))
            return false;
    }
    buf_append_char(out, ']');
    return true;
}

/* False: nested too deep. */
static bool write_value(struct buf *out, const json_t *json, unsigned depth) {
    if (depth > DEPTH_MAX)
        return false;
    switch (json_typeof(json)) {
    case JSON_OBJECT: return write_object(out, json, depth);
    case JSON_ARRAY: return write_array(out, json, depth);
    case JSON_STRING:
        buf_append_json_string(out, str_from(json_string_value(json), json_string_length(json)));
        break;
    case JSON_INTEGER: buf_printf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(json)); break;
    case JSON_REAL: buf_printf(out, "%.15g", json_real_value(json)); break;
    case JSON_TRUE: buf_append(out, STR("true")); break;
    case JSON_FALSE: buf_append(out, STR("false")); break;
    default: buf_append(out, STR("null")); break;
    }
    return true;
}

enum status contract_write_json(const json_t *json, struct arena *arena, struct str *out) {
    struct buf text;
    buf_init(&text, TEXT_MAX);
    enum status status = write_value(&text, json, 0) ? buf_status(&text) : STATUS_TOO_LARGE;
    if (status == STATUS_OK) {
        const char *copy = arena_strdup(arena, buf_str(&text));
        status = copy == NULL ? STATUS_NO_MEMORY : STATUS_OK;
        if (copy != NULL)
            *out = str_from(copy, text.len);
    }
    buf_deinit(&text);
    return status;
}
