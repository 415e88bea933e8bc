/* Objects: one pass over the members with a hash look-up each; what is missing is sought only if
 * the count says so. */
#include "schema_internal.h"

/* The schema of additionalProperties or unevaluatedProperties against one member; `false` there
 * means that the field is not known, which says more than "false schema". */
static bool eval_extra(struct evaluation *evaluation, const struct schema *schema,
                       const struct node *node, struct str name, json_t *value) {
    if (schema->never) {
        return schema_report(evaluation, node, name,
                             schema_never_asked(name) ? "never_asked" : "unknown_field", name,
                             STR_NONE);
    }
    struct node member = node_member(node, name, value);
    return schema_eval(evaluation, schema, &member);
}

static bool eval_member(struct evaluation *evaluation, const struct schema_object *object,
                        const struct node *node, struct str name, json_t *value, size_t *required) {
    bool ok = true;
    const struct schema_property *property = schema_property_find(object, name);
    if (property != NULL) {
        *required += property->required ? 1 : 0;
        if (property->schema != NULL) {
            struct node member = node_member(node, name, value);
            ok = schema_eval(evaluation, property->schema, &member);
        }
    }
    bool known = property != NULL && property->declared;
    for (size_t i = 0; i < object->patterns_count && (ok || evaluation->violations != NULL); i++) {
        if (schema_matches(evaluation, object->patterns[i].regex, name)) {
            known = true;
            struct node member = node_member(node, name, value);
            ok = schema_eval(evaluation, object->patterns[i].schema, &member) && ok;
        }
    }
    if (!known && object->additional != NULL) {
        ok = eval_extra(evaluation, object->additional, node, name, value) && ok;
    }
    if (object->names != NULL && (ok || evaluation->violations != NULL)) {
        struct node key = node_name(node, name);
        ok = schema_eval(evaluation, object->names, &key) && ok;
    }
    return ok;
}

static void report_missing(struct evaluation *evaluation, const struct schema_object *object,
                           const struct node *node) {
    for (size_t i = 0; evaluation->violations != NULL && i < object->properties_count; i++) {
        struct str name = object->properties[i].name;
        if (object->properties[i].required &&
            json_object_getn(node->json, name.ptr, name.len) == NULL) {
            (void)schema_report(evaluation, node, name, "required", name, STR_NONE);
        }
    }
}

static bool eval_dependency(struct evaluation *evaluation,
                            const struct schema_dependency *dependency, const struct node *node) {
    if (json_object_getn(node->json, dependency->name.ptr, dependency->name.len) == NULL) {
        return true;
    }
    bool ok = true;
    for (size_t i = 0; i < dependency->names_count; i++) {
        struct str name = dependency->names[i];
        if (json_object_getn(node->json, name.ptr, name.len) == NULL) {
            ok = schema_report(evaluation, node, name, "dependent_required", name,
                               dependency->name);
        }
    }
    return (dependency->schema == NULL || schema_eval(evaluation, dependency->schema, node)) && ok;
}

static bool eval_size(struct evaluation *evaluation, const struct schema_object *object,
                      const struct node *node) {
    size_t size = json_object_size(node->json);
    if (size < object->min_properties) {
        return schema_report(evaluation, node, STR_NONE, "min_properties",
                             schema_count_text(evaluation, object->min_properties), STR_NONE);
    }
    if (size > object->max_properties) {
        return schema_report(evaluation, node, STR_NONE, "max_properties",
                             schema_count_text(evaluation, object->max_properties), STR_NONE);
    }
    return true;
}

bool schema_eval_object(struct evaluation *evaluation, const struct schema *schema,
                        const struct node *node) {
    const struct schema_object *object = schema->object;
    bool quiet = evaluation->violations == NULL;
    bool ok = eval_size(evaluation, object, node);
    size_t required = 0;
    const char *name;
    size_t name_len;
    json_t *value;
    json_object_keylen_foreach(node->json, name, name_len, value) {
        if (!ok && quiet) {
            return false;
        }
        ok = eval_member(evaluation, object, node, str_from(name, name_len), value, &required) &&
             ok;
    }
    if (required < object->required_count) {
        report_missing(evaluation, object, node);
        ok = false;
    }
    for (size_t i = 0; i < object->dependencies_count && (ok || !quiet); i++) {
        ok = eval_dependency(evaluation, &object->dependencies[i], node) && ok;
    }
    return ok;
}
