/* The catalogue of problems ("x-segreteria-problems" of the root) and what each operation says it
 * may answer. */
#include <stdio.h>
#include <stdlib.h>

#include "contract_internal.h"

static bool is_code(struct str code) {
    for (size_t i = 0; i < code.len; i++) {
        char c = code.ptr[i];
        bool letter = c >= 'a' && c <= 'z';
        if (!letter && (i == 0 || (c != '_' && (c < '0' || c > '9'))))
            return false;
    }
    return code.len > 0;
}

/* {en: "...", it: "..."} */
static bool build_texts(struct builder *builder, struct place place, const char *key,
                        struct str *texts) {
    struct place both = place_member(builder, place, key);
    if (!json_is_object(both.json) || json_object_size(both.json) != LANG_COUNT)
        return build_fail(builder, STATUS_INVALID, place.pointer,
                          "'%s' must be an object of 'en' and 'it'", key);
    for (unsigned i = 0; i < LANG_COUNT; i++)
        if (!place_text(builder, both, lang_tag((enum lang)i), true, &texts[i]))
            return false;
    return true;
}

static bool build_problem(struct builder *builder, struct place place, const char *code,
                          struct problem_type *problem) {
    static const char *const known[] = {"status", "title", "detail", "help", NULL};
    uint64_t status = 0;
    if (!is_code(str_of(code)))
        return build_fail(builder, STATUS_INVALID, place.pointer,
                          "a problem's code must be snake_case");
    if (!place_known(builder, place, known) || !place_count(builder, place, "status", 0, &status))
        return false;
    if (status < 400 || status > 599)
        return build_fail(builder, STATUS_INVALID, place.pointer,
                          "'status' must be from 400 to 599");
    problem->code = code;
    problem->status = (int)status;
    return build_texts(builder, place, "title", problem->title) &&
           build_texts(builder, place, "detail", problem->detail) &&
           build_texts(builder, place, "help", problem->help);
}

static int compare_codes(const void *a, const void *b) {
    const struct problem_type *left = a, *right = b;
    return strcmp(left->code, right->code);
}

bool build_problems(struct builder *builder) {
    struct contract *contract = builder->contract;
    struct place root = {contract->root, STR("")};
    struct place catalogue = place_member(builder, root, "x-segreteria-problems");
    if (!json_is_object(catalogue.json))
        return build_fail(builder, STATUS_INVALID, catalogue.pointer,
                          "the catalogue 'x-segreteria-problems' is missing");
    contract->problems = arena_array(builder->arena, json_object_size(catalogue.json),
                                     sizeof *contract->problems);
    if (contract->problems == NULL)
        return build_no_memory(builder);
    const char *code;
    json_t *value;
    json_object_foreach(catalogue.json, code, value) {
        struct place place = place_member(builder, catalogue, code);
        if (!build_problem(builder, place, code, &contract->problems[contract->problems_count]))
            return false;
        contract->problems_count++;
    }
    qsort(contract->problems, contract->problems_count, sizeof *contract->problems, compare_codes);
    return builder->status == STATUS_OK;
}

/* The catalogue's entry for a code, or NULL. */
static const struct problem_type *problem_named(struct builder *builder, struct place item) {
    struct str code = str_from(json_string_value(item.json), json_string_length(item.json));
    const struct problem_type *problem = contract_problem_find(builder->contract, code);
    if (problem == NULL)
        (void)build_fail(builder, STATUS_NOT_FOUND, item.pointer,
                         "problem '%.*s' is not in the catalogue", STR_FMT(code));
    return problem;
}

bool check_problem_codes(struct builder *builder, struct place list) {
    for (size_t i = 0; i < json_array_size(list.json); i++)
        if (problem_named(builder, place_item(builder, list, i)) == NULL)
            return false;
    return builder->status == STATUS_OK;
}

/* A code the operation names must be in the catalogue, and its status among the documented
 * responses. */
static bool build_operation_problem(struct builder *builder, struct place responses,
                                    struct place item, const char **out) {
    const struct problem_type *problem = problem_named(builder, item);
    if (problem == NULL)
        return false;
    char status[16];
    (void)snprintf(status, sizeof status, "%d", problem->status);
    if (json_object_get(responses.json, status) == NULL)
        return build_fail(builder, STATUS_INVALID, item.pointer,
                          "problem '%s' needs a response '%s'", problem->code, status);
    *out = problem->code;
    return true;
}

bool build_operation_problems(struct builder *builder, struct place place,
                              struct operation *operation) {
    struct place list = place_member(builder, place, "x-segreteria-problems");
    struct place responses = place_member(builder, place, "responses");
    if (list.json == NULL)
        return builder->status == STATUS_OK;
    if (!json_is_array(list.json))
        return build_fail(builder, STATUS_INVALID, list.pointer,
                          "an array of problem codes is expected");
    size_t count = json_array_size(list.json);
    const char **codes = arena_array(builder->arena, count, sizeof *codes);
    if (codes == NULL)
        return build_no_memory(builder);
    for (size_t i = 0; i < count; i++) {
        if (!build_operation_problem(builder, responses, place_item(builder, list, i), &codes[i]))
            return false;
        for (size_t k = 0; k < i; k++)
            if (codes[k] == codes[i])
                return build_fail(builder, STATUS_EXISTS, list.pointer,
                                  "problem '%s' is named twice", codes[i]);
    }
    operation->problems = codes;
    operation->problems_count = count;
    return builder->status == STATUS_OK;
}
