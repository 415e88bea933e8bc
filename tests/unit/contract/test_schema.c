/* The schema validator: what is refused, where, with which code. The JSON Schema Test Suite
 * (tests/contract) covers what the keywords mean; here it is the pointers, the edges of numbers,
 * and what the project adds.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "helper_schema.h"

static void test_pointers(void **state) {
    (void)state;
    static const char schema[] =
        "{\"type\":\"object\",\"required\":[\"title\",\"salary\"],\"additionalProperties\":false"
        ",\"properties\":{"
        "\"title\":{\"type\":\"string\",\"maxLength\":5},"
        "\"salary\":{\"type\":\"object\",\"required\":[\"min\",\"a/b~c\"],\"properties\":{\"min"
        "\":{\"minimum\":1}}},"
        "\"tags\":{\"type\":\"array\",\"items\":{\"type\":\"string\"},\"uniqueItems\":true}}}";
    assert_codes(schema, "{\"title\":\"a\",\"salary\":{\"min\":1,\"a/b~c\":0}}", "");
    assert_codes(schema, "{}", "/title required;/salary required;");
    assert_codes(schema, "[]", " type;");
    assert_codes(
        schema, "{\"title\":\"abcdef\",\"salary\":{},\"x/y\":1}",
        "/title max_length;/salary/min required;/salary/a~1b~0c required;/x~1y unknown_field;");
    assert_codes(schema,
                 "{\"title\":\"a\",\"salary\":{\"min\":0,\"a/b~c\":0},\"tags\":[\"a\",1,\"a\"]}",
                 "/salary/min minimum;/tags/1 type;/tags/2 unique_items;");
}

static void test_base_pointer(void **state) {
    (void)state;
    struct schema_fixture fixture;
    fixture_open(&fixture, "{\"properties\":{\"a\":false}}", "");
    json_t *json = json_of("{\"a\":1}");
    assert_true(schema_validate(fixture.schema, json, STR("/jobs/3"), &fixture.violations));
    json_decref(json);
    assert_int_equal(fixture.violations.count, 1);
    assert_true(str_eq(fixture.violations.first->pointer, STR("/jobs/3/a")));
    assert_string_equal(fixture.violations.first->code, "false_schema");
    fixture_close(&fixture);
}

static void test_numbers(void **state) {
    (void)state;
    assert_codes("{\"type\":\"integer\"}", "1.0", "");
    assert_codes("{\"type\":\"integer\"}", "1e3", "");
    assert_codes("{\"type\":\"integer\"}", "1.5", " type;");
    assert_codes("{\"maximum\":9007199254740992}", "9007199254740993", " maximum;");
    assert_codes("{\"maximum\":9007199254740992.0}", "9007199254740993", " maximum;");
    assert_codes("{\"exclusiveMinimum\":9007199254740992}", "9007199254740992.0",
                 " exclusive_minimum;");
    assert_codes("{\"minimum\":9223372036854775807}", "9223372036854775807", "");
    assert_codes("{\"minimum\":9223372036854775807}", "9223372036854775808.0", "");
    assert_codes("{\"maximum\":-9223372036854775808}", "-9223372036854775809.0", "");
    assert_codes("{\"maximum\":0.5}", "1", " maximum;");
    assert_codes("{\"minimum\":-0.5}", "-1", " minimum;");
    assert_codes("{\"exclusiveMaximum\":0}", "-0.0", " exclusive_maximum;");
    assert_codes("{\"const\":9007199254740993}", "9007199254740992", " const;");
    assert_codes("{\"const\":9007199254740992}", "9007199254740992.0", "");
    assert_codes("{\"enum\":[1,[2.0]]}", "[2]", "");
}

static void test_multiple_of(void **state) {
    (void)state;
    static const char cents[] = "{\"multipleOf\":0.01}";
    assert_codes(cents, "19.99", "");
    assert_codes(cents, "0.07", "");
    assert_codes(cents, "1.1", "");
    assert_codes(cents, "4.35", "");
    assert_codes(cents, "123456789.01", "");
    assert_codes(cents, "19.999", " multiple_of;");
    assert_codes(cents, "100", "");
    assert_codes(cents, "0", "");
    assert_codes(cents, "-2.5", "");
    assert_codes("{\"multipleOf\":0.0001}", "0.0075", "");
    assert_codes("{\"multipleOf\":0.0001}", "0.00751", " multiple_of;");
    assert_codes("{\"multipleOf\":2.5}", "10", "");
    assert_codes("{\"multipleOf\":2.5}", "9", " multiple_of;");
    assert_codes("{\"multipleOf\":3}", "9007199254740993", "");
    assert_codes("{\"multipleOf\":2}", "9007199254740993", " multiple_of;");
    assert_codes("{\"multipleOf\":0.5}", "1e308", "");
    assert_codes("{\"multipleOf\":0.123456789}", "1e308", " multiple_of;");
    assert_codes("{\"multipleOf\":9223372036854775807}", "-9223372036854775808", " multiple_of;");
    assert_codes("{\"multipleOf\":1e-300}", "1e300", "");
}

static void test_strings(void **state) {
    (void)state;
    assert_codes("{\"maxLength\":2}", "\"\xC3\xA0\xF0\x9F\x98\x80\"", "");
    assert_codes("{\"maxLength\":1}", "\"\xC3\xA0\xC3\xA8\"", " max_length;");
    assert_codes("{\"minLength\":3}", "\"\xC3\xA0\xC3\xA8\"", " min_length;");
    assert_codes("{\"maxLength\":3}", "\"a\\u0000b\"", "");
    assert_codes("{\"const\":\"a\\u0000b\"}", "\"a\\u0000c\"", " const;");
    assert_codes("{\"pattern\":\"b$\"}", "\"ab\"", "");
    assert_codes("{\"pattern\":\"b$\"}", "\"ab\\n\"", " pattern;");
    assert_codes("{\"pattern\":\"^\\\\p{Lu}\\\\u00e8{2}$\"}", "\"\xC3\x88\xC3\xA8\xC3\xA8\"", "");
    assert_codes("{\"pattern\":\"^.$\"}", "\"\xF0\x9F\x98\x80\"", "");
    assert_codes("{\"pattern\":\"\"}", "\"\"", "");
}

static void test_pattern_cannot_hang(void **state) {
    (void)state;
    char instance[40003];
    memset(instance, 'a', sizeof instance);
    instance[0] = '"';
    memcpy(instance + 40000, "!\"", 3);
    assert_codes("{\"pattern\":\"^(a+)+$\"}", instance, " pattern;");
    assert_codes("{\"pattern\":\"^(a|a)*$\"}", instance, " pattern;");
    assert_codes("{\"pattern\":\"^(?:a?){30}a{30}b\"}", instance, " pattern;");
    assert_codes("{\"pattern\":\"^[a!]{1,50000}$\"}", instance, "");
}

static void test_unions(void **state) {
    (void)state;
    static const char tagged[] =
        "{\"oneOf\":[{\"type\":\"object\",\"required\":[\"kind\",\"at\"],\"properties\":{\"kind"
        "\":{\"const\":\"a\"},"
        "\"at\":{\"type\":\"integer\"}}},{\"type\":\"object\",\"required\":[\"kind\",\"url\",\"i"
        "d\"],\"properties\":{"
        "\"kind\":{\"const\":\"b\"},\"url\":{\"format\":\"uri\"}}}]}";
    assert_codes(tagged, "{\"kind\":\"a\",\"at\":1}", "");
    assert_codes(tagged, "{\"kind\":\"a\",\"at\":\"x\"}", "/at type;");
    assert_codes(tagged, "{\"kind\":\"b\",\"url\":\"x\"}", "/url format;/id required;");
    assert_codes(tagged, "{\"kind\":\"c\",\"at\":1}", "/kind enum;");
    assert_codes(tagged, "3", " type;");
    static const char nullable[] =
        "{\"anyOf\":[{\"type\":\"string\",\"maxLength\":2},{\"type\":\"null\"}]}";
    assert_codes(nullable, "null", "");
    assert_codes(nullable, "\"abc\"", " max_length;");
    assert_codes(nullable, "5", " type;");
    assert_codes("{\"oneOf\":[{\"const\":\"x\"},{\"const\":\"y\"}]}", "\"z\"", " enum;");
    static const char either[] =
        "{\"anyOf\":[{\"required\":[\"email\"]},{\"required\":[\"phone\"]}]}";
    assert_codes(either, "{}", " any_of;");
    assert_codes("{\"oneOf\":[{\"minimum\":1},{\"minimum\":2}]}", "3", " one_of;");
    assert_codes("{\"anyOf\":[{\"minimum\":5},{\"multipleOf\":3}]}", "4", " any_of;");
    assert_codes("{\"not\":{\"type\":\"string\"}}", "\"a\"", " not;");
    static const char hinted[] =
        "{\"discriminator\":{\"propertyName\":\"type\"},\"oneOf\":[{\"properties\":{\"type\":{\""
        "enum\":[\"p\",\"q\"]},"
        "\"n\":{\"minimum\":1}},\"required\":[\"type\"]},{\"properties\":{\"type\":{\"enum\":[\""
        "r\"]}},"
        "\"required\":[\"type\",\"m\",\"o\"]}]}";
    assert_codes(hinted, "{}", "/type required;");
    assert_codes(hinted, "{\"type\":\"r\",\"n\":0}", "/m required;/o required;");
    assert_codes(hinted, "{\"type\":\"q\",\"n\":0}", "/n minimum;");
    assert_codes(hinted, "{\"type\":\"z\",\"n\":0}", "/type enum;");
}

static void test_objects(void **state) {
    (void)state;
    assert_codes("{\"dependentRequired\":{\"min\":[\"currency\",\"unit\"]}}",
                 "{\"min\":1,\"unit\":1}", "/currency dependent_required;");
    assert_codes("{\"propertyNames\":{\"pattern\":\"^[a-z]+$\"}}", "{\"ok\":1,\"No\":1}",
                 "/No pattern;");
    assert_codes("{\"propertyNames\":{\"enum\":[\"it\",\"en\"]}}", "{\"it\":1,\"fr\":1}",
                 "/fr enum;");
    assert_codes("{\"minProperties\":1}", "{}", " min_properties;");
    assert_codes("{\"maxProperties\":1}", "{\"a\":1,\"b\":1}", " max_properties;");
    assert_codes(
        "{\"patternProperties\":{\"^x-\":{\"type\":\"string\"}},\"additionalProperties\":false}",
        "{\"x-a\":1,\"y\":1}", "/x-a type;/y unknown_field;");
    assert_codes("{\"allOf\":[{\"properties\":{\"a\":{}}}],\"unevaluatedProperties\":false}",
                 "{\"a\":1,\"b\":1}", "/b unknown_field;");
    assert_codes(
        "{\"if\":{\"properties\":{\"r\":{\"const\":true}},\"required\":[\"r\"]},\"then\":{\"requ"
        "ired\":[\"c\"]},"
        "\"else\":{\"required\":[\"d\"]}}",
        "{\"r\":true}", "/c required;");
    assert_codes("{\"required\":[\"a\",\"a\"]}", "{\"a\":1}", "");
}

static void test_arrays(void **state) {
    (void)state;
    assert_codes("{\"prefixItems\":[{\"type\":\"string\"}],\"items\":false}", "[1,2]",
                 "/0 type;/1 false_schema;");
    assert_codes("{\"contains\":{\"const\":1},\"minContains\":2,\"maxContains\":3}", "[1,2]",
                 " contains;");
    assert_codes("{\"contains\":{\"const\":1},\"minContains\":2,\"maxContains\":3}", "[1,1,1,1]",
                 " contains;");
    assert_codes("{\"minItems\":1}", "[]", " min_items;");
    assert_codes("{\"uniqueItems\":true}", "[1,{\"a\":1,\"b\":[2]},\"1\",{\"b\":[2.0],\"a\":1.0}]",
                 "/3 unique_items;");
}

/* Enough items for the hashed comparison; objects, numbers and strings in it. */
static void test_unique_in_long_arrays(void **state) {
    (void)state;
    struct buf text;
    buf_init(&text, (size_t)16 * 1024 * 1024);
    buf_append_char(&text, '[');
    for (int i = 0; i < 50000; i++) {
        buf_printf(&text, "%s{\"n\":%d,\"s\":\"item %d\"}", i == 0 ? "" : ",", i, i);
    }
    size_t len = text.len;
    buf_append_text(&text, "]");
    assert_codes("{\"uniqueItems\":true}", text.data, "");
    text.len = len;
    buf_append_text(&text, ",{\"s\":\"item 40000\",\"n\":40000.0}]");
    assert_codes("{\"uniqueItems\":true}", text.data, "/50000 unique_items;");
    buf_deinit(&text);
    assert_codes("{\"uniqueItems\":true}", "[0,1,2,3,4,5,6,7,8,9,10,11,12,13,-0.0,14]",
                 "/14 unique_items;");
    assert_codes("{\"uniqueItems\":true}",
                 "[9007199254740992,9007199254740993,1,2,3,4,5,6,7,8,9,10,11,12,13]", "");
}

static void test_references(void **state) {
    (void)state;
    static const char tree[] =
        "{\"$defs\":{\"a/b%\":{\"type\":\"integer\"}},\"properties\":{\"n\":{\"$ref\":"
        "\"#/$defs/a~1b%25\"},\"kids\":{\"type\":\"array\",\"items\":{\"$ref\":\"#\"}}}}";
    assert_codes(tree, "{\"n\":1,\"kids\":[{\"n\":2,\"kids\":[{\"n\":\"x\"}]}]}",
                 "/kids/0/kids/0/n type;");
    assert_codes("{\"$ref\":\"#/$defs/s\",\"minLength\":2,\"$defs\":{\"s\":{\"type\":\"string\"}}}",
                 "\"a\"", " min_length;");
    struct schema_fixture fixture;
    fixture_open(
        &fixture,
        "{\"openapi\":\"3.1.0\",\"components\":{\"schemas\":{\"Id\":{\"type\":\"string\"},\"Ids"
        "\":{\"type\":"
        "\"array\",\"items\":{\"$ref\":\"#/components/schemas/Id\"}},\"Page\":{\"allOf\":[{\"$re"
        "f\":"
        "\"#/components/schemas/Ids\"}]}}}}",
        "/components/schemas/Page");
    assert_int_equal(schema_type_of(fixture.schema), SCHEMA_ARRAY);
    assert_int_equal(schema_type_of(schema_items_of(fixture.schema)), SCHEMA_STRING);
    assert_string_equal(fixture_codes(&fixture, "[1]"), "/0 type;");
    const struct schema *again = NULL;
    struct buf error;
    buf_init(&error, 100);
    assert_int_equal(schema_compile(fixture.set, STR("/components/schemas/Page"), &again, &error),
                     STATUS_OK);
    assert_ptr_equal(again, fixture.schema);
    buf_deinit(&error);
    fixture_close(&fixture);
}

static void test_resources(void **state) {
    (void)state;
    static const char two[] =
        "{\"$id\":\"https://example.org/a/root.json\",\"properties\":{\"x\":{\"$ref\":\"../b.jso"
        "n\"},\"y\":{\"$ref\":"
        "\"#here\"},\"z\":{\"$ref\":\"/b.json#/$defs/n\"}},\"$defs\":{\"b\":{\"$id\":\"/b.json\""
        ",\"$ref\":\"#here\",\"$defs\":{"
        "\"h\":{\"$anchor\":\"here\",\"type\":\"string\"},\"n\":{\"type\":\"null\"}}},\"c\":{\"$"
        "anchor\":\"here\",\"type\":"
        "\"integer\"}}}";
    assert_codes(two, "{\"x\":\"s\",\"y\":1,\"z\":null}", "");
    assert_codes(two, "{\"x\":1,\"y\":\"s\",\"z\":1}", "/x type;/y type;/z type;");
    assert_codes(
        "{\"$id\":\"urn:uuid:4d0b3b2e-0000-4000-8000-000000000000\",\"items\":{\"$ref\":"
        "\"urn:uuid:4d0b3b2e-0000-4000-8000-000000000000#/$defs/s\"},\"$defs\":{\"s\":{\"maxLeng"
        "th\":1}}}",
        "[\"ab\"]", "/0 max_length;");
    assert_codes("{\"enum\":[{\"$id\":\"x\",\"$anchor\":3}]}", "{\"$id\":\"x\",\"$anchor\":3}", "");
}

/* A list whose items are left open, and a schema that fills them in. */
static void test_dynamic_references(void **state) {
    (void)state;
    static const char strings[] =
        "{\"$id\":\"https://example.org/strings\",\"$ref\":\"list\",\"$defs\":{\"item\":{"
        "\"$dynamicAnchor\":\"item\",\"type\":\"string\"},\"list\":{\"$id\":\"list\",\"type\":\""
        "array\","
        "\"items\":{\"$dynamicRef\":\"#item\"},\"$defs\":{\"any\":{\"$dynamicAnchor\":\"item\"}}"
        "}}}";
    assert_codes(strings, "[\"a\",1]", "/1 type;");
    assert_codes("{\"items\":{\"$dynamicRef\":\"#/$defs/n\"},\"$defs\":{\"n\":{\"minimum\":1}}}",
                 "[1,0]", "/1 minimum;");
}

/* RFC 3986 section 5.4, by schemas that name one another. */
static void test_relative_references(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"g", "http://a/b/c/g"},
        {"./g", "http://a/b/c/g"},
        {"g/", "http://a/b/c/g/"},
        {"/g", "http://a/g"},
        {"//g", "http://g"},
        {"?y", "http://a/b/c/d;p?y"},
        {"g?y", "http://a/b/c/g?y"},
        {"g;x", "http://a/b/c/g;x"},
        {"..", "http://a/b/"},
        {"../g", "http://a/b/g"},
        {"../../g", "http://a/g"},
        {"../../../g", "http://a/g"},
        {"./g/.", "http://a/b/c/g/"},
        {"g/./h", "http://a/b/c/g/h"},
        {"g/../h", "http://a/b/c/h"},
        {"/./g", "http://a/g"},
        {"/../g", "http://a/g"},
        {"g.", "http://a/b/c/g."},
        {"..g", "http://a/b/c/..g"},
        {"g?y/../x", "http://a/b/c/g?y/../x"},
        {".", "http://a/b/c/"},
        {"http:g", "http:g"},
        {"g;x=1/../y", "http://a/b/c/y"},
        {"g:h", "g:h"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char schema[300];
        (void)snprintf(
            schema, sizeof schema,
            "{\"$id\":\"http://a/b/c/d;p?q\",\"$ref\":\"%s\",\"$defs\":{\"t\":{\"$id\":\"%s\",\""
            "type\":\"null\"}}}",
            cases[i][0], cases[i][1]);
        assert_codes(schema, "1", " type;");
    }
}

static void test_depth(void **state) {
    (void)state;
    char nested[300];
    size_t n = 0;
    for (int i = 0; i < 65; i++) {
        nested[n++] = '[';
    }
    for (int i = 0; i < 65; i++) {
        nested[n++] = ']';
    }
    nested[n] = '\0';
    assert_codes("{\"items\":{\"$ref\":\"#\"}}", nested, "");
    struct schema_fixture fixture;
    fixture_open(&fixture, "{\"items\":{\"$ref\":\"#\"}}", "");
    char deep[310];
    (void)snprintf(deep, sizeof deep, "[%s]", nested);
    const char *codes = fixture_codes(&fixture, deep);
    assert_int_equal(fixture.violations.count, 1);
    assert_non_null(strstr(codes, "/0 too_deep;"));
    fixture_close(&fixture);
}

static void test_kept_violations_are_bounded(void **state) {
    (void)state;
    struct schema_fixture fixture;
    fixture_open(&fixture, "{\"items\":{\"anyOf\":[{\"type\":\"string\"},{\"minimum\":0}]}}", "");
    struct buf text;
    buf_init(&text, (size_t)1024 * 1024);
    buf_append_text(&text, "[-1");
    for (int i = 1; i < 5000; i++) {
        buf_append_text(&text, ",-1");
    }
    buf_append_text(&text, "]");
    (void)fixture_codes(&fixture, text.data);
    buf_deinit(&text);
    assert_int_equal(fixture.violations.count, 5000);
    size_t kept = 0;
    for (const struct violation *one = fixture.violations.first; one != NULL; one = one->next) {
        kept++;
    }
    assert_int_equal(kept, VIOLATIONS_MAX);
    fixture_close(&fixture);
}

/* {"c":{"c":...leaf...}}, `depth` deep. */
static void nest(struct buf *out, int depth, const char *leaf) {
    for (int i = 0; i < depth; i++) {
        buf_append_text(out, "{\"c\":");
    }
    buf_append_text(out, leaf);
    for (int i = 0; i < depth; i++) {
        buf_append_char(out, '}');
    }
}

/* Work must not double with every level of the instance, whether it is in the end valid or not. */
static void test_recursive_unions(void **state) {
    (void)state;
    static const char tree[] =
        "{\"anyOf\":[{\"type\":\"null\"},{\"type\":\"object\",\"properties\":{\"c\":{\"oneOf\":"
        "[{\"$ref\":\"#\"},{\"const\":5},{\"const\":6}]}},\"required\":[\"c\"]}]}";
    struct buf text, expected;
    buf_init(&text, 65536);
    buf_init(&expected, 65536);
    nest(&text, 60, "null");
    assert_codes(tree, text.data, "");
    buf_clear(&text);
    nest(&text, 60, "{}");
    for (int i = 0; i < 60; i++) {
        buf_append_text(&expected, "/c");
    }
    buf_append_text(&expected, "/c required;");
    assert_codes(tree, text.data, expected.data);
    buf_deinit(&text);
    buf_deinit(&expected);
}

/* A schema that does multiply the work is stopped and says so; it is never judged valid. */
static void test_work_is_bounded(void **state) {
    (void)state;
    struct buf text;
    buf_init(&text, 65536);
    nest(&text, 60, "1");
    assert_codes(
        "{\"allOf\":[{\"properties\":{\"c\":{\"$ref\":\"#\"}}},{\"properties\":{\"c\":{\"$ref\":"
        "\"#\"}}}]}",
        text.data, " too_complex;");
    assert_codes(
        "{\"anyOf\":[{\"properties\":{\"c\":{\"$ref\":\"#\"}}}],\"unevaluatedProperties\":false}",
        text.data, " too_complex;");
    buf_deinit(&text);
}

/* What a client made long is not sent back many times. */
static void test_long_names_are_cut(void **state) {
    (void)state;
    struct buf text;
    buf_init(&text, 1000000);
    buf_append_text(&text, "{\"a\":{\"");
    for (int i = 0; i < 100000; i++) {
        buf_append_text(&text, "\xC3\xA8");
    }
    buf_append_text(&text, "\":[1,2,3]}}");
    struct schema_fixture fixture;
    fixture_open(&fixture,
                 "{\"additionalProperties\":{\"additionalProperties\":{\"items\":false}}}", "");
    assert_string_equal(fixture_codes(&fixture, text.data),
                        "/a false_schema;/a false_schema;/a false_schema;");
    fixture_close(&fixture);
    fixture_open(&fixture, "{\"additionalProperties\":{\"additionalProperties\":false}}", "");
    assert_string_equal(fixture_codes(&fixture, text.data), "/a unknown_field;");
    assert_int_equal(fixture.violations.first->params[0].len, 512);
    assert_true(str_is_utf8(fixture.violations.first->params[0]));
    fixture_close(&fixture);
    buf_deinit(&text);
}

/* Without memory the answer is "no verdict", never "valid". */
static void test_out_of_memory(void **state) {
    (void)state;
    struct schema_fixture fixture;
    fixture_open(&fixture, "{\"items\":{\"pattern\":\"^a\"},\"uniqueItems\":true}", "");
    json_t *json = json_of(
        "[\"a\",\"ab\",\"ac\",\"ad\",\"ae\",\"af\",\"ag\",\"ah\",\"ai\",\"aj\",\"ak\",\"al\",\"a"
        "m\"]");
    for (size_t limit = 0; limit < 4096; limit += 16) {
        struct arena arena;
        arena_init(&arena, limit);
        struct violations violations;
        violations_init(&violations, &arena);
        if (schema_validate(fixture.schema, json, STR(""), &violations)) {
            assert_int_equal(violations.count, 0);
        }
        arena_deinit(&arena);
    }
    json_decref(json);
    fixture_close(&fixture);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pointers),
        cmocka_unit_test(test_base_pointer),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_multiple_of),
        cmocka_unit_test(test_strings),
        cmocka_unit_test(test_pattern_cannot_hang),
        cmocka_unit_test(test_unions),
        cmocka_unit_test(test_objects),
        cmocka_unit_test(test_arrays),
        cmocka_unit_test(test_unique_in_long_arrays),
        cmocka_unit_test(test_references),
        cmocka_unit_test(test_resources),
        cmocka_unit_test(test_dynamic_references),
        cmocka_unit_test(test_relative_references),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_kept_violations_are_bounded),
        cmocka_unit_test(test_recursive_unions),
        cmocka_unit_test(test_work_is_bounded),
        cmocka_unit_test(test_long_names_are_cut),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
