/* The strict JSON parser: what it takes, what it refuses and where it says the fault is. */
#include "helper_contract.h"

#include <string.h>

struct parsed {
    struct arena arena;
    struct violations violations;
    enum status status;
    json_t *json;
};

static void parse_bytes(struct parsed *parsed, const void *text, size_t len) {
    arena_init(&parsed->arena, 4 << 20);
    violations_init(&parsed->violations, &parsed->arena);
    parsed->json = NULL;
    char *exact = malloc(len + 1); /* so that a read past the end is caught */
    assert_non_null(exact);
    if (len > 0)
        memcpy(exact, text, len);
    char *body = realloc(exact, len > 0 ? len : 1);
    assert_non_null(body);
    parsed->status = contract_parse_json(str_from(body, len), &parsed->arena, &parsed->violations,
                                         &parsed->json);
    free(body); /* the result must not point into the body */
}

static void parse(struct parsed *parsed, const char *text) {
    parse_bytes(parsed, text, strlen(text));
}

static void done(struct parsed *parsed) { arena_deinit(&parsed->arena); }

/* The text written back. */
static void assert_parses(const char *text, const char *expected) {
    struct parsed parsed;
    parse(&parsed, text);
    if (parsed.status != STATUS_OK)
        fail_msg("refused: %s", text);
    assert_int_equal(parsed.violations.count, 0);
    struct str written;
    assert_int_equal(contract_write_json(parsed.json, &parsed.arena, &written), STATUS_OK);
    assert_str(written, expected);
    done(&parsed);
}

/* Exactly one violation. */
static void assert_refused_bytes(const void *text, size_t len, const char *code,
                                 const char *pointer) {
    struct parsed parsed;
    parse_bytes(&parsed, text, len);
    if (parsed.status != STATUS_INVALID || parsed.violations.count != 1)
        fail_msg("%s, %zu violations: %.60s", status_name(parsed.status), parsed.violations.count,
                 (const char *)text);
    assert_null(parsed.json);
    assert_string_equal(parsed.violations.first->code, code);
    assert_str(parsed.violations.first->pointer, pointer);
    done(&parsed);
}

static void assert_refused(const char *text, const char *code, const char *pointer) {
    assert_refused_bytes(text, strlen(text), code, pointer);
}

static void values(void **state) {
    (void)state;
    assert_parses("{}", "{}");
    assert_parses(" \t\r\n[ ] \n", "[]");
    assert_parses("null", "null");
    assert_parses("\"\"", "\"\"");
    assert_parses("{\"a\":[1,true,false,null,{\"b\":\"c\"}],\"\":{}}",
                  "{\"a\":[1,true,false,null,{\"b\":\"c\"}],\"\":{}}");
    assert_parses("[[],[[]],{}]", "[[],[[]],{}]");
    assert_parses("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e8\\uD83D\\uDE00\"",
                  "\"\\\"\\\\/\\u0008\\u000c\\u000a\\u000d\\u0009\xC3\xA8\xF0\x9F\x98\x80\"");
    assert_parses("\"\xC3\xA8\xE2\x82\xAC\xF0\x9F\x98\x80\x7F\"",
                  "\"\xC3\xA8\xE2\x82\xAC\xF0\x9F\x98\x80\\u007f\"");
    assert_parses("{\"\\u0061\":1}", "{\"a\":1}");
}

static void numbers(void **state) {
    (void)state;
    assert_parses("[0,-0,1,-1,9007199254740992,-9007199254740992]",
                  "[0,0,1,-1,9007199254740992,-9007199254740992]");
    assert_parses("[5.0,1e2,-0.0,1E+2,120e-1]", "[5,100,0,100,12]");
    assert_parses("[19.99,0.1,45.464211,1e300,-2.5e-3]", "[19.99,0.1,45.464211,1e+300,-0.0025]");
    assert_refused("[9007199254740993]", "number_range", "/0");
    assert_refused("[-9007199254740993]", "number_range", "/0");
    assert_refused("{\"a\":18446744073709551616}", "number_range", "/a");
    assert_refused("[1e999]", "number_range", "/0");
    assert_refused("[1e-999]", "number_range", "/0");
    assert_refused("0.11111111111111111111111111111111111111111111111111111111111111111",
                   "number_range", "");
    static const char *const malformed[] = {"01",  "+1",   "1.",  ".5",       "-",         "1e",
                                            "1e+", "0x10", "NaN", "Infinity", "-Infinity", "1_000",
                                            "--1", "1.e5", "- 1", "1 2"};
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++)
        assert_refused(malformed[i], "invalid_json", "");
}

static void a_number_of_a_million_digits(void **state) {
    (void)state;
    size_t len = 1000000;
    char *text = malloc(len);
    assert_non_null(text);
    memset(text, '7', len);
    assert_refused_bytes(text, len, "number_range", "");
    free(text);
}

static void syntax(void **state) {
    (void)state;
    static const char *const malformed[] = {
        "",
        " ",
        "{",
        "[",
        "}",
        "]",
        "{]",
        "[}",
        "[1,]",
        "{\"a\":1,}",
        "[,1]",
        "[1 2]",
        "{\"a\" 1}",
        "{\"a\":}",
        "{a:1}",
        "{'a':1}",
        "{1:1}",
        "tru",
        "truE",
        "nul",
        "\"",
        "\"a",
        "\"\\",
        "\"\\\"",
        "\"\\x\"",
        "\"\\u12\"",
        "\"\\u12g4\"",
        "\"\\u\"",
        "\"a\nb\"",
        "\"\t\"",
        "[] []",
        "{}x",
        "// c\n{}",
        "/**/1",
        "\xEF\xBB\xBF{}",
        "[1,,2]",
        "{\"a\":1 \"b\":2}",
        "{,}",
        "[\"a\":1]",
        "true false",
        "undefined",
        "\"\\\n\"",
        "{\"a\":1",
        "[[1]",
        "\x0b[]",
        "\"\\",
    };
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++)
        assert_refused(malformed[i], "invalid_json", "");
    assert_refused_bytes("[\"a\0b\"]", 7, "invalid_json", "");
    assert_refused_bytes("[]\0", 3, "invalid_json", "");
}

static void a_syntax_error_names_line_and_column(void **state) {
    (void)state;
    struct parsed parsed;
    parse(&parsed, "{\n  \"\xC3\xA8\": 1,\n  \"\xC3\xA8t\xC3\xA0\": tru\n}");
    assert_int_equal(parsed.status, STATUS_INVALID);
    assert_str(parsed.violations.first->params[0], "3");
    assert_str(parsed.violations.first->params[1], "10");
    done(&parsed);
}

static void text_that_is_no_text(void **state) {
    (void)state;
    assert_refused("{\"a\":[\"x\\u0000y\"]}", "nul_character", "/a/0");
    assert_refused("{\"a\":{\"\\u0000\":1}}", "nul_character", "/a");
    assert_refused("[\"\\uD800\"]", "encoding", "/0");
    assert_refused("[\"\\uDC00\"]", "encoding", "/0");
    assert_refused("[\"\\uD800\\u0041\"]", "encoding", "/0");
    assert_refused("[\"\\uD800x\"]", "encoding", "/0");
    assert_refused("[\"\\uDE00\\uD83D\"]", "encoding", "/0");
    assert_refused("{\"a\":\"\xFF\"}", "encoding", "/a");
    assert_refused("{\"a\":\"\xC0\x80\"}", "encoding", "/a");
    assert_refused("{\"a\":\"\xED\xA0\x80\"}", "encoding", "/a");
    assert_refused("{\"a\":\"\xF4\x90\x80\x80\"}", "encoding", "/a");
    assert_refused("{\"a\":\"\xE2\x82\"}", "encoding", "/a");
    assert_refused("{\"a\":{\"\xE8\":1}}", "encoding", "/a");
}

static void repeated_names(void **state) {
    (void)state;
    assert_refused("{\"a\":1,\"a\":2}", "duplicate_key", "/a");
    assert_refused("{\"a\":1,\"\\u0061\":2}", "duplicate_key", "/a");
    assert_refused("[{},{\"x/~y\":{\"k\":1,\"k\":[]}}]", "duplicate_key", "/1/x~1~0y/k");
    assert_refused("{\"\":1,\"\":2}", "duplicate_key", "/");
    assert_parses("{\"a\":{\"a\":{\"a\":1}}}", "{\"a\":{\"a\":{\"a\":1}}}");
}

static void all_faults_at_once(void **state) {
    (void)state;
    struct parsed parsed;
    parse(&parsed, "{\"a\":\"\\u0000\",\"b\":1e999,\"a\":3,\"c\":[1,\"\\uD800\"]}");
    assert_int_equal(parsed.status, STATUS_INVALID);
    assert_int_equal(parsed.violations.count, 4);
    static const char *const pointers[] = {"/a", "/b", "/a", "/c/1"};
    const struct violation *violation = parsed.violations.first;
    for (size_t i = 0; i < 4; i++, violation = violation->next)
        assert_str(violation->pointer, pointers[i]);
    done(&parsed);
}

static void nested(const char *open, const char *close, size_t depth, bool ok) {
    struct buf text;
    buf_init(&text, 32 << 20);
    for (size_t i = 0; i < depth; i++)
        buf_append_text(&text, open);
    buf_append_text(&text, "1");
    for (size_t i = 0; i < depth; i++)
        buf_append_text(&text, close);
    struct parsed parsed;
    parse_bytes(&parsed, text.data, text.len);
    assert_int_equal(parsed.status, ok ? STATUS_OK : STATUS_INVALID);
    if (!ok) {
        assert_int_equal(parsed.violations.count, 1);
        assert_string_equal(parsed.violations.first->code, "too_deep");
    }
    done(&parsed);
    buf_deinit(&text);
}

static void depth(void **state) {
    (void)state;
    nested("[", "]", 32, true);
    nested("[", "]", 33, false);
    nested("{\"a\":", "}", 32, true);
    nested("{\"a\":", "}", 33, false);
    nested("[", "]", 1000000, false);
    nested("{\"a\":", "}", 1000000, false);
}

static void many_values(void **state) {
    (void)state;
    struct buf text;
    buf_init(&text, 1 << 20);
    buf_append_text(&text, "[");
    for (size_t i = 0; i < JSON_VALUES_MAX; i++)
        buf_append_text(&text, i == 0 ? "{}" : ",{}");
    buf_append_text(&text, "]");
    struct parsed parsed;
    parse_bytes(&parsed, text.data, text.len);
    assert_int_equal(parsed.status, STATUS_INVALID);
    assert_string_equal(parsed.violations.first->code, "too_complex");
    done(&parsed);
    buf_deinit(&text);
}

static void a_long_name_is_left_out_of_the_pointer(void **state) {
    (void)state;
    struct buf text;
    buf_init(&text, 1 << 20);
    buf_append_text(&text, "{\"a\":{\"");
    for (size_t i = 0; i < 5000; i++)
        buf_append_char(&text, 'k');
    buf_append_text(&text, "\":[1e999]}}");
    assert_refused_bytes(text.data, text.len, "number_range", "/a");
    buf_deinit(&text);
}

static void too_little_memory(void **state) {
    (void)state;
    const char *text = "{\"a\":\"\\n\",\"b\":[\"\\u0000\",1e999]}";
    for (size_t limit = 0; limit < 2000; limit += 7) {
        struct arena arena;
        struct violations violations;
        json_t *json = NULL;
        arena_init(&arena, limit);
        violations_init(&violations, &arena);
        enum status status = contract_parse_json(str_of(text), &arena, &violations, &json);
        assert_true(status == STATUS_NO_MEMORY || status == STATUS_INVALID);
        arena_deinit(&arena);
    }
}

/* Mutated documents: whatever is accepted, jansson reads alike; whatever jansson refuses is
 * refused. */
static void the_same_as_jansson(void **state) {
    (void)state;
    static const char seed[] =
        "{\"a\":[1,2.5,-3e2,\"t\\u00e8\\n\xC3\xA8\",null],\"b\":{\"c\":true,\"d\":[]},\"e\":\"\\uD83D\\uDE00\"}";
    static const char bytes[] = "{}[]\",:\\u0123456789eE+-.tfn \n\xC3\xA8\xFF\x01";
    uint32_t random = 2463534242U;
    unsigned accepted = 0;
    for (unsigned round = 0; round < 60000; round++) {
        char text[sizeof seed];
        memcpy(text, seed, sizeof seed);
        size_t len = sizeof seed - 1;
        for (unsigned k = 0; k <= round % 4; k++) {
            random ^= random << 13;
            random ^= random >> 17;
            random ^= random << 5;
            text[(random >> 8) % len] = bytes[random % (sizeof bytes - 1)];
        }
        struct parsed parsed;
        parse_bytes(&parsed, text, len);
        json_error_t fault;
        json_t *other = json_loadb(
            text, len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY | JSON_ALLOW_NUL, &fault);
        if (parsed.status == STATUS_OK) {
            accepted++;
            assert_non_null(other);
            struct parsed
                again; /* jansson's reals that are integral differ: compare after writing */
            struct str written;
            assert_int_equal(contract_write_json(other, &parsed.arena, &written), STATUS_OK);
            parse_bytes(&again, written.ptr, written.len);
            assert_int_equal(again.status, STATUS_OK);
            assert_true(json_equal(again.json, parsed.json));
            done(&again);
        } else {
            bool ours = true;
            for (const struct violation *one = parsed.violations.first; one != NULL;
                 one = one->next)
                ours &= strcmp(one->code, "invalid_json") != 0;
            assert_true(other == NULL || ours);
        }
        json_decref(other);
        done(&parsed);
    }
    assert_true(accepted > 1000);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values),
        cmocka_unit_test(numbers),
        cmocka_unit_test(a_number_of_a_million_digits),
        cmocka_unit_test(syntax),
        cmocka_unit_test(a_syntax_error_names_line_and_column),
        cmocka_unit_test(text_that_is_no_text),
        cmocka_unit_test(repeated_names),
        cmocka_unit_test(all_faults_at_once),
        cmocka_unit_test(depth),
        cmocka_unit_test(many_values),
        cmocka_unit_test(a_long_name_is_left_out_of_the_pointer),
        cmocka_unit_test(too_little_memory),
        cmocka_unit_test(the_same_as_jansson),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
