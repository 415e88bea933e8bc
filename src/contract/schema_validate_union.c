/* anyOf and oneOf, and what to say when no branch fits. "Fits none of the forms" helps nobody, so
 * the branch that the sender most likely meant is found and its own violations are reported:
 *  - a branch whose type or constant is already wrong was not meant; if that is so of all of them,
 * their types or constants are listed together;
 *  - a branch whose tag (a property with a constant, as "kind" in a tagged union) is wrong was not
 * meant either;
 *  - of the others, the one with the fewest violations.
 * Only if that leaves several with different complaints is the violation any_of or one_of itself.
 */
#include "schema_internal.h"

enum rank { MEANT, OTHER_TAG, OTHER_TYPE };

struct branch {
    struct violations violations;
    enum rank rank;
    const struct violation *reason; /* why the rank is not MEANT */
};

static bool is_code(const struct violation *violation, const char *code) {
    return strcmp(violation->code, code) == 0;
}

static bool is_constant(const struct violation *violation) {
    return is_code(violation, "const") || is_code(violation, "enum");
}

/* `pointer` is `base` and one more token; the token is then left in *token. */
static bool is_child(struct str pointer, struct str base, struct str *token) {
    if (pointer.len <= base.len || !str_starts_with(pointer, base) ||
        pointer.ptr[base.len] != '/') {
        return false;
    }
    *token = str_from(pointer.ptr + base.len + 1, pointer.len - base.len - 1);
    return str_find(*token, '/') == token->len;
}

static void branch_rank(struct branch *branch, struct str base, struct str tag) {
    for (const struct violation *one = branch->violations.first; one != NULL; one = one->next) {
        struct str token;
        enum rank rank = MEANT;
        if (str_eq(one->pointer, base) &&
            (is_code(one, "type") || is_constant(one) || is_code(one, "false_schema"))) {
            rank = OTHER_TYPE;
        } else if (is_child(one->pointer, base, &token) &&
                   (is_code(one, "const") ||
                    (!str_is_none(tag) && str_eq(token, tag) && is_constant(one)))) {
            rank = OTHER_TAG;
        }
        if (rank > branch->rank) {
            branch->rank = rank;
            branch->reason = one;
        }
    }
}

/* Tries every branch with violations of its own. NULL: memory. */
static struct branch *branches_try(struct evaluation *evaluation, const struct schema_list *list,
                                   const struct node *node, struct str base, struct str tag) {
    struct branch *branches = arena_array(evaluation->arena, list->count, sizeof *branches);
    struct violations *outer = evaluation->violations;
    for (size_t i = 0; branches != NULL && i < list->count; i++) {
        violations_init(&branches[i].violations, evaluation->arena);
        evaluation->violations = &branches[i].violations;
        (void)schema_eval(evaluation, list->schemas[i], node);
        branch_rank(&branches[i], base, tag);
    }
    evaluation->violations = outer;
    return branches;
}

static bool same_complaint(const struct branch *a, const struct branch *b) {
    const struct violation *x = a->violations.first, *y = b->violations.first;
    while (x != NULL && y != NULL && str_eq(x->pointer, y->pointer) &&
           strcmp(x->code, y->code) == 0) {
        x = x->next;
        y = y->next;
    }
    return x == NULL && y == NULL;
}

/* Of the branches that may have been meant: the one with the fewest violations, NULL if several
 * differ. */
static const struct branch *branch_choose(const struct branch *branches, size_t count,
                                          enum rank rank) {
    const struct branch *best = NULL;
    bool tie = false;
    for (size_t i = 0; i < count; i++) {
        const struct branch *one = &branches[i];
        if (one->rank != rank) {
            continue;
        }
        if (best == NULL || one->violations.count < best->violations.count) {
            best = one;
            tie = false;
        } else if (one->violations.count == best->violations.count && !same_complaint(one, best)) {
            tie = true;
        }
    }
    return tie ? NULL : best;
}

/* Appends `text` unless it is in the list already. */
static void list_add(struct buf *list, struct str text, const char *separator) {
    struct str rest = buf_str(list), part;
    while (list->len > 0 && str_split(&rest, ',', &part)) {
        if (str_eq(str_trim(part), text)) {
            return;
        }
    }
    buf_append_text(list, list->len == 0 ? "" : separator);
    buf_append(list, text);
}

/* All branches of this rank fail for one reason at one place: one violation that lists what would
 * do. */
static bool report_merged(struct evaluation *evaluation, const struct branch *branches,
                          size_t count, enum rank rank) {
    const struct violation *first = NULL;
    struct buf list;
    buf_init(&list, 4096);
    bool same = true;
    for (size_t i = 0; same && i < count; i++) {
        const struct violation *reason = branches[i].reason;
        if (branches[i].rank != rank || reason == NULL) {
            continue;
        }
        first = first == NULL ? reason : first;
        same = str_eq(reason->pointer, first->pointer) &&
               (is_constant(reason) ? is_constant(first)
                                    : is_code(reason, "type") && is_code(first, "type"));
        list_add(&list, reason->params[0], is_constant(reason) ? ", " : ",");
    }
    same = same && first != NULL && buf_status(&list) == STATUS_OK;
    if (same) {
        violations_add(evaluation->violations, first->pointer, is_constant(first) ? "enum" : "type",
                       buf_str(&list), STR_NONE);
    }
    buf_deinit(&list);
    return same;
}

/* The branches that may have been meant each lack one field: "needs email or phone". */
static bool report_lacking(struct evaluation *evaluation, const struct branch *branches,
                           size_t count, const struct node *node, const char *code) {
    struct buf list;
    buf_init(&list, 4096);
    bool lacking = true;
    for (size_t i = 0; lacking && i < count; i++) {
        const struct violations *violations = &branches[i].violations;
        if (branches[i].rank == MEANT) {
            lacking = violations->count == 1 && violations->first != NULL &&
                      is_code(violations->first, "required");
            if (lacking) {
                list_add(&list, violations->first->params[0], ", ");
            }
        }
    }
    lacking = lacking && buf_status(&list) == STATUS_OK;
    if (lacking) {
        (void)schema_report(evaluation, node, STR_NONE, code, buf_str(&list), STR_NONE);
    }
    buf_deinit(&list);
    return lacking;
}

/* Moves the branch's violations to the list, as many as still fit. They are not made anew by
 * evaluating once more: unions inside unions would double the work at every level. */
static void take(struct violations *violations, const struct branch *branch) {
    size_t room = violations->max - violations->count;
    violations->count += branch->violations.count;
    for (struct violation *one = branch->violations.first; one != NULL && room > 0; room--) {
        struct violation *next = one->next;
        one->next = NULL;
        if (violations->last == NULL) {
            violations->first = one;
        } else {
            violations->last->next = one;
        }
        violations->last = one;
        one = next;
    }
}

static void explain(struct evaluation *evaluation, const struct schema_list *list,
                    const struct node *node, const char *code, struct str base, struct str tag) {
    struct branch *branches = branches_try(evaluation, list, node, base, tag);
    if (branches == NULL) {
        evaluation->no_memory = true;
        return;
    }
    enum rank rank = OTHER_TYPE;
    size_t candidates = 0;
    for (size_t i = 0; i < list->count; i++) {
        if (branches[i].rank < rank) {
            rank = branches[i].rank;
        }
    }
    for (size_t i = 0; i < list->count; i++) {
        candidates += branches[i].rank == rank ? 1 : 0;
    }
    if (rank == MEANT || candidates == 1) {
        const struct branch *best = branch_choose(branches, list->count, rank);
        if (best != NULL) {
            take(evaluation->violations, best);
            return;
        }
        if (report_lacking(evaluation, branches, list->count, node, code)) {
            return;
        }
    } else if (report_merged(evaluation, branches, list->count, rank)) {
        return;
    }
    (void)schema_report(evaluation, node, STR_NONE, code, STR_NONE, STR_NONE);
}

/* No branch holds. Always false. */
static bool report_none(struct evaluation *evaluation, const struct schema *schema,
                        const struct schema_list *list, const struct node *node, const char *code) {
    struct violations *violations = evaluation->violations;
    if (violations == NULL) {
        return false;
    }
    if (violations->count >=
        violations->max) { /* kept ones are full: no work for one that is only counted */
        violations->count++;
        return false;
    }
    struct str tag = schema->logic->discriminator;
    if (!str_is_none(tag) && node->type_bits == TYPE_OBJECT &&
        json_object_getn(node->json, tag.ptr, tag.len) == NULL) {
        return schema_report(evaluation, node, tag, "required", tag, STR_NONE);
    }
    struct buf base;
    buf_init(&base, SCHEMA_POINTER_MAX);
    schema_node_pointer(node, STR_NONE, &base);
    if (buf_status(&base) == STATUS_OK) {
        explain(evaluation, list, node, code, buf_str(&base), tag);
    } else {
        evaluation->no_memory = true;
    }
    buf_deinit(&base);
    return false;
}

bool schema_eval_any_of(struct evaluation *evaluation, const struct schema *schema,
                        const struct node *node) {
    const struct schema_list *list = &schema->logic->any_of;
    for (size_t i = 0; i < list->count; i++) {
        if (schema_holds(evaluation, list->schemas[i], node)) {
            return true;
        }
    }
    return report_none(evaluation, schema, list, node, "any_of");
}

bool schema_eval_one_of(struct evaluation *evaluation, const struct schema *schema,
                        const struct node *node) {
    const struct schema_list *list = &schema->logic->one_of;
    size_t holding = 0;
    for (size_t i = 0; i < list->count && holding < 2; i++) {
        holding += schema_holds(evaluation, list->schemas[i], node) ? 1 : 0;
    }
    if (holding == 0) {
        return report_none(evaluation, schema, list, node, "one_of");
    }
    return holding == 1 || schema_report(evaluation, node, STR_NONE, "one_of", STR_NONE, STR("2"));
}
