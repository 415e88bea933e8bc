/* See helper_schema.h. */
#include "helper_schema.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

json_t *json_of(const char *text) {
    json_error_t error;
    json_t *json = json_loads(text, JSON_DECODE_ANY | JSON_ALLOW_NUL, &error);
    if (json == NULL) {
        fail_msg("not JSON: %s: %s", error.text, text);
    }
    return json;
}

void fixture_open(struct schema_fixture *fixture, const char *schema, const char *pointer) {
    struct buf error;
    buf_init(&error, 4096);
    fixture->root = json_of(schema);
    if (schema_set_create(fixture->root, &fixture->set, &error) != STATUS_OK ||
        schema_compile(fixture->set, str_of(pointer), &fixture->schema, &error) != STATUS_OK) {
        fail_msg("does not compile: %s: %s", error.data, schema);
    }
    buf_deinit(&error);
    arena_init(&fixture->arena, (size_t)64 * 1024 * 1024);
    violations_init(&fixture->violations, &fixture->arena);
}

void fixture_close(struct schema_fixture *fixture) {
    arena_deinit(&fixture->arena);
    schema_set_destroy(fixture->set);
    json_decref(fixture->root);
}

const char *fixture_codes(struct schema_fixture *fixture, const char *instance) {
    json_t *json = json_of(instance);
    arena_reset(&fixture->arena);
    violations_init(&fixture->violations, &fixture->arena);
    assert_true(schema_validate(fixture->schema, json, STR(""), &fixture->violations));
    json_decref(json); /* violations must not point into the instance */
    const char *text = "";
    for (const struct violation *one = fixture->violations.first; one != NULL; one = one->next) {
        struct str next = arena_printf(&fixture->arena, "%s%.*s %s;", text, STR_FMT(one->pointer),
                                       one->code);
        assert_non_null(next.ptr);
        text = next.ptr;
    }
    return text;
}

const char *fixture_texts(struct schema_fixture *fixture, const char *lang) {
    struct buf out;
    buf_init(&out, 65536);
    for (const struct violation *one = fixture->violations.first; one != NULL; one = one->next) {
        violation_describe(one, lang, &out);
        buf_append_char(&out, ';');
    }
    const char *text = arena_strdup(&fixture->arena, buf_str(&out));
    buf_deinit(&out);
    assert_non_null(text);
    return text;
}

void assert_codes(const char *schema, const char *instance, const char *expected) {
    struct schema_fixture fixture;
    fixture_open(&fixture, schema, "");
    const char *codes = fixture_codes(&fixture, instance);
    if (strcmp(codes, expected) != 0) {
        fail_msg("%s against %s: \"%s\" instead of \"%s\"", instance, schema, codes, expected);
    }
    fixture_close(&fixture);
}

enum status compile_status(const char *schema, struct buf *error) {
    struct buf unused;
    buf_init(&unused, 4096);
    json_t *root = json_of(schema);
    struct schema_set *set = NULL;
    const struct schema *compiled = NULL;
    enum status status = schema_set_create(root, &set, error == NULL ? &unused : error);
    if (status == STATUS_OK) {
        status = schema_compile(set, STR(""), &compiled, error == NULL ? &unused : error);
    }
    schema_set_destroy(set);
    json_decref(root);
    buf_deinit(&unused);
    return status;
}
