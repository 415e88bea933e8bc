/* Evaluation of a compiled schema. With violations to report to, it goes on after a failure and
 * says everything that is wrong; without, it stops at the first (the branches of anyOf, oneOf, not,
 * if and contains are tried that way). Where a value is wrong is known from the chain of nodes on
 * the stack; a pointer is written only for a violation.
 *
 * Recursion: at most SCHEMA_DEPTH_MAX levels of the instance, and in each at most SCHEMA_DEPTH_MAX
 * schemas that apply to the same value (the loop check of schema_set.c sees to that).
 */
#include <math.h>
#include <stdio.h>

#include "schema_internal.h"

/* Nodes --------------------------------------------------------------------------------------- */

static unsigned type_bits_of(const json_t *json) {
    switch (json_typeof(json)) {
    case JSON_NULL: return TYPE_NULL;
    case JSON_TRUE:
    case JSON_FALSE: return TYPE_BOOLEAN;
    case JSON_INTEGER: return TYPE_INTEGER | TYPE_NUMBER;
    case JSON_REAL: return number_is_integral(json) ? TYPE_INTEGER | TYPE_NUMBER : TYPE_NUMBER;
    case JSON_STRING: return TYPE_STRING;
    case JSON_ARRAY: return TYPE_ARRAY;
    case JSON_OBJECT: return TYPE_OBJECT;
    }
    return 0;
}

static struct node node_make(const struct node *parent, json_t *json) {
    struct node node = {
        .json = json,
        .type_bits = type_bits_of(json),
        .depth = parent == NULL ? 0 : parent->depth + 1,
        .parent = parent,
    };
    if (node.type_bits == TYPE_STRING) {
        node.text = str_from(json_string_value(json), json_string_length(json));
    }
    return node;
}

struct node node_member(const struct node *parent, struct str key, json_t *value) {
    struct node node = node_make(parent, value);
    node.key = key;
    return node;
}

struct node node_item(const struct node *parent, size_t index, json_t *value) {
    struct node node = node_make(parent, value);
    node.index = index;
    node.is_item = true;
    return node;
}

struct node node_name(const struct node *parent, struct str key) {
    return (struct node){.text = key,
                         .type_bits = TYPE_STRING,
                         .depth = parent->depth + 1,
                         .parent = parent,
                         .key = key};
}

/* Reporting ----------------------------------------------------------------------------------- */

static void append_token(struct buf *out, struct str token) {
    buf_append_char(out, '/');
    for (size_t i = 0; i < token.len; i++) {
        if (token.ptr[i] == '~' || token.ptr[i] == '/') {
            buf_append_text(out, token.ptr[i] == '~' ? "~0" : "~1");
        } else {
            buf_append_char(out, token.ptr[i]);
        }
    }
}

/* Back to a length at which it still fitted, the error forgotten. */
static void pointer_cut(struct buf *out, size_t len) {
    out->len = len;
    out->status = STATUS_OK;
}

void schema_node_pointer(const struct node *node, struct str member, struct buf *out) {
    const struct node *chain[SCHEMA_DEPTH_MAX + 2];
    size_t length = 0;
    for (; node != NULL && length < SCHEMA_DEPTH_MAX + 2; node = node->parent) {
        chain[length++] = node;
    }
    while (length-- > 0) {
        size_t before = out->len;
        if (chain[length]->parent == NULL) {
            buf_append(out, chain[length]->key);
        } else if (chain[length]->is_item) {
            buf_printf(out, "/%zu", chain[length]->index);
        } else {
            append_token(out, chain[length]->key);
        }
        if (buf_status(out) == STATUS_TOO_LARGE) {
            pointer_cut(out, before);
            return;
        }
    }
    size_t before = out->len;
    if (!str_is_none(member)) {
        append_token(out, member);
        if (buf_status(out) == STATUS_TOO_LARGE) {
            pointer_cut(out, before);
        }
    }
}

bool schema_report(struct evaluation *evaluation, const struct node *node, struct str member,
                   const char *code, struct str param0, struct str param1) {
    struct violations *violations = evaluation->violations;
    if (violations == NULL || evaluation->gave_up) {
        return false;
    }
    if (violations->count >= violations->max) {
        violations->count++;
        return false;
    }
    struct buf pointer;
    buf_init(&pointer, SCHEMA_POINTER_MAX);
    schema_node_pointer(node, member, &pointer);
    if (buf_status(&pointer) == STATUS_OK) {
        violations_add(violations, buf_str(&pointer), code, param0, param1);
    } else {
        violations->count++;
        evaluation->no_memory = true;
    }
    buf_deinit(&pointer);
    return false;
}

struct str schema_count_text(struct evaluation *evaluation, size_t count) {
    return evaluation->violations == NULL ? STR_NONE
                                          : arena_printf(evaluation->arena, "%zu", count);
}

/* Strings ------------------------------------------------------------------------------------- */

static void *match_malloc(size_t size, void *arena) { return arena_alloc(arena, size); }

static void match_free(void *memory, void *arena) {
    (void)memory;
    (void)arena; /* goes with the arena */
}

/* PCRE2 keeps the state of a match apart from the pattern, which threads share. */
static bool match_data_make(struct evaluation *evaluation) {
    if (evaluation->match_data == NULL) {
        pcre2_general_context *context = pcre2_general_context_create(match_malloc, match_free,
                                                                      evaluation->arena);
        evaluation->match_data = context == NULL ? NULL : pcre2_match_data_create(1, context);
        evaluation->no_memory = evaluation->no_memory || evaluation->match_data == NULL;
    }
    return evaluation->match_data != NULL;
}

bool schema_matches(struct evaluation *evaluation, const struct schema_regex *regex,
                    struct str text) {
    if (!match_data_make(evaluation)) {
        return false;
    }
    PCRE2_SPTR subject = (PCRE2_SPTR)(text.ptr == NULL ? "" : text.ptr);
    int rc = pcre2_match(regex->code, subject, text.len, 0, 0, evaluation->match_data,
                         evaluation->set->match_context);
    if (rc == PCRE2_ERROR_JIT_STACKLIMIT) {
        rc = pcre2_match(regex->code, subject, text.len, 0, PCRE2_NO_JIT, evaluation->match_data,
                         evaluation->set->match_context);
    }
    if (rc == PCRE2_ERROR_NOMEMORY) {
        evaluation->no_memory = true;
    }
    return rc >= 0; /* over the limits counts as not matching */
}

static size_t code_points(struct str text) {
    size_t count = 0;
    for (size_t i = 0; i < text.len; i++) {
        count += ((unsigned char)text.ptr[i] & 0xC0) != 0x80 ? 1 : 0;
    }
    return count;
}

static bool eval_string(struct evaluation *evaluation, const struct schema_string *string,
                        const struct node *node) {
    bool ok = true;
    if (string->min_length > 0 || string->max_length < node->text.len) {
        size_t length = code_points(node->text);
        if (length < string->min_length) {
            ok = schema_report(evaluation, node, STR_NONE, "min_length",
                               schema_count_text(evaluation, string->min_length), STR_NONE);
        } else if (length > string->max_length) {
            ok = schema_report(evaluation, node, STR_NONE, "max_length",
                               schema_count_text(evaluation, string->max_length),
                               schema_count_text(evaluation, length));
        }
    }
    if (string->pattern != NULL && (ok || evaluation->violations != NULL) &&
        !schema_matches(evaluation, string->pattern, node->text)) {
        ok = schema_report(evaluation, node, STR_NONE, "pattern", string->pattern->source,
                           STR_NONE);
    }
    return ok;
}

static bool format_holds(const struct schema_format *format, const struct node *node) {
    if (format->integer_bits == 32 && (node->type_bits & TYPE_INTEGER) != 0) {
        double value = json_number_value(node->json);
        return value >= -2147483648.0 && value <= 2147483647.0;
    }
    if (format->integer_bits == 64 && json_is_real(node->json)) {
        double value = json_real_value(node->json);
        return (node->type_bits & TYPE_INTEGER) == 0 ||
               (value >= -9223372036854775808.0 && value < 9223372036854775808.0);
    }
    return format->check == NULL || node->type_bits != TYPE_STRING || format->check(node->text);
}

/* Numbers ------------------------------------------------------------------------------------- */

static bool eval_number(struct evaluation *evaluation, const struct schema_number *number,
                        const struct node *node) {
    const json_t *value = node->json;
    const struct {
        const struct schema_limit *limit;
        const char *code;
        int from, to; /* allowed results of comparing value with limit */
    } bounds[] = {
        {&number->minimum, "minimum", 0, 1},
        {&number->maximum, "maximum", -1, 0},
        {&number->exclusive_minimum, "exclusive_minimum", 1, 1},
        {&number->exclusive_maximum, "exclusive_maximum", -1, -1},
    };
    bool ok = true;
    for (size_t i = 0; i < sizeof bounds / sizeof *bounds; i++) {
        if (bounds[i].limit->number == NULL) {
            continue;
        }
        int order = number_compare(value, bounds[i].limit->number);
        if (order < bounds[i].from || order > bounds[i].to) {
            ok = schema_report(evaluation, node, STR_NONE, bounds[i].code, bounds[i].limit->text,
                               STR_NONE);
        }
    }
    if (number->multiple_of.number != NULL &&
        !number_is_multiple(value, number->multiple_of.number)) {
        ok = schema_report(evaluation, node, STR_NONE, "multiple_of", number->multiple_of.text,
                           STR_NONE);
    }
    return ok;
}

/* Schemas ------------------------------------------------------------------------------------- */

static bool values_have(const struct schema_values *values, const struct node *node) {
    for (size_t i = 0; i < values->count; i++) {
        const json_t *value = values->values[i];
        if (node->type_bits == TYPE_STRING) {
            if (json_is_string(value) && json_string_length(value) == node->text.len &&
                memcmp(json_string_value(value), node->text.ptr, node->text.len) == 0) {
                return true;
            }
        } else if (value_equal(value, node->json)) {
            return true;
        }
    }
    return false;
}

/* type, enum, const: after a wrong one every further complaint would be noise. */
static bool eval_identity(struct evaluation *evaluation, const struct schema *schema,
                          const struct node *node) {
    if (schema->never) {
        return schema_report(evaluation, node, STR_NONE, "false_schema", STR_NONE, STR_NONE);
    }
    if (schema->types != 0 && (schema->types & node->type_bits) == 0) {
        return schema_report(evaluation, node, STR_NONE, "type", schema->types_text, STR_NONE);
    }
    if (schema->enum_ != NULL && !values_have(schema->enum_, node)) {
        return schema_report(evaluation, node, STR_NONE, "enum", schema->enum_->text, STR_NONE);
    }
    if (schema->const_ != NULL && !values_have(schema->const_, node)) {
        return schema_report(evaluation, node, STR_NONE, "const", schema->const_->text, STR_NONE);
    }
    return true;
}

static bool eval_kind(struct evaluation *evaluation, const struct schema *schema,
                      const struct node *node) {
    bool ok = true;
    if (schema->string != NULL && node->type_bits == TYPE_STRING) {
        ok = eval_string(evaluation, schema->string, node);
    } else if (schema->number != NULL && (node->type_bits & TYPE_NUMBER) != 0) {
        ok = eval_number(evaluation, schema->number, node);
    } else if (schema->array != NULL && node->type_bits == TYPE_ARRAY) {
        ok = schema_eval_array(evaluation, schema, node);
    } else if (schema->object != NULL && node->type_bits == TYPE_OBJECT) {
        ok = schema_eval_object(evaluation, schema, node);
    }
    if (schema->format != NULL && (ok || evaluation->violations != NULL) &&
        !format_holds(schema->format, node)) {
        ok = schema_report(evaluation, node, STR_NONE, "format", str_of(schema->format->name),
                           STR_NONE);
    }
    return ok;
}

static bool eval_if(struct evaluation *evaluation, const struct schema_logic *logic,
                    const struct node *node) {
    const struct schema *next = schema_holds(evaluation, logic->if_, node) ? logic->then_
                                                                           : logic->else_;
    return next == NULL || schema_eval(evaluation, next, node);
}

static bool eval_logic(struct evaluation *evaluation, const struct schema *schema,
                       const struct node *node) {
    const struct schema_logic *logic = schema->logic;
    bool quiet = evaluation->violations == NULL;
    bool ok = true;
    for (size_t i = 0; i < logic->all_of.count && (ok || !quiet); i++) {
        ok = schema_eval(evaluation, logic->all_of.schemas[i], node) && ok;
    }
    if (logic->any_of.count > 0 && (ok || !quiet)) {
        ok = schema_eval_any_of(evaluation, schema, node) && ok;
    }
    if (logic->one_of.count > 0 && (ok || !quiet)) {
        ok = schema_eval_one_of(evaluation, schema, node) && ok;
    }
    if (logic->not_ != NULL && (ok || !quiet) && schema_holds(evaluation, logic->not_, node)) {
        ok = schema_report(evaluation, node, STR_NONE, "not", STR_NONE, STR_NONE);
    }
    if (logic->if_ != NULL && (ok || !quiet)) {
        ok = eval_if(evaluation, logic, node) && ok;
    }
    return ok;
}

static bool has_unevaluated(const struct schema *schema, const struct node *node) {
    return (node->type_bits == TYPE_OBJECT && schema->object != NULL &&
            schema->object->unevaluated != NULL) ||
           (node->type_bits == TYPE_ARRAY && schema->array != NULL &&
            schema->array->unevaluated != NULL);
}

const struct schema *schema_dynamic_target(const struct evaluation *evaluation,
                                           const struct schema *schema) {
    const struct schema *target = schema->dynamic_ref;
    if (target == NULL || str_is_none(schema->dynamic_name)) {
        return target;
    }
    for (const struct scope *scope = evaluation->scope; scope != NULL; scope = scope->outer) {
        const struct schema *anchored = schema_dynamic_anchor(scope->resource,
                                                              schema->dynamic_name);
        target = anchored == NULL ? target : anchored; /* the outermost wins */
    }
    return target;
}

static bool eval_keywords(struct evaluation *evaluation, const struct schema *schema,
                          const struct node *node) {
    if (!eval_identity(evaluation, schema, node)) {
        return false;
    }
    bool quiet = evaluation->violations == NULL;
    bool ok = eval_kind(evaluation, schema, node);
    if (schema->ref != NULL && (ok || !quiet)) {
        ok = schema_eval(evaluation, schema->ref, node) && ok;
    }
    if (schema->dynamic_ref != NULL && (ok || !quiet)) {
        ok = schema_eval(evaluation, schema_dynamic_target(evaluation, schema), node) && ok;
    }
    if (schema->logic != NULL && (ok || !quiet)) {
        ok = eval_logic(evaluation, schema, node) && ok;
    }
    if (has_unevaluated(schema, node) && (ok || !quiet)) {
        ok = schema_eval_unevaluated(evaluation, schema, node) && ok;
    }
    return ok;
}

bool schema_eval(struct evaluation *evaluation, const struct schema *schema,
                 const struct node *node) {
    if (evaluation->gave_up || ++evaluation->steps > EVALUATION_STEPS_MAX) {
        evaluation->gave_up = true;
        return false;
    }
    if (node->depth > SCHEMA_DEPTH_MAX) {
        return schema_report(evaluation, node, STR_NONE, "too_deep", STR_NONE, STR_NONE);
    }
    const struct scope *outer = evaluation->scope;
    struct scope scope = {schema->resource, outer};
    if (schema->resource != NULL && (outer == NULL || outer->resource != schema->resource)) {
        evaluation->scope = &scope;
    }
    bool ok = eval_keywords(evaluation, schema, node);
    evaluation->scope = outer;
    return ok;
}

bool schema_holds(struct evaluation *evaluation, const struct schema *schema,
                  const struct node *node) {
    struct violations *violations = evaluation->violations;
    evaluation->violations = NULL;
    bool ok = schema_eval(evaluation, schema, node);
    evaluation->violations = violations;
    return ok;
}

bool schema_validate(const struct schema *schema, const json_t *instance, struct str base,
                     struct violations *violations) {
    struct evaluation evaluation = {
        .set = schema->set, .violations = violations, .arena = violations->arena};
    struct node root = node_make(NULL, (json_t *)instance);
    root.key = base;
    bool ok = schema_eval(&evaluation, schema, &root);
    (void)ok; /* the violations tell */
    if (evaluation.gave_up) {
        evaluation.gave_up = false;
        (void)schema_report(&evaluation, &root, STR_NONE, "too_complex", STR_NONE, STR_NONE);
    }
    return !evaluation.no_memory;
}
