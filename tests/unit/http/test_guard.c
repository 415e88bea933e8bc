/* The guard's verdicts on heads. The raw-socket suite shows them on the wire; here each rule stands
 * alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "guard.h"

static struct header_values headers;

static struct guard_head sound_head(void) {
    memset(&headers, 0, sizeof headers);
    headers.first[HEADER_HOST] = STR("localhost:8080");
    headers.count[HEADER_HOST] = 1;
    return (struct guard_head){.method = STR("GET"),
                               .target = STR("/v1/jobs?limit=2"),
                               .version = STR("HTTP/1.1"),
                               .headers = &headers,
                               .fields = 1,
                               .head_len = 60,
                               .head_max = 8192,
                               .target_max = 4096,
                               .fields_max = 64,
                               .memory_max = 9728};
}

static void add(enum header header, struct str value) {
    headers.first[header] = value;
    headers.count[header]++;
}

static void expect_code(const struct guard_head *head, const char *code) {
    struct guard_verdict verdict = guard_check(head);
    assert_non_null(verdict.code);
    assert_string_equal(verdict.code, code);
}

static void expect_field(const struct guard_head *head, enum header header, const char *violation) {
    struct guard_verdict verdict = guard_check(head);
    assert_non_null(verdict.code);
    assert_string_equal(verdict.code, "malformed_request");
    assert_true(str_eq(verdict.header, header_name(header)));
    assert_string_equal(verdict.violation, violation);
}

static void test_accepted(void **state) {
    (void)state;
    struct guard_head head = sound_head();
    struct guard_verdict verdict = guard_check(&head);
    assert_null(verdict.code);
    assert_true(str_eq(verdict.path, STR("/v1/jobs")));
    assert_true(str_eq(verdict.query, STR("limit=2")));
    head.target = STR("/");
    verdict = guard_check(&head);
    assert_true(str_eq(verdict.path, STR("/")) && str_is_none(verdict.query));
    head.target = STR("/a?");
    verdict = guard_check(&head);
    assert_true(str_eq(verdict.path, STR("/a")) && !str_is_none(verdict.query) &&
                verdict.query.len == 0);
    head.target = STR("/a?b?c");
    verdict = guard_check(&head);
    assert_true(str_eq(verdict.query, STR("b?c")));
}

static void test_target_forms(void **state) {
    (void)state;
    struct guard_head head = sound_head();
    head.target = STR("http://localhost:8080/a?b");
    struct guard_verdict verdict = guard_check(&head);
    assert_null(verdict.code);
    assert_true(str_eq(verdict.path, STR("/a")) && str_eq(verdict.query, STR("b")));
    const char *const refused[] = {"http://other/a",
                                   "http://localhost/a",
                                   "http://x@localhost:8080/a",
                                   "ftp://a/b",
                                   "http://",
                                   "http://localhost:8080",
                                   "http://localhost:8080?a",
                                   "*",
                                   "a/b",
                                   "localhost:80",
                                   "/a#b",
                                   "/a b",
                                   "/\x7f",
                                   "/\xc3\xa9",
                                   ""};
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        head.target = str_of(refused[i]);
        expect_code(&head, "malformed_request");
    }
    head.target = STR("*");
    head.method = STR("OPTIONS");
    assert_null(guard_check(&head).code);
}

static void test_framing(void **state) {
    (void)state;
    struct guard_head head = sound_head();
    add(HEADER_TRANSFER_ENCODING, STR("chunked"));
    assert_null(guard_check(&head).code);
    head.version = STR("HTTP/1.0");
    expect_field(&head, HEADER_TRANSFER_ENCODING, "false_schema");
    head = sound_head();
    add(HEADER_TRANSFER_ENCODING, STR("gzip, chunked"));
    expect_field(&head, HEADER_TRANSFER_ENCODING, "enum");
    head = sound_head();
    add(HEADER_TRANSFER_ENCODING, STR("chunked"));
    add(HEADER_CONTENT_LENGTH, STR("1"));
    expect_field(&head, HEADER_TRANSFER_ENCODING, "false_schema");
    head = sound_head();
    add(HEADER_CONTENT_LENGTH, STR("1"));
    add(HEADER_CONTENT_LENGTH, STR("1"));
    expect_field(&head, HEADER_CONTENT_LENGTH, "repeated_parameter");
    const char *const lengths[] = {"", "+1", "-1", "1,1", "0x1", "1 ", "one"};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        head = sound_head();
        add(HEADER_CONTENT_LENGTH, str_of(lengths[i]));
        expect_field(&head, HEADER_CONTENT_LENGTH, "pattern");
    }
}

static void test_host(void **state) {
    (void)state;
    const char *const good[] = {"localhost", "a.example:80", "[::1]",     "[2001:db8::1]:8080",
                                "127.0.0.1", "a%20b",        "localhost:"};
    const char *const bad[] = {"",     "a b", "a@b", "a/b", "a:b", "a:123456",
                               "[::1", "::1", "[g]", "a%2", "a?b", ":80"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(guard_is_authority(str_of(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(guard_is_authority(str_of(bad[i])));
    assert_false(guard_is_authority(str_from("a\0b", 3)));
    struct guard_head head = sound_head();
    headers.first[HEADER_HOST] = STR_NONE;
    headers.count[HEADER_HOST] = 0;
    expect_field(&head, HEADER_HOST, "required");
    head.version = STR("HTTP/1.0");
    assert_null(guard_check(&head).code);
}

static void test_methods_and_versions(void **state) {
    (void)state;
    static const struct {
        const char *method, *version, *code;
    } cases[] = {
        {"TRACE", "HTTP/1.1", "method_not_allowed"},  {"CONNECT", "HTTP/1.1", "not_implemented"},
        {"get", "HTTP/1.1", "not_implemented"},       {"G@T", "HTTP/1.1", "malformed_request"},
        {"", "HTTP/1.1", "malformed_request"},        {"GET", "HTTP/1.2", "version_not_supported"},
        {"GET", "HTTP/2.0", "version_not_supported"}, {"GET", "HTTP/1.10", "version_not_supported"},
        {"GET", "http/1.1", "version_not_supported"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct guard_head head = sound_head();
        head.method = str_of(cases[i].method);
        head.version = str_of(cases[i].version);
        expect_code(&head, cases[i].code);
    }
}

static void test_sizes(void **state) {
    (void)state;
    static char target[5000];
    memset(target, 'a', sizeof target);
    target[0] = '/';
    struct guard_head head = sound_head();
    head.target = str_from(target, 4096);
    assert_null(guard_check(&head).code);
    head.target = str_from(target, 4097);
    expect_code(&head, "uri_too_long");
    head = sound_head();
    head.head_len = 8193;
    expect_code(&head, "headers_too_large");
    head = sound_head();
    head.fields = 65;
    expect_code(&head, "headers_too_large");
    head = sound_head();
    head.head_len = 8000;
    head.fields = 26;
    assert_null(guard_check(&head).code);
    head.target = STR("/v1/jobs?a&b&c&d&e&f"); /* one entry, however many parameters */
    assert_null(guard_check(&head).code);
    head.fields = 27;
    expect_code(&head, "headers_too_large");
}

static void test_other_fields(void **state) {
    (void)state;
    struct guard_head head = sound_head();
    add(HEADER_EXPECT, STR("100-Continue"));
    assert_null(guard_check(&head).code);
    head = sound_head();
    add(HEADER_EXPECT, STR("200-ok"));
    expect_code(&head, "expectation_failed");
    head = sound_head();
    add(HEADER_CONTENT_ENCODING, STR("gzip"));
    expect_code(&head, "unsupported_media_type");
    head = sound_head();
    add(HEADER_CONTENT_ENCODING, STR("identity"));
    assert_null(guard_check(&head).code);
    head = sound_head();
    add(HEADER_AUTHORIZATION, STR("a"));
    add(HEADER_AUTHORIZATION, STR("a"));
    expect_field(&head, HEADER_AUTHORIZATION, "repeated_parameter");
    head = sound_head();
    add(HEADER_IF_NONE_MATCH, STR("\"a\""));
    add(HEADER_IF_NONE_MATCH, STR("\"b\""));
    assert_null(guard_check(&head).code);
    head = sound_head();
    head.bad_field = true;
    expect_code(&head, "malformed_request");
}

static void test_names(void **state) {
    (void)state;
    for (unsigned i = 0; i < HEADER_COUNT; i++)
        assert_int_equal(header_find(header_name((enum header)i)), i);
    assert_int_equal(header_find(STR("HOST")), HEADER_HOST);
    assert_int_equal(header_find(STR("content-TYPE")), HEADER_CONTENT_TYPE);
    assert_int_equal(header_find(STR("X-Other")), HEADER_OTHER);
    assert_int_equal(header_find(STR("")), HEADER_OTHER);
    const char *token = "!#$%&'*+-.^_`|~09azAZ";
    assert_true(is_token(str_of(token)));
    assert_false(is_token(STR("")));
    for (unsigned c = 0; c < 256; c++) {
        char byte = (char)c;
        bool alnum = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool expected = alnum || (c != 0 && c < 128 && strchr("!#$%&'*+-.^_`|~", byte) != NULL);
        assert_int_equal(is_token(str_from(&byte, 1)), expected);
        assert_int_equal(is_field_value(str_from(&byte, 1)), c == '\t' || (c >= 0x20 && c != 0x7F));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_accepted),
        cmocka_unit_test(test_target_forms),
        cmocka_unit_test(test_framing),
        cmocka_unit_test(test_host),
        cmocka_unit_test(test_methods_and_versions),
        cmocka_unit_test(test_sizes),
        cmocka_unit_test(test_other_fields),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
