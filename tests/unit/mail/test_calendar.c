/* iCalendar objects as bytes (RFC 5545, RFC 5546): lines and their folds, escapes, times, and what
 * a message about a meeting says. What another program's parser makes of them is in
 * tests/api/test_interviews.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "segreteria/mail/calendar.h"

#define MEETING_ID "01a209db-72ec-7cd9-b47e-e59cc81bc74c"
#define ORGANIZER STR("lavoro@posta.example")
#define ATTENDEE STR("lia@posta.example")

/* The usual meeting, with some members changed: "name", value, ..., NULL. */
static json_t *meeting(const char *name, ...) {
    json_t *made = json_pack("{s:s, s:i, s:s, s:s, s:s, s:s, s:s, s:[{s:s, s:s}]}", "uid",
                             MEETING_ID, "sequence", 0, "stamp", "2026-11-30T04:05:06.789Z",
                             "status", "CONFIRMED", "method", "REQUEST", "summary", "Segretaria",
                             "organizer", "Lario", "events", "starts_at",
                             "2026-12-03T09:00:00.000Z", "ends_at", "2026-12-03T10:30:00.000Z");
    assert_non_null(made);
    va_list more;
    va_start(more, name);
    for (const char *at = name; at != NULL; at = va_arg(more, const char *)) {
        json_t *value = va_arg(more, json_t *);
        assert_int_equal(json_object_set_new(made, at, value), 0);
    }
    va_end(more);
    return made;
}

/* Consumes the meeting. */
static enum status write_to(struct buf *out, json_t *object, struct str organizer,
                            struct str attendee) {
    buf_init(out, CALENDAR_MAX);
    enum status status = calendar_write(object, organizer, attendee, out);
    json_decref(object);
    return status;
}

static void written(struct buf *out, json_t *object) {
    assert_int_equal(write_to(out, object, ORGANIZER, ATTENDEE), STATUS_OK);
}

/* The lines with their folds taken out, as a reader sees them; every rule of section 3.1 holds. */
static void unfold(const struct buf *out, struct buf *lines) {
    buf_init(lines, CALENDAR_MAX);
    struct str rest = buf_str(out);
    assert_true(rest.len > 2 && memcmp(rest.ptr + rest.len - 2, "\r\n", 2) == 0);
    for (size_t i = 0, begin = 0; i < rest.len; i++) {
        if (rest.ptr[i] == '\n')
            assert_true(i > 0 && rest.ptr[i - 1] == '\r');
        if (rest.ptr[i] != '\r')
            continue;
        assert_true(i + 1 < rest.len && rest.ptr[i + 1] == '\n');
        assert_true(i - begin <= 75);
        bool folded = i + 2 < rest.len && rest.ptr[i + 2] == ' ';
        size_t next = i + (folded ? 3 : 2);
        if (next < rest.len) /* no line begins within a character */
            assert_true(((unsigned char)rest.ptr[next] & 0xC0) != 0x80);
        bool continued = begin > 0 && rest.ptr[begin] == ' ';
        buf_append(lines, str_from(rest.ptr + begin + continued, i - begin - continued));
        if (!folded)
            buf_append_char(lines, '\n');
        begin = i + 2;
    }
    assert_int_equal(buf_status(lines), STATUS_OK);
}

/* Whether a reader sees this line. */
static bool has_line(const struct buf *out, const char *wanted) {
    struct buf lines;
    unfold(out, &lines);
    struct str rest = buf_str(&lines), line;
    bool found = false;
    while (str_split(&rest, '\n', &line))
        found = found || str_eq(line, str_of(wanted));
    buf_deinit(&lines);
    return found;
}

static void an_object_in_whole(void **state) {
    (void)state;
    struct buf out;
    written(&out, meeting("location", json_string("Via Roma 1"), "url",
                          json_string("https://video.example/a b"), NULL));
    assert_string_equal(out.data,
                        "BEGIN:VCALENDAR\r\n"
                        "VERSION:2.0\r\n"
                        "PRODID:-//Segreteria//Interviews//EN\r\n"
                        "CALSCALE:GREGORIAN\r\n"
                        "METHOD:REQUEST\r\n"
                        "BEGIN:VEVENT\r\n"
                        "UID:" MEETING_ID "\r\n"
                        "SEQUENCE:0\r\n"
                        "DTSTAMP:20261130T040506Z\r\n"
                        "DTSTART:20261203T090000Z\r\n"
                        "DTEND:20261203T103000Z\r\n"
                        "STATUS:CONFIRMED\r\n"
                        "SUMMARY:Segretaria\r\n"
                        "LOCATION:Via Roma 1\r\n"
                        "URL:https://video.example/ab\r\n"
                        "ORGANIZER;CN=\"Lario\":mailto:lavoro@posta.example\r\n"
                        "ATTENDEE;ROLE=REQ-PARTICIPANT;RSVP=FALSE:mailto:lia@posta.example\r\n"
                        "END:VEVENT\r\n"
                        "END:VCALENDAR\r\n");
    buf_deinit(&out);
}

/* 75 octets are one line, 76 are two; the space that begins the second counts. */
static void folds(void **state) {
    (void)state;
    char text[400], wanted[500];
    for (size_t length = 60; length < sizeof text - 1; length++) {
        memset(text, 'x', length);
        text[length] = '\0';
        struct buf out;
        written(&out, meeting("summary", json_string(text), NULL));
        (void)snprintf(wanted, sizeof wanted, "SUMMARY:%s", text);
        assert_true(has_line(&out, wanted));
        size_t octets = strlen("SUMMARY:") + length;
        size_t lines = octets <= 75 ? 1 : 1 + (octets - 75 + 73) / 74;
        const char *at = strstr(out.data, "SUMMARY:");
        const char *end = strstr(at, "\r\nORGANIZER");
        assert_int_equal((size_t)(end - at), octets + 3 * (lines - 1));
        buf_deinit(&out);
    }
}

/* Characters of two, three and four octets, at every place of the line: none is cut in two. */
static void characters_stay_whole(void **state) {
    (void)state;
    static const char *const characters[] = {"\xC3\xA8", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"};
    for (size_t c = 0; c < 3; c++) {
        for (size_t shift = 0; shift < 4; shift++) {
            char text[400] = "xxxx", wanted[500];
            size_t width = strlen(characters[c]);
            for (size_t n = 0; n < 70; n++)
                memcpy(text + shift + n * width, characters[c], width + 1);
            struct buf out;
            written(&out, meeting("summary", json_string(text), NULL));
            (void)snprintf(wanted, sizeof wanted, "SUMMARY:%s", text);
            assert_true(has_line(&out, wanted));
            buf_deinit(&out);
        }
    }
}

static void text_is_escaped(void **state) {
    (void)state;
    struct buf out;
    written(&out, meeting("summary", json_string("a,b;c\\d\ne\r\nf\rg\th\x01\x7Fi:\"j\""),
                          "location", json_string("Via Roma 1\nBEGIN:VEVENT"), NULL));
    assert_true(has_line(&out, "SUMMARY:a\\,b\\;c\\\\d\\ne\\nf\\ng\thi:\"j\""));
    assert_true(has_line(&out, "LOCATION:Via Roma 1\\nBEGIN:VEVENT"));
    assert_ptr_equal(strstr(strstr(out.data, "BEGIN:VEVENT\r") + 1, "BEGIN:VEVENT\r"),
                     strstr(out.data, "nBEGIN:VEVENT\r") + 1);
    buf_deinit(&out);
}

/* No value that is no text adds a line or ends its quotes. */
static void nothing_adds_a_line(void **state) {
    (void)state;
    struct buf out;
    json_t *object = meeting(
        "uid", json_string("id\r\nX-A: 1"), "status", json_string("CONFIRMED\r\nX-B: 2"), "method",
        json_string("REQUEST\nX-C: 3"), "url", json_string("https://a/\r\nX-D: 4"), "organizer",
        json_string("La\"rio\";X=1:\r\nX-E: 5"), NULL);
    assert_int_equal(
        write_to(&out, object, STR("a@b.example\r\nX-F: 6"), STR("c@d.example\nX-G: 7")),
        STATUS_OK);
    assert_null(strstr(out.data, "\nX-"));
    assert_true(has_line(&out, "UID:idX-A:1") && has_line(&out, "METHOD:REQUESTX-C:3"));
    assert_true(has_line(&out, "ORGANIZER;CN=\"Lario;X=1:X-E: 5\":mailto:a@b.exampleX-F:6"));
    buf_deinit(&out);
}

/* RFC 5546: what was sent is changed and cancelled by the same UID and a higher SEQUENCE. */
static void changes_and_cancels(void **state) {
    (void)state;
    struct buf out;
    written(&out, meeting("sequence", json_integer(3), NULL));
    assert_true(has_line(&out, "SEQUENCE:3") && has_line(&out, "METHOD:REQUEST"));
    assert_true(has_line(&out, "UID:" MEETING_ID));
    buf_deinit(&out);
    written(&out, meeting("sequence", json_integer(4), "method", json_string("CANCEL"), "status",
                          json_string("CANCELLED"), NULL));
    assert_true(has_line(&out, "SEQUENCE:4") && has_line(&out, "METHOD:CANCEL"));
    assert_true(has_line(&out, "STATUS:CANCELLED") && has_line(&out, "UID:" MEETING_ID));
    buf_deinit(&out);
}

static json_t *two_slots(void) {
    return json_pack("[{s:s, s:s}, {s:s, s:s}]", "starts_at", "2026-12-03T09:00:00.000Z", "ends_at",
                     "2026-12-03T10:00:00.000Z", "starts_at", "2026-12-04T09:00:00Z", "ends_at",
                     "2026-12-04T10:00:00Z");
}

/* To look at, an object has no METHOD and names nobody; times to choose from are an event each. */
static void an_object_that_is_no_message(void **state) {
    (void)state;
    struct buf out;
    assert_int_equal(write_to(&out, meeting("events", two_slots(), NULL), STR_NONE, STR_NONE),
                     STATUS_OK);
    assert_null(strstr(out.data, "METHOD"));
    assert_null(strstr(out.data, "ORGANIZER"));
    assert_null(strstr(out.data, "ATTENDEE"));
    assert_true(has_line(&out, "UID:" MEETING_ID "-1") && has_line(&out, "UID:" MEETING_ID "-2"));
    assert_true(has_line(&out, "DTSTART:20261203T090000Z") &&
                has_line(&out, "DTEND:20261204T100000Z"));
    buf_deinit(&out);
}

static void what_is_no_meeting(void **state) {
    (void)state;
    static const char *const times[] = {"",
                                        "2026-12-03",
                                        "2026-12-03T09:00:00",
                                        "2026-12-03T09:00:00+01:00",
                                        "2026-12-03 09:00:00Z",
                                        "2026-12-03T09:00Z",
                                        "x026-12-03T09:00:00Z"};
    struct buf out;
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        json_t *events = json_pack("[{s:s, s:s}]", "starts_at", times[i], "ends_at",
                                   "2026-12-03T10:00:00.000Z");
        json_t *late = meeting("stamp", json_string(times[i]), NULL);
        assert_int_equal(write_to(&out, meeting("events", events, NULL), ORGANIZER, ATTENDEE),
                         STATUS_INVALID);
        buf_deinit(&out);
        assert_int_equal(write_to(&out, late, ORGANIZER, ATTENDEE), STATUS_INVALID);
        buf_deinit(&out);
    }
    json_t *bad[] = {meeting("uid", json_null(), NULL), meeting("status", json_integer(1), NULL),
                     meeting("events", json_array(), NULL), meeting("events", json_null(), NULL),
                     meeting("events", two_slots(), NULL)}; /* RFC 5546: one meeting a message */
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_equal(write_to(&out, bad[i], ORGANIZER, ATTENDEE), STATUS_INVALID);
        buf_deinit(&out);
    }
}

/* What does not fit is an error: a calendar without its title would look as if it had none. */
static void what_does_not_fit(void **state) {
    (void)state;
    static const char *const names[] = {"summary", "location", "url", "organizer", "uid"};
    static char text[CALENDAR_MAX + 1];
    for (size_t length = 5000; length < sizeof text; length += 10000) {
        memset(text, 'x', length);
        text[length] = '\0';
        for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
            struct buf out;
            json_t *object = meeting(names[i], json_string(text), NULL);
            assert_int_not_equal(write_to(&out, object, ORGANIZER, ATTENDEE), STATUS_OK);
            buf_deinit(&out);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_object_in_whole),
        cmocka_unit_test(folds),
        cmocka_unit_test(characters_stay_whole),
        cmocka_unit_test(text_is_escaped),
        cmocka_unit_test(nothing_adds_a_line),
        cmocka_unit_test(changes_and_cancels),
        cmocka_unit_test(an_object_that_is_no_message),
        cmocka_unit_test(what_is_no_meeting),
        cmocka_unit_test(what_does_not_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
