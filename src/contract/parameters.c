/* Parameters of one request: taken out of path, query and headers, turned into JSON by their
 * schema's type, and held against that schema like everything else that comes in.
 */
#include "contract_internal.h"
#include "json_scan.h"

/* One value of an array. */
struct piece {
    struct str text;
    struct piece *next;
};

struct collected {
    size_t occurrences;
    bool faulty; /* a violation was reported already: nothing more to say about it */
    struct piece *first, *last;
    size_t pieces;
};

struct reading {
    const struct operation *operation;
    struct arena *arena;
    struct parameter_value *values;
    struct collected *collected;
    struct parameter_violation *first, *last;
    size_t violations;
};

/* From here on a function answers false only when memory ran out. */
static bool report(struct reading *reading, enum parameter_place place, struct str name,
                   struct violation violation) {
    if (reading->violations++ >= VIOLATIONS_MAX)
        return true;
    struct parameter_violation *found = arena_zalloc(reading->arena, sizeof *found);
    if (found == NULL)
        return false;
    violation.next = NULL;
    *found = (struct parameter_violation){.place = place, .name = name, .violation = violation};
    if (reading->last == NULL)
        reading->first = found;
    else
        reading->last->next = found;
    reading->last = found;
    return true;
}

static bool report_code(struct reading *reading, size_t index, const char *code) {
    const struct contract_parameter *parameter = &reading->operation->parameters[index];
    reading->collected[index].faulty = true;
    return report(reading, parameter->place, parameter->name,
                  (struct violation){.pointer = STR(""), .code = code});
}

/* --- Collecting --------------------------------------------------------------------------- */

static bool collect_piece(struct reading *reading, size_t index, struct str text) {
    struct collected *collected = &reading->collected[index];
    struct piece *piece = arena_alloc(reading->arena, sizeof *piece);
    if (piece == NULL)
        return false;
    *piece = (struct piece){.text = text};
    if (collected->last == NULL)
        collected->first = piece;
    else
        collected->last->next = piece;
    collected->last = piece;
    collected->pieces++;
    return true;
}

/* One decoded value; header values come as they are, with spaces around their commas. */
static bool collect_text(struct reading *reading, size_t index, struct str text, bool split) {
    if (!str_is_utf8(text))
        return report_code(reading, index, "encoding");
    if (!reading->operation->parameters[index].array) {
        reading->values[index].text = text;
        return true;
    }
    struct str part = text;
    if (!split)
        return collect_piece(reading, index, text);
    while (str_split(&text, ',', &part))
        if (!collect_piece(reading, index, str_trim(part)))
            return false;
    return true;
}

/* A percent-encoded value of a query. */
static bool collect_encoded(struct reading *reading, size_t index, struct str raw, bool split) {
    struct str text;
    enum status status = percent_decode(raw, true, reading->arena, &text);
    if (status == STATUS_NO_MEMORY)
        return false;
    if (status != STATUS_OK) {
        bool nul = raw.len > 0 && memmem(raw.ptr, raw.len, "%00", 3) != NULL;
        return report_code(reading, index, nul ? "nul_character" : "encoding");
    }
    return collect_text(reading, index, text, split);
}

static bool collect_query_value(struct reading *reading, size_t index, struct str raw) {
    const struct contract_parameter *parameter = &reading->operation->parameters[index];
    struct collected *collected = &reading->collected[index];
    collected->occurrences++;
    if (!parameter->array && collected->occurrences == 2)
        return report_code(reading, index, "repeated_parameter");
    if (!parameter->array && collected->occurrences > 2)
        return true;
    if (!parameter->array || !parameter->explode)
        return collect_encoded(reading, index, raw, true);
    struct str part;
    while (str_split(&raw, ',', &part))
        if (!collect_encoded(reading, index, part, false))
            return false;
    return true;
}

/* The name as sent, if it can be repeated in an answer. */
static bool report_unknown(struct reading *reading, struct str raw, struct str name,
                           const char *code) {
    struct str told = !str_is_none(name) ? name : str_is_utf8(raw) ? raw : STR("");
    return report(reading, IN_QUERY, told, (struct violation){.pointer = STR(""), .code = code});
}

static bool collect_pair(struct reading *reading, struct str pair) {
    size_t equals = str_find(pair, '=');
    struct str raw_name = str_from(pair.ptr, equals), name;
    struct str raw = equals == pair.len ? STR("")
                                        : str_from(pair.ptr + equals + 1, pair.len - equals - 1);
    enum status status = percent_decode(raw_name, true, reading->arena, &name);
    if (status == STATUS_NO_MEMORY)
        return false;
    if (status != STATUS_OK || !str_is_utf8(name))
        return report_unknown(reading, raw_name, STR_NONE, "encoding");
    const struct operation *operation = reading->operation;
    for (size_t i = 0; i < operation->parameters_count; i++)
        if (operation->parameters[i].place == IN_QUERY &&
            str_eq(operation->parameters[i].name, name))
            return collect_query_value(reading, i, raw);
    return report_unknown(reading, raw_name, name, "unknown_parameter");
}

static bool collect(struct reading *reading, const struct route *route, struct str query,
                    header_lookup header, void *context) {
    const struct operation *operation = reading->operation;
    for (size_t i = 0; i < operation->parameters_count; i++) {
        struct str text = STR_NONE;
        if (operation->parameters[i].place == IN_PATH && i < route->path_params_count)
            text = route->path_params[i];
        else if (operation->parameters[i].place == IN_HEADER && header != NULL)
            text = header(context, operation->parameters[i].name);
        if (str_is_none(text))
            continue;
        reading->collected[i].occurrences = 1;
        if (!collect_text(reading, i, text, true))
            return false;
    }
    struct str pair;
    while (str_split(&query, '&', &pair))
        if (pair.len > 0 && !collect_pair(reading, pair))
            return false;
    return true;
}

/* --- Validating --------------------------------------------------------------------------- */

/* The JSON value that `text` stands for; a text that is none of its type stays a string, so that
 * the schema objects. NULL: out of memory, or *in_range is false. */
static json_t *convert(enum schema_type type, struct str text, bool *in_range) {
    bool integral = false;
    *in_range = true;
    if (type == SCHEMA_BOOLEAN && (str_eq(text, STR("true")) || str_eq(text, STR("false"))))
        return json_boolean(text.len == 4);
    bool numeric = (type == SCHEMA_INTEGER || type == SCHEMA_NUMBER) && text.len > 0 &&
                   json_number_scan(text, &integral) == text.len;
    bool canonical = type == SCHEMA_NUMBER || (integral && !str_eq(text, STR("-0")));
    if (numeric && canonical)
        return json_number_make(text, integral, in_range);
    return json_stringn_nocheck(text.ptr, text.len);
}

/* *out stays NULL when a violation was reported. */
static bool convert_one(struct reading *reading, size_t index, struct str text, json_t **out) {
    bool in_range;
    *out = convert(reading->operation->parameters[index].type, text, &in_range);
    if (!in_range)
        return report_code(reading, index, "number_range");
    return *out != NULL;
}

static bool convert_array(struct reading *reading, size_t index, json_t *array) {
    struct parameter_value *value = &reading->values[index];
    struct collected *collected = &reading->collected[index];
    struct str *items = arena_array(reading->arena, collected->pieces, sizeof *items);
    if (items == NULL)
        return false;
    for (struct piece *piece = collected->first; piece != NULL; piece = piece->next) {
        json_t *item;
        if (!convert_one(reading, index, piece->text, &item))
            return false;
        if (collected->faulty)
            return true;
        if (json_array_append_new(array, item) != 0)
            return false;
        items[value->items_count++] = piece->text;
    }
    value->items = items;
    return true;
}

/* Against the schema; every violation is told with the parameter's name. */
static bool validate(struct reading *reading, size_t index, const json_t *json) {
    const struct contract_parameter *parameter = &reading->operation->parameters[index];
    struct violations violations;
    violations_init(&violations, reading->arena);
    if (!schema_validate(parameter->schema, json, STR(""), &violations))
        return false;
    if (violations.count > 0 && violations.first == NULL)
        return false;
    for (const struct violation *one = violations.first; one != NULL; one = one->next)
        if (!report(reading, parameter->place, parameter->name, *one))
            return false;
    return true;
}

static bool check_present(struct reading *reading, size_t index) {
    bool array = reading->operation->parameters[index].array;
    json_t *json = array ? json_array() : NULL;
    bool ok = array ? json != NULL && convert_array(reading, index, json)
                    : convert_one(reading, index, reading->values[index].text, &json);
    if (ok && !reading->collected[index].faulty)
        ok = validate(reading, index, json);
    json_decref(json);
    reading->values[index].present = true;
    return ok;
}

static bool check_absent(struct reading *reading, size_t index) {
    const struct contract_parameter *parameter = &reading->operation->parameters[index];
    struct parameter_value *value = &reading->values[index];
    if (parameter->required)
        return report_code(reading, index, "required");
    value->text = parameter->default_text;
    value->items = parameter->default_items;
    value->items_count = parameter->default_items_count;
    value->present = !str_is_none(parameter->default_text) || parameter->default_items != NULL;
    return true;
}

enum status contract_parse_parameters(const struct operation *operation, const struct route *route,
                                      struct str query, header_lookup header, void *context,
                                      struct arena *arena, struct parameter_values *out,
                                      struct parameter_violation **violations) {
    size_t count = operation->parameters_count;
    struct reading reading = {.operation = operation, .arena = arena};
    reading.values = arena_array(arena, count, sizeof *reading.values);
    reading.collected = arena_array(arena, count, sizeof *reading.collected);
    if (reading.values == NULL || reading.collected == NULL)
        return STATUS_NO_MEMORY;
    bool ok = collect(&reading, route, query, header, context);
    for (size_t i = 0; ok && i < count; i++) {
        if (reading.collected[i].faulty)
            continue;
        ok = reading.collected[i].occurrences > 0 ? check_present(&reading, i)
                                                  : check_absent(&reading, i);
    }
    if (!ok)
        return STATUS_NO_MEMORY;
    *out = (struct parameter_values){.values = reading.values, .count = count};
    *violations = reading.first;
    return STATUS_OK;
}
