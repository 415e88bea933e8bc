/* unevaluatedProperties and unevaluatedItems. What the schemas that apply to the same value have
 * looked at is worked out only where one of the two keywords is, by walking those schemas once
 * more: `marks` has one byte a member or item. A branch counts only if it holds.
 */
#include "schema_internal.h"

struct marking {
    struct evaluation *evaluation;
    const struct node *node;
    unsigned char *marks;
    size_t count;
};

static void mark(struct marking *m, const struct schema *schema, bool itself);

static void mark_all(struct marking *m) { memset(m->marks, 1, m->count); }

static void mark_members(struct marking *m, const struct schema *schema) {
    const struct schema_object *object = schema->object;
    const char *name;
    size_t name_len, i = 0;
    json_t *value;
    json_object_keylen_foreach(m->node->json, name, name_len, value) {
        struct str key = str_from(name, name_len);
        const struct schema_property *property = schema_property_find(object, key);
        bool known = property != NULL && property->declared;
        for (size_t p = 0; !known && p < object->patterns_count; p++) {
            known = schema_matches(m->evaluation, object->patterns[p].regex, key);
        }
        if (known) {
            m->marks[i] = 1;
        }
        i++;
    }
}

static void mark_items(struct marking *m, const struct schema *schema) {
    const struct schema_array *array = schema->array;
    for (size_t i = 0; i < m->count; i++) {
        struct node item = node_item(m->node, i, json_array_get(m->node->json, i));
        if (i < array->prefix_count || array->items != NULL ||
            (array->contains != NULL && schema_holds(m->evaluation, array->contains, &item))) {
            m->marks[i] = 1;
        }
    }
}

static void mark_list(struct marking *m, const struct schema_list *list, bool only_holding) {
    for (size_t i = 0; i < list->count; i++) {
        if (!only_holding || schema_holds(m->evaluation, list->schemas[i], m->node)) {
            mark(m, list->schemas[i], false);
        }
    }
}

static void mark_logic(struct marking *m, const struct schema_logic *logic) {
    mark_list(m, &logic->all_of, false);
    mark_list(m, &logic->any_of, true);
    mark_list(m, &logic->one_of, true);
    if (logic->if_ != NULL) {
        bool holds = schema_holds(m->evaluation, logic->if_, m->node);
        const struct schema *next = holds ? logic->then_ : logic->else_;
        if (holds) {
            mark(m, logic->if_, false);
        }
        if (next != NULL) {
            mark(m, next, false);
        }
    }
}

/* itself: the schema whose unevaluated... is being worked out, which must not count for itself. */
static void mark_keywords(struct marking *m, const struct schema *schema, bool itself) {
    if (schema->object != NULL && m->node->type_bits == TYPE_OBJECT) {
        const struct schema_object *object = schema->object;
        if (object->additional != NULL || (object->unevaluated != NULL && !itself)) {
            mark_all(m);
            return;
        }
        mark_members(m, schema);
        for (size_t i = 0; i < object->dependencies_count; i++) {
            const struct schema_dependency *one = &object->dependencies[i];
            if (one->schema != NULL &&
                json_object_getn(m->node->json, one->name.ptr, one->name.len) != NULL) {
                mark(m, one->schema, false);
            }
        }
    }
    if (schema->array != NULL && m->node->type_bits == TYPE_ARRAY) {
        if (schema->array->unevaluated != NULL && !itself) {
            mark_all(m);
            return;
        }
        mark_items(m, schema);
    }
    if (schema->ref != NULL) {
        mark(m, schema->ref, false);
    }
    if (schema->dynamic_ref != NULL) {
        mark(m, schema_dynamic_target(m->evaluation, schema), false);
    }
    if (schema->logic != NULL) {
        mark_logic(m, schema->logic);
    }
}

static void mark(struct marking *m, const struct schema *schema, bool itself) {
    const struct scope *outer = m->evaluation->scope;
    struct scope scope = {schema->resource, outer};
    if (schema->resource != NULL && outer->resource != schema->resource) {
        m->evaluation->scope = &scope;
    }
    mark_keywords(m, schema, itself);
    m->evaluation->scope = outer;
}

static bool eval_members(struct marking *m, const struct schema *unevaluated) {
    const char *name;
    size_t name_len, i = 0;
    json_t *value;
    bool ok = true;
    json_object_keylen_foreach(m->node->json, name, name_len, value) {
        struct str key = str_from(name, name_len);
        if (m->marks[i++] != 0) {
            continue;
        }
        if (unevaluated->never) {
            ok = schema_report(m->evaluation, m->node, key,
                               schema_never_asked(key) ? "never_asked" : "unknown_field", key,
                               STR_NONE);
            continue;
        }
        struct node member = node_member(m->node, key, value);
        ok = schema_eval(m->evaluation, unevaluated, &member) && ok;
    }
    return ok;
}

static bool eval_items(struct marking *m, const struct schema *unevaluated) {
    bool ok = true;
    for (size_t i = 0; i < m->count; i++) {
        if (m->marks[i] == 0) {
            struct node item = node_item(m->node, i, json_array_get(m->node->json, i));
            ok = schema_eval(m->evaluation, unevaluated, &item) && ok;
        }
    }
    return ok;
}

bool schema_eval_unevaluated(struct evaluation *evaluation, const struct schema *schema,
                             const struct node *node) {
    bool is_object = node->type_bits == TYPE_OBJECT;
    struct marking m = {.evaluation = evaluation, .node = node};
    m.count = is_object ? json_object_size(node->json) : json_array_size(node->json);
    m.marks = arena_zalloc(evaluation->arena, m.count + 1);
    if (m.marks == NULL) {
        evaluation->no_memory = true;
        return false;
    }
    mark(&m, schema, true);
    return is_object ? eval_members(&m, schema->object->unevaluated)
                     : eval_items(&m, schema->array->unevaluated);
}
