/* JSON Merge Patch (RFC 7396): read, merge, validate, write with the version that was read.
 *
 * The merged document is validated by the contract like a created one, so a patch can never leave a
 * resource that could not have been posted. Two patches at the same time: the second's write finds
 * another version and starts again from what is there now; with If-Match it is refused instead, by
 * the write statement.
 */
#include "internal.h"

#define ATTEMPTS_MAX 16 /* of N at the same time one succeeds each round */

struct patch {
    const struct db_statement *read_statement, *write_statement;
    enum status (*prepare)(struct api_call *call, const json_t *merged);
};

static void decref(void *json) { json_decref(json); }

/* target is consumed and the merged value returned, NULL when out of memory. Depth is bounded by
 * the parser's limit on the patch. */
static json_t *merge(json_t *target, const json_t *patch) {
    if (!json_is_object(patch)) {
        json_decref(target);
        return json_deep_copy(patch);
    }
    if (!json_is_object(target)) {
        json_decref(target);
        target = json_object();
    }
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)patch, key, value) {
        if (target == NULL)
            return NULL;
        if (json_is_null(value)) {
            (void)json_object_del(target, key);
            continue;
        }
        json_t *old = json_incref(json_object_get(target, key));
        json_t *merged = merge(old, value);
        if (merged == NULL || json_object_set_new(target, key, merged) != 0) {
            json_decref(target);
            target = NULL;
        }
    }
    return target;
}

/* The merged document as text, bound as :body; false: an answer was given. */
static bool merge_and_validate(struct api_call *call, struct str document) {
    json_t *current = json_loadb(document.ptr, document.len, 0, NULL);
    json_t *merged = current == NULL ? NULL : merge(current, call->body);
    if (merged == NULL || arena_defer(call->arena, decref, merged) != STATUS_OK) {
        api_fail(call, merged == NULL && current == NULL ? STATUS_INTERNAL : STATUS_NO_MEMORY);
        return false;
    }
    struct violations violations;
    violations_init(&violations, call->arena);
    const struct schema *schema = call->operation->document_schemas[call->principal.kind];
    if (schema == NULL || !schema_validate(schema, merged, STR(""), &violations)) {
        api_fail(call, schema == NULL ? STATUS_INTERNAL : STATUS_NO_MEMORY);
        return false;
    }
    if (violations.count > 0) {
        struct http_problem problem = {.code = "validation_failed", .body_violations = &violations};
        http_problem_send(call->request, &problem);
        return false;
    }
    const struct patch *patch = call->state;
    struct str text;
    enum status status = contract_write_json(merged, call->arena, &text);
    if (status == STATUS_OK && patch->prepare != NULL)
        status = patch->prepare(call, merged);
    if (status != STATUS_OK) {
        api_fail(call, status);
        return false;
    }
    api_bind(call, "body", text);
    return true;
}

static void on_read(struct api_call *call, const struct db_result *result);

static void on_written(struct api_call *call, const struct db_result *result) {
    struct patch *patch = call->state;
    bool raced = str_eq(db_result_get(result, "code"), STR("version_changed"));
    if (!raced) {
        api_reply_row(call, result);
        return;
    }
    enum status status = STATUS_BUSY;
    if (++call->patch_attempts < ATTEMPTS_MAX)
        status = api_submit_then(call, patch->read_statement, on_read);
    if (status != STATUS_OK)
        api_fail(call, status);
}

static void on_read(struct api_call *call, const struct db_result *result) {
    const struct patch *patch = call->state;
    struct str status_text = db_result_get(result, "status");
    if (db_result_rows(result) == 0 || !str_eq(status_text, STR("200"))) {
        api_reply_row(call, result);
        return;
    }
    struct str version = db_result_get(result, "out_version");
    char *copy = arena_strdup(call->arena, version);
    if (copy == NULL) {
        api_fail(call, STATUS_NO_MEMORY);
        return;
    }
    api_bind(call, "version", str_from(copy, version.len));
    if (!merge_and_validate(call, db_result_get(result, "body")))
        return;
    enum status status = api_submit_then(call, patch->write_statement, on_written);
    if (status != STATUS_OK)
        api_fail(call, status);
}

enum status api_patch(struct api_call *call, const struct db_statement *read_statement,
                      const struct db_statement *write_statement) {
    return api_patch_with(call, read_statement, write_statement, NULL);
}

enum status api_patch_with(struct api_call *call, const struct db_statement *read_statement,
                           const struct db_statement *write_statement,
                           enum status (*prepare)(struct api_call *call, const json_t *merged)) {
    struct patch *patch = arena_alloc(call->arena, sizeof *patch);
    if (patch == NULL)
        return STATUS_NO_MEMORY;
    *patch = (struct patch){
        .read_statement = read_statement, .write_statement = write_statement, .prepare = prepare};
    call->state = patch;
    return api_submit_then(call, read_statement, on_read);
}
