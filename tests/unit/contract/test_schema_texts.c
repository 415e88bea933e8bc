/* The sentences people read, in both languages; and the formats the JSON Schema Test Suite does not
 * have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "helper_schema.h"

static void assert_texts(const char *schema, const char *instance, const char *english,
                         const char *italian) {
    struct schema_fixture fixture;
    fixture_open(&fixture, schema, "");
    (void)fixture_codes(&fixture, instance);
    assert_string_equal(fixture_texts(&fixture, "en"), english);
    assert_string_equal(fixture_texts(&fixture, "it"), italian);
    fixture_close(&fixture);
}

static void test_sentences(void **state) {
    (void)state;
    assert_texts("{\"maxLength\":2}", "\"abc\"", "must be at most 2 characters;",
                 "deve avere al massimo 2 caratteri;");
    assert_texts("{\"minLength\":1}", "\"\"", "must be at least 1 character;",
                 "deve avere almeno 1 carattere;");
    assert_texts("{\"type\":[\"string\",\"null\"]}", "1", "must be a string or null;",
                 "deve essere una stringa o null;");
    assert_texts("{\"enum\":[\"a\",2,true]}", "1", "must be one of: a, 2, true;",
                 "deve essere uno di: a, 2, true;");
    assert_texts("{\"multipleOf\":0.01}", "1.001", "must be a multiple of 0.01;",
                 "deve essere un multiplo di 0.01;");
    assert_texts("{\"minimum\":0.1}", "0", "must be at least 0.1;", "deve essere almeno 0.1;");
    assert_texts("{\"required\":[\"a\"]}", "{}", "is required;", "è obbligatorio;");
    assert_texts("{\"additionalProperties\":false}", "{\"a\":1}", "is not a known field;",
                 "non è un campo conosciuto;");
    assert_texts("{\"dependentRequired\":{\"a\":[\"b\"]}}", "{\"a\":1}",
                 "is required when a is given;", "è obbligatorio quando è indicato a;");
    assert_texts("{\"uniqueItems\":true}", "[1,2,1]", "repeats item 0; items must differ;",
                 "ripete l'elemento 0; gli elementi devono essere diversi;");
    assert_texts("{\"format\":\"date\"}", "\"x\"", "must be a date such as 2026-11-23;",
                 "deve essere una data come 2026-11-23;");
    assert_texts("{\"anyOf\":[{\"type\":\"string\"},{\"type\":\"null\"}]}", "1",
                 "must be a string or null;", "deve essere una stringa o null;");
    assert_texts("{\"anyOf\":[{\"required\":[\"email\"]},{\"required\":[\"phone\"]}]}", "{}",
                 "needs at least one of: email, phone;", "richiede almeno uno di: email, phone;");
    assert_texts("{\"oneOf\":[true,true]}", "1", "must fit exactly one of the allowed forms;",
                 "deve corrispondere a una sola delle forme ammesse;");
    assert_texts("{\"contains\":{\"const\":1},\"maxContains\":1}", "[1,1]",
                 "contains too many items of this kind (at most 1);",
                 "contiene troppi elementi di questo tipo (al massimo 1);");
}

/* Every code of the contract has a sentence in both languages, of its own. */
static void test_every_code_has_a_sentence(void **state) {
    (void)state;
    static const char *const codes[] = {
        "required",
        "type",
        "enum",
        "const",
        "min_length",
        "max_length",
        "pattern",
        "format",
        "minimum",
        "maximum",
        "exclusive_minimum",
        "exclusive_maximum",
        "multiple_of",
        "min_items",
        "max_items",
        "unique_items",
        "contains",
        "min_properties",
        "max_properties",
        "unknown_field",
        "dependent_required",
        "any_of",
        "one_of",
        "not",
        "all_of",
        "false_schema",
        "duplicate_key",
        "invalid_json",
        "nul_character",
        "unknown_parameter",
        "repeated_parameter",
        "too_deep",
        "number_range",
    };
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        struct violation violation = {.code = codes[i], .params = {STR("string"), STR("b")}};
        struct buf english, italian;
        buf_init(&english, 1000);
        buf_init(&italian, 1000);
        violation_describe(&violation, "en", &english);
        violation_describe(&violation, "it", &italian);
        assert_string_not_equal(english.data, codes[i]);
        assert_string_not_equal(english.data, italian.data);
        assert_true(str_is_utf8(buf_str(&italian)));
        assert_null(strchr(english.data, '%'));
        assert_null(strchr(italian.data, '%'));
        buf_deinit(&english);
        buf_deinit(&italian);
    }
}

static void assert_format(const char *format, const char *const *good, const char *const *bad) {
    char schema[100];
    (void)snprintf(schema, sizeof schema, "{\"format\":\"%s\"}", format);
    struct schema_fixture fixture;
    fixture_open(&fixture, schema, "");
    for (; *good != NULL; good++) {
        if (*fixture_codes(&fixture, *good) != '\0') {
            fail_msg("%s refuses %s", format, *good);
        }
    }
    for (; *bad != NULL; bad++) {
        if (*fixture_codes(&fixture, *bad) == '\0') {
            fail_msg("%s accepts %s", format, *bad);
        }
    }
    fixture_close(&fixture);
}

#define LIST(...) ((const char *const[]){__VA_ARGS__, NULL})

static void test_own_formats(void **state) {
    (void)state;
    assert_format("language-tag",
                  LIST("\"it\"", "\"en-GB\"", "\"zh-Hant-TW\"", "\"de-CH-1996\"",
                       "\"sl-rozaj-biske\"", "\"x-own\"", "\"en-u-ca-gregory-x-a\"", "\"es-419\"",
                       "\"zh-cmn-Hans-CN\"", "3"),
                  LIST("\"\"", "\"i\"", "\"en_GB\"", "\"en-\"", "\"-en\"", "\"italianissimo\"",
                       "\"en-GB-GB-x\"", "\"123\"", "\"en-a\"", "\"it\\u0000\"", "\"\xC3\xA0t\""));
    assert_format("cidr",
                  LIST("\"192.0.2.0/24\"", "\"0.0.0.0/0\"", "\"192.0.2.1/32\"", "\"2001:db8::/32\"",
                       "\"::/0\"", "\"2001:db8::1/128\""),
                  LIST("\"192.0.2.0\"", "\"192.0.2.1/24\"", "\"192.0.2.0/33\"", "\"192.0.2.0/\"",
                       "\"192.0.2.0/024\"", "\"192.0.2/24\"", "\"2001:db8::1/32\"", "\"::/129\"",
                       "\"/8\"", "\"10.0.0.0/8/8\"", "\"10.0.0.0/-1\""));
    assert_format("currency", LIST("\"EUR\"", "\"GBP\""),
                  LIST("\"eur\"", "\"EURO\"", "\"E1R\"", "\"\""));
    assert_format("byte", LIST("\"\"", "\"YQ==\"", "\"YWI=\"", "\"YWJj\""),
                  LIST("\"YQ\"", "\"Y===\"", "\"Y Q=\"", "\"YQ=a\""));
    assert_format("int32", LIST("2147483647", "-2147483648", "1.5", "\"a\""),
                  LIST("2147483648", "-2147483649"));
    assert_format("int64", LIST("9223372036854775807", "1e18"), LIST("1e19", "-1e19"));
    assert_format("email", LIST("\"anna.rossi@example.it\"", "\"a+b@sub.example.org\""),
                  LIST("\"anna\"", "\"@example.it\"", "\"anna@\"", "\"a b@example.it\"",
                       "\"anna@-example.it\"", "\"a@b@c\"", "\"anna@example..it\"",
                       "\"anna@example.it\\n\"", "\"anna\\u0000@example.it\""));
    assert_format(
        "uri",
        LIST("\"https://example.org/a?b#c\"", "\"mailto:a@example.org\"", "\"http://[::1]:80/\""),
        LIST("\"example.org\"", "\"https://exa mple.org\"", "\"https://[::1\"", "\"http://a:b:c/\"",
             "\"https://example.org/%zz\"", "\"\"", "\"http://\xC3\xA0/\""));
    assert_format("date-time",
                  LIST("\"2024-02-29T23:59:59Z\"", "\"2026-11-23T15:00:00.123+01:00\"",
                       "\"1998-12-31T23:59:60Z\"", "\"1998-12-31T15:59:60.123-08:00\""),
                  LIST("\"2023-02-29T00:00:00Z\"", "\"2026-11-23T15:00:00\"",
                       "\"2026-11-23 15:00:00Z\"", "\"2026-11-23T24:00:00Z\"",
                       "\"1998-12-31T22:59:60Z\"", "\"2026-11-23T15:00:00+24:00\"",
                       "\"2026-11-23T15:00:00.Z\"", "\"2026-13-01T00:00:00Z\""));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sentences),
        cmocka_unit_test(test_every_code_has_a_sentence),
        cmocka_unit_test(test_own_formats),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
