/* Arrays: items by place, how many, how many of a kind, and no two alike. */
#include <stdio.h>

#include "schema_internal.h"

static bool eval_size(struct evaluation *evaluation, const struct schema_array *array,
                      const struct node *node) {
    size_t size = json_array_size(node->json);
    if (size < array->min_items) {
        return schema_report(evaluation, node, STR_NONE, "min_items",
                             schema_count_text(evaluation, array->min_items), STR_NONE);
    }
    if (size > array->max_items) {
        return schema_report(evaluation, node, STR_NONE, "max_items",
                             schema_count_text(evaluation, array->max_items), STR_NONE);
    }
    return true;
}

static bool eval_items(struct evaluation *evaluation, const struct schema_array *array,
                       const struct node *node) {
    bool ok = true;
    for (size_t i = 0; i < json_array_size(node->json) && (ok || evaluation->violations != NULL);
         i++) {
        const struct schema *schema = i < array->prefix_count ? array->prefix[i] : array->items;
        if (schema == NULL) {
            continue;
        }
        struct node item = node_item(node, i, json_array_get(node->json, i));
        ok = schema_eval(evaluation, schema, &item) && ok;
    }
    return ok;
}

static bool eval_contains(struct evaluation *evaluation, const struct schema_array *array,
                          const struct node *node) {
    size_t found = 0;
    for (size_t i = 0; i < json_array_size(node->json) && found <= array->max_contains; i++) {
        struct node item = node_item(node, i, json_array_get(node->json, i));
        found += schema_holds(evaluation, array->contains, &item) ? 1 : 0;
        if (found >= array->min_contains && array->max_contains == SIZE_MAX) {
            return true;
        }
    }
    if (found >= array->min_contains && found <= array->max_contains) {
        return true;
    }
    bool too_many = found > array->max_contains;
    return schema_report(evaluation, node, STR_NONE, "contains",
                         too_many ? STR_NONE : schema_count_text(evaluation, array->min_contains),
                         too_many ? schema_count_text(evaluation, array->max_contains) : STR_NONE);
}

static bool eval_unique(struct evaluation *evaluation, const struct node *node) {
    size_t first = 0, second = 0;
    bool found = false;
    for (size_t i = 0; i < json_array_size(node->json); i++) {
        if (value_is_deeper(json_array_get(node->json, i), SCHEMA_DEPTH_MAX)) {
            return schema_report(evaluation, node, STR_NONE, "too_deep", STR_NONE, STR_NONE);
        }
    }
    if (values_find_equal(node->json, evaluation->set->seed, evaluation->arena, &found, &first,
                          &second) != STATUS_OK) {
        evaluation->no_memory = true;
        return false;
    }
    if (!found) {
        return true;
    }
    struct node item = node_item(node, second, json_array_get(node->json, second));
    return schema_report(evaluation, &item, STR_NONE, "unique_items",
                         schema_count_text(evaluation, first), STR_NONE);
}

bool schema_eval_array(struct evaluation *evaluation, const struct schema *schema,
                       const struct node *node) {
    const struct schema_array *array = schema->array;
    bool quiet = evaluation->violations == NULL;
    bool ok = eval_size(evaluation, array, node);
    if ((array->items != NULL || array->prefix_count > 0) && (ok || !quiet)) {
        ok = eval_items(evaluation, array, node) && ok;
    }
    if (array->contains != NULL && (ok || !quiet)) {
        ok = eval_contains(evaluation, array, node) && ok;
    }
    if (array->unique && (ok || !quiet)) {
        ok = eval_unique(evaluation, node) && ok;
    }
    return ok;
}
