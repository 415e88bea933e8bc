/* The core room: text, numbers, UTF-8, arena, buffers, dates, UUIDs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "segreteria/core/arena.h"
#include "segreteria/core/buf.h"
#include "segreteria/core/clock.h"
#include "segreteria/core/log.h"
#include "segreteria/core/uuid.h"

static void numbers_are_digits_only(void **state) {
    (void)state;
    static const struct {
        const char *text;
        uint64_t max;
        enum status status;
        uint64_t value;
    } cases[] = {{"0", 10, STATUS_OK, 0},
                 {"10", 10, STATUS_OK, 10},
                 {"11", 10, STATUS_TOO_LARGE, 0},
                 {"18446744073709551615", UINT64_MAX, STATUS_OK, UINT64_MAX},
                 {"18446744073709551616", UINT64_MAX, STATUS_TOO_LARGE, 0},
                 {"99999999999999999999999", UINT64_MAX, STATUS_TOO_LARGE, 0},
                 {"", 10, STATUS_INVALID, 0},
                 {"-1", 10, STATUS_INVALID, 0},
                 {"+1", 10, STATUS_INVALID, 0},
                 {" 1", 10, STATUS_INVALID, 0},
                 {"1e3", 10, STATUS_INVALID, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint64_t value = 77;
        assert_int_equal(str_to_u64(str_of(cases[i].text), cases[i].max, &value), cases[i].status);
        assert_int_equal(value, cases[i].status == STATUS_OK ? cases[i].value : 77);
    }
}

static void utf8_is_checked_to_the_letter(void **state) {
    (void)state;
    static const char *const good[] = {
        "", "plain", "perch\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80", "\xF4\x8F\xBF\xBF"};
    static const char *const bad[] = {"\x80",
                                      "\xC3",
                                      "\xC0\xAF",
                                      "\xE0\x80\xAF",
                                      "\xED\xA0\x80",
                                      "\xF4\x90\x80\x80",
                                      "\xF0\x80\x80\xAF",
                                      "a\xFFz"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(str_is_utf8(str_of(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(str_is_utf8(str_of(bad[i])));
}

static void splitting_gives_every_part(void **state) {
    (void)state;
    struct str rest = STR("a,,b,"), part;
    const char *const expected[] = {"a", "", "b", ""};
    for (size_t i = 0; i < 4; i++) {
        assert_true(str_split(&rest, ',', &part));
        assert_true(str_eq(part, str_of(expected[i])));
    }
    assert_false(str_split(&rest, ',', &part));
    assert_true(str_eq(str_trim(STR(" \t x y\t ")), STR("x y")));
    assert_true(str_eq_nocase(STR("Content-TYPE"), STR("content-type")));
    assert_false(str_eq_nocase(STR("a"), STR("ab")));
}

static void a_copy_fits_with_its_end_or_not_at_all(void **state) {
    (void)state;
    char out[4] = "old";
    assert_false(str_copy(STR("four"), out, sizeof out));
    assert_string_equal(out, "old");
    assert_true(str_copy(STR("new"), out, sizeof out));
    assert_string_equal(out, "new");
    assert_true(str_copy(STR_NONE, out, sizeof out));
    assert_string_equal(out, "");
    assert_false(str_copy(STR_NONE, out, 0));
}

static void note(void *object) { (*(int *)object)++; }

static void arena_stays_within_its_limit(void **state) {
    (void)state;
    struct arena arena;
    arena_init(&arena, 10000);
    int destroyed = 0;
    char *text = arena_strdup(&arena, STR("abc"));
    assert_string_equal(text, "abc");
    assert_int_equal(arena_defer(&arena, note, &destroyed), STATUS_OK);
    assert_non_null(arena_alloc(&arena, 9000));
    assert_null(arena_alloc(&arena, 9000));
    assert_null(arena_alloc(&arena, SIZE_MAX));
    assert_null(arena_array(&arena, SIZE_MAX / 2, 4));
    assert_int_equal(destroyed, 0);
    arena_reset(&arena);
    assert_int_equal(destroyed, 1);
    assert_non_null(arena_alloc(&arena, 9999));
    arena_deinit(&arena);
    assert_int_equal(destroyed, 1);
}

static void arena_destroys_at_once_what_it_cannot_keep(void **state) {
    (void)state;
    struct arena arena;
    int destroyed = 0;
    arena_init(&arena, 1);
    assert_int_equal(arena_defer(&arena, note, &destroyed), STATUS_NO_MEMORY);
    assert_int_equal(destroyed, 1);
    arena_deinit(&arena);
}

static void buffer_errors_stick(void **state) {
    (void)state;
    struct buf buf;
    buf_init(&buf, 10);
    buf_append_text(&buf, "12345");
    buf_append_text(&buf, "678901");
    assert_int_equal(buf_status(&buf), STATUS_TOO_LARGE);
    buf_append_text(&buf, "x");
    assert_string_equal(buf.data, "12345");
    buf_clear(&buf);
    buf_printf(&buf, "%d-%s", 42, "abc");
    assert_string_equal(buf.data, "42-abc");
    buf_consume(&buf, 3);
    assert_string_equal(buf.data, "abc");
    buf_deinit(&buf);
}

static void what_is_printed_fits_or_leaves_no_trace(void **state) {
    (void)state;
    struct buf buf;
    buf_init(&buf, 400); /* room is there for 256 at first */
    buf_append_text(&buf, "a");
    buf_printf(&buf, "%*d", 254, 7);
    assert_int_equal(buf.len, 255);
    buf_printf(&buf, "%*d", 100, 8); /* into more room */
    assert_int_equal(buf.len, 355);
    assert_int_equal(buf.data[254], '7');
    assert_int_equal(buf.data[354], '8');
    buf_printf(&buf, "%*d", 46, 9);
    assert_int_equal(buf_status(&buf), STATUS_TOO_LARGE);
    assert_int_equal(buf.len, 355);
    assert_int_equal(buf.data[355], '\0');
    buf_printf(&buf, "x");
    assert_int_equal(buf.len, 355);
    buf_deinit(&buf);
}

static void numbers_are_decimal(void **state) {
    (void)state;
    struct buf buf;
    buf_init(&buf, 100);
    buf_append_number(&buf, 0);
    buf_append_char(&buf, ' ');
    buf_append_number(&buf, 1200);
    buf_append_char(&buf, ' ');
    buf_append_number(&buf, UINT64_MAX);
    assert_string_equal(buf.data, "0 1200 18446744073709551615");
    buf_deinit(&buf);
}

static void json_strings_are_escaped(void **state) {
    (void)state;
    struct buf buf;
    buf_init(&buf, 1000);
    buf_append_json_string(&buf, str_from("a\"b\\c\n\0d\x7F\xC3\xA9", 11));
    assert_string_equal(buf.data, "\"a\\\"b\\\\c\\u000a\\u0000d\\u007f\xC3\xA9\"");
    buf_deinit(&buf);
}

static void dates_have_the_protocol_forms(void **state) {
    (void)state;
    char rfc3339[CLOCK_RFC3339_SIZE], http[CLOCK_HTTP_DATE_SIZE];
    clock_format_rfc3339(784111777000, rfc3339);
    clock_format_http_date(784111777000, http);
    assert_string_equal(rfc3339, "1994-11-06T08:49:37Z");
    assert_string_equal(
        http, "Sun, 06 Nov 1994 08:49:37 GMT"); /* the example of RFC 9110 section 5.6.7 */
}

static void uuids_are_version_7_and_parse_strictly(void **state) {
    (void)state;
    char text[UUID_TEXT_SIZE], again[UUID_TEXT_SIZE];
    struct uuid uuid = uuid_v7(), parsed;
    uuid_format(&uuid, text);
    assert_int_equal(text[14], '7');
    assert_non_null(strchr("89ab", text[19]));
    assert_int_equal(uuid_parse(str_of(text), &parsed), STATUS_OK);
    uuid_format(&parsed, again);
    assert_string_equal(text, again);
    static const char *const bad[] = {
        "", "018f2e5c7b3a7c4d9e6f0a1b2c3d4e5f", "{018f2e5c-7b3a-7c4d-9e6f-0a1b2c3d4e5}",
        "018f2e5c-7b3a-7c4d-9e6f-0a1b2c3d4e5g", "018f2e5c-7b3a-7c4d-9e6f-0a1b2c3d4e5f0"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(uuid_parse(str_of(bad[i]), &parsed), STATUS_INVALID);
}

static void log_values_are_quoted(void **state) {
    (void)state;
    char longer[2000];
    struct log_quoted quoted;
    assert_string_equal(log_quote(&quoted, STR("a \"b\" \\")), "\"a \\\"b\\\" \\\\\"");
    memset(longer, '"', sizeof longer);
    assert_true(strlen(log_quote(&quoted, str_from(longer, sizeof longer))) < sizeof quoted.text);
}

/* Everything the pipe holds. */
static size_t drain(int fd, char *text, size_t size) {
    ssize_t len = read(fd, text, size - 1);
    assert_true(len > 0);
    text[len] = '\0';
    return (size_t)len;
}

static void a_log_that_nobody_reads_holds_up_nobody(void **state) {
    (void)state;
    static char text[128 * 1024], lines[40 * 1024];
    int ends[2], real = dup(STDERR_FILENO);
    assert_int_equal(pipe(ends), 0);
    assert_true(fcntl(ends[1], F_SETPIPE_SZ, 64 * 1024) > 0);
    assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
    (void)alarm(20); /* of a write that waits */
    for (unsigned i = 0; i < 5000; i++)
        log_info("test", "number=%u", i);
    size_t len = drain(ends[0], text, sizeof text);
    unsigned written = 0;
    for (const char *at = text; (at = strstr(at, "event=test")) != NULL; at++)
        written++;
    assert_true(written > 0 && written < 5000);
    assert_int_equal(text[len - 1], '\n');

    log_info("after", "ok=%d", 1);
    (void)drain(ends[0], text, sizeof text);
    char *lost = strstr(text, "level=warn event=log_lines_lost count=");
    assert_non_null(lost);
    assert_int_equal(strtoul(strstr(lost, "count=") + 6, NULL, 10), 5000 - written);
    assert_non_null(strstr(lost, "event=after ok=1\n"));

    memset(lines, 'x', sizeof lines);
    for (size_t i = 999; i < sizeof lines; i += 1000)
        lines[i] = '\n';
    log_lines(str_from(lines, 40 * 1000)); /* more than a piece */
    assert_int_equal(drain(ends[0], text, sizeof text), 40 * 1000);
    assert_memory_equal(text, lines, 40 * 1000);
    (void)alarm(0);
    assert_true(dup2(real, STDERR_FILENO) >= 0);
    (void)close(real);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_are_digits_only),
        cmocka_unit_test(utf8_is_checked_to_the_letter),
        cmocka_unit_test(splitting_gives_every_part),
        cmocka_unit_test(a_copy_fits_with_its_end_or_not_at_all),
        cmocka_unit_test(arena_stays_within_its_limit),
        cmocka_unit_test(arena_destroys_at_once_what_it_cannot_keep),
        cmocka_unit_test(buffer_errors_stick),
        cmocka_unit_test(what_is_printed_fits_or_leaves_no_trace),
        cmocka_unit_test(numbers_are_decimal),
        cmocka_unit_test(json_strings_are_escaped),
        cmocka_unit_test(dates_have_the_protocol_forms),
        cmocka_unit_test(uuids_are_version_7_and_parse_strictly),
        cmocka_unit_test(log_values_are_quoted),
        cmocka_unit_test(a_log_that_nobody_reads_holds_up_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
