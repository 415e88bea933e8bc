/* What is not a schema, or not one this validator knows, is refused with its place; and no schema
 * can send it round in circles.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "helper_schema.h"

static void assert_refused(const char *schema, enum status status, const char *text) {
    struct buf error;
    buf_init(&error, 4096);
    enum status got = compile_status(schema, &error);
    if (got != status || error.data == NULL || strstr(error.data, text) == NULL) {
        fail_msg("%s: %s \"%s\" instead of %s \"%s\"", schema, status_name(got),
                 error.data == NULL ? "" : error.data, status_name(status), text);
    }
    buf_deinit(&error);
}

static void test_unknown_keywords(void **state) {
    (void)state;
    assert_refused("{\"properties\":{\"a\":{\"nullable\":true}}}", STATUS_UNSUPPORTED,
                   "unsupported keyword 'nullable' at /properties/a");
    assert_refused("{\"maxLenght\":3}", STATUS_UNSUPPORTED, "'maxLenght' at the root");
    assert_refused("{\"$defs\":{\"unused\":{\"dependencies\":{}}}}", STATUS_UNSUPPORTED,
                   "'dependencies' at /$defs/unused");
    assert_refused("{\"format\":\"date-tme\"}", STATUS_UNSUPPORTED, "'date-tme'");
    assert_refused("{\"$dynamicRef\":\"other.json\"}", STATUS_UNSUPPORTED,
                   "'$dynamicRef' to 'other.json'");
    assert_refused("{\"$ref\":\"https://example.org/a.json\"}", STATUS_UNSUPPORTED, "'$ref'");
    assert_refused("{\"$schema\":\"http://json-schema.org/draft-07/schema#\"}", STATUS_UNSUPPORTED,
                   "'$schema'");
    assert_int_equal(
        compile_status(
            "{\"title\":\"\",\"description\":\"\",\"examples\":[],\"example\":1,\"default\":1,"
            "\"deprecated\":true,\"readOnly\":true,\"writeOnly\":true,\"externalDocs\":{},"
            "\"xml\":{},\"$comment\":\"\",\"x-anything\":{\"type\":3}}",
            NULL),
        STATUS_OK);
}

static void test_malformed(void **state) {
    (void)state;
    static const char *const malformed[] = {
        "3",
        "{\"type\":\"text\"}",
        "{\"type\":[]}",
        "{\"type\":[\"string\",\"string\"]}",
        "{\"enum\":3}",
        "{\"minimum\":\"1\"}",
        "{\"multipleOf\":0}",
        "{\"multipleOf\":-1}",
        "{\"minLength\":-1}",
        "{\"maxItems\":1.5}",
        "{\"pattern\":3}",
        "{\"pattern\":\"(\"}",
        "{\"pattern\":\"a++\"}",
        "{\"pattern\":\"\\\\A\"}",
        "{\"pattern\":\"(?i)a\"}",
        "{\"pattern\":\"(*UTF)a\"}",
        "{\"pattern\":\"(?R)\"}",
        "{\"pattern\":\"[b-a]\"}",
        "{\"pattern\":\"\\\\ud800\"}",
        "{\"pattern\":\"[a\"}",
        "{\"pattern\":\"a\\\\\"}",
        "{\"pattern\":\"\\\\Qa\"}",
        "{\"format\":1}",
        "{\"properties\":[]}",
        "{\"properties\":{\"a\":1}}",
        "{\"required\":\"a\"}",
        "{\"required\":[1]}",
        "{\"items\":[]}",
        "{\"prefixItems\":[]}",
        "{\"allOf\":[]}",
        "{\"allOf\":{}}",
        "{\"not\":null}",
        "{\"uniqueItems\":1}",
        "{\"$ref\":3}",
        "{\"$ref\":\"#/nowhere\"}",
        "{\"$ref\":\"#/a%2\"}",
        "{\"$ref\":\"#/~2\"}",
        "{\"$defs\":3}",
        "{\"dependentRequired\":{\"a\":\"b\"}}",
        "{\"dependentSchemas\":[]}",
        "{\"patternProperties\":{\"(\":{}}}",
        "{\"discriminator\":{}}",
        "{\"$id\":3}",
        "{\"$id\":\"a#b\"}",
        "{\"$anchor\":\"1a\"}",
        "{\"$anchor\":3}",
        "{\"$ref\":\"#nowhere\"}",
    };
    for (size_t i = 0; i < sizeof malformed / sizeof *malformed; i++) {
        struct buf error;
        buf_init(&error, 4096);
        if (compile_status(malformed[i], &error) != STATUS_INVALID || error.len == 0) {
            fail_msg("not refused: %s", malformed[i]);
        }
        buf_deinit(&error);
    }
}

static void test_loops(void **state) {
    (void)state;
    assert_refused("{\"$ref\":\"#\"}", STATUS_INVALID, "refers to itself");
    assert_refused("{\"allOf\":[{\"$ref\":\"#\"}]}", STATUS_INVALID, "refers to itself");
    assert_refused(
        "{\"$defs\":{\"a\":{\"anyOf\":[{\"$ref\":\"#/$defs/b\"}]},\"b\":{\"not\":{\"$ref\":\"#/$"
        "defs/a\"}}}}",
        STATUS_INVALID, "refers to itself");
    assert_refused("{\"dependentSchemas\":{\"x\":{\"if\":true,\"then\":{\"$ref\":\"#\"}}}}",
                   STATUS_INVALID, "refers to itself");
    assert_int_equal(
        compile_status("{\"properties\":{\"a\":{\"$ref\":\"#\"}},\"items\":{\"$ref\":\"#\"}}",
                       NULL),
        STATUS_OK);
    assert_int_equal(
        compile_status(
            "{\"allOf\":[{\"$ref\":\"#/$defs/a\"},{\"$ref\":\"#/$defs/a\"}],\"$defs\":{\"a\":{}}}",
            NULL),
        STATUS_OK);
}

/* allOf inside allOf, n deep. */
static enum status nested_status(int n) {
    struct buf text;
    buf_init(&text, 65536);
    for (int i = 0; i < n; i++) {
        buf_append_text(&text, "{\"allOf\":[");
    }
    buf_append_text(&text, "{}");
    for (int i = 0; i < n; i++) {
        buf_append_text(&text, "]}");
    }
    enum status status = compile_status(text.data, NULL);
    buf_deinit(&text);
    return status;
}

static void test_nesting_is_bounded(void **state) {
    (void)state;
    assert_int_equal(nested_status(SCHEMA_DEPTH_MAX), STATUS_OK);
    assert_int_equal(nested_status(SCHEMA_DEPTH_MAX + 1), STATUS_INVALID);
    assert_int_equal(nested_status(600), STATUS_INVALID);
    struct buf text; /* a chain of references, each defined after the one that names it */
    buf_init(&text, 65536);
    buf_append_text(&text, "{\"$ref\":\"#/$defs/0\",\"$defs\":{");
    for (int i = 0; i < 500; i++) {
        buf_printf(&text, "\"%d\":{\"$ref\":\"#/$defs/%d\"},", i, i + 1);
    }
    buf_append_text(&text, "\"500\":{}}}");
    assert_int_equal(compile_status(text.data, NULL), STATUS_INVALID);
    buf_deinit(&text);
}

static void test_a_failed_set_stays_failed(void **state) {
    (void)state;
    json_t *root = json_of("{\"a\":{\"type\":\"string\"},\"b\":{\"items\":{\"foo\":1}}}");
    struct buf error;
    buf_init(&error, 1000);
    struct schema_set *set = NULL;
    const struct schema *schema = NULL;
    assert_int_equal(schema_set_create(root, &set, &error), STATUS_OK);
    assert_int_equal(schema_compile(set, STR("/b"), &schema, &error), STATUS_UNSUPPORTED);
    assert_int_equal(schema_compile(set, STR("/a"), &schema, &error), STATUS_UNSUPPORTED);
    assert_null(schema);
    schema_set_destroy(set);
    buf_deinit(&error);
    json_decref(root);
}

static void test_types_of_schemas(void **state) {
    (void)state;
    static const struct {
        const char *schema;
        enum schema_type type;
    } cases[] = {
        {"true", SCHEMA_ANY},
        {"{\"type\":\"string\"}", SCHEMA_STRING},
        {"{\"type\":\"integer\"}", SCHEMA_INTEGER},
        {"{\"type\":\"number\"}", SCHEMA_NUMBER},
        {"{\"type\":[\"boolean\"]}", SCHEMA_BOOLEAN},
        {"{\"type\":\"object\"}", SCHEMA_OBJECT},
        {"{\"type\":[\"string\",\"null\"]}", SCHEMA_ANY},
        {"{\"$ref\":\"#/$defs/a\",\"$defs\":{\"a\":{\"type\":\"integer\"}}}", SCHEMA_INTEGER},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct schema_fixture fixture;
        fixture_open(&fixture, cases[i].schema, "");
        assert_int_equal(schema_type_of(fixture.schema), cases[i].type);
        fixture_close(&fixture);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_unknown_keywords),
        cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_loops),
        cmocka_unit_test(test_nesting_is_bounded),
        cmocka_unit_test(test_a_failed_set_stays_failed),
        cmocka_unit_test(test_types_of_schemas),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
