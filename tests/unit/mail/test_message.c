/* Messages as bytes: addresses, encodings, and that nothing from outside leaves its place. What a
 * mail reader makes of them is in tests/mail. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "mime.h"
#include "segreteria/mail/message.h"

static void addresses(void **state) {
    (void)state;
    static const char *const good[] = {"a@b", "lia.rossi+jobs@posta.example", "o'brien@x-y.example",
                                       "!#$%&'*+-/=?^_`{|}~@b.example", "1@2.3"};
    static const char *const bad[] = {"",      "a",          "@b",          "a@",      "a@b@c",
                                      "a b@c", "a..b@c",     ".a@c",        "a.@c",    "a@b..c",
                                      "a@.c",  "a@c.",       "a@b_c",       "\"a\"@b", "<a@b>",
                                      "a@b>",  "a@[1.2.3]",  "a@b\r\nX: y", "a\n@b",   "a@b,c@d",
                                      "a@b;c", "\xC3\xA9@b", "a@\xC3\xA9",  "a(c)@b"};
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
        assert_true(mail_address_valid(str_of(good[i])));
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(mail_address_valid(str_of(bad[i])));
    assert_false(mail_address_valid(STR("a\0b@c")));
    char long_local[80];
    memset(long_local, 'a', sizeof long_local);
    memcpy(long_local + 65, "@b", 2);
    assert_false(mail_address_valid(str_from(long_local, 67)));
}

static void senders(void **state) {
    (void)state;
    struct mail_sender sender = {0};
    assert_int_equal(mail_sender_parse(STR(" a@b "), &sender), STATUS_OK);
    assert_true(str_is_none(sender.name) && str_eq(sender.address, STR("a@b")));
    assert_int_equal(mail_sender_parse(STR("Jobs & Co <a@b>"), &sender), STATUS_OK);
    assert_true(str_eq(sender.name, STR("Jobs & Co")) && str_eq(sender.address, STR("a@b")));
    assert_int_equal(mail_sender_parse(STR("\"Jobs, Inc.\" <a@b>"), &sender), STATUS_OK);
    assert_true(str_eq(sender.name, STR("Jobs, Inc.")));
    static const char *const bad[] = {"",     "Jobs",         "Jobs <a>",  "Jobs a@b>",
                                      "<a@b", "J\nobs <a@b>", "\xFF <a@b>"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(mail_sender_parse(str_of(bad[i]), &sender), STATUS_INVALID);
}

static void check_quoted(const char *text, const char *wanted) {
    struct buf out;
    buf_init(&out, 4096);
    mime_quoted_printable(&out, str_of(text));
    assert_string_equal(out.data == NULL ? "" : out.data, wanted);
    buf_deinit(&out);
}

/* RFC 2045 section 6.7: lines of at most 76 characters, no blank at a line's end, = itself encoded.
 */
static void quoted_printable(void **state) {
    (void)state;
    check_quoted("a = b\n", "a =3D b\r\n");
    check_quoted("blank \nend\t\n", "blank=20\r\nend=09\r\n");
    check_quoted("\xC3\xA8", "=C3=A8");
    check_quoted("end ", "end=20");
    check_quoted(
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa=\r\na");
}

static void headers(void **state) {
    (void)state;
    struct buf out;
    buf_init(&out, 8192);
    mime_header(&out, "Subject", STR("Plain words"));
    mime_header(&out, "Subject", STR("Ciao =?x?="));
    mime_header(&out, "Subject", STR("a\r\nBcc: x@y"));
    assert_string_equal(out.data,
                        "Subject: Plain words\r\nSubject: =?UTF-8?B?Q2lhbyA9P3g/PQ==?=\r\n"
                        "Subject: =?UTF-8?B?YQ0KQmNjOiB4QHk=?=\r\n");
    buf_clear(&out);
    char text[301]; /* characters of three bytes: none is cut in two */
    for (size_t i = 0; i < 300; i += 3)
        memcpy(text + i, "\xE2\x82\xAC", 3);
    mime_header(&out, "Subject", str_from(text, 300));
    struct str rest = buf_str(&out), line;
    while (str_split(&rest, '\n', &line))
        assert_true(line.len <= 77);
    buf_clear(&out);
    mime_phrase(&out, STR("Jobs \"x\" \\"));
    assert_string_equal(out.data, "\"Jobs \\\"x\\\" \\\\\" ");
    buf_clear(&out);
    mime_date(&out, 1795459620000);
    assert_string_equal(out.data, "Mon, 23 Nov 2026 18:47:00 +0000");
    buf_deinit(&out);
}

static enum status compose(struct mail_message message, struct buf *out) {
    const struct mail_sender sender = {.address = STR("from@posta.example"),
                                       .site = STR("https://lavoro.example")};
    buf_init(out, MAIL_MESSAGE_MAX);
    return mail_compose(&sender, &message, out);
}

static const struct mail_message usual = {.id = STR_INIT("01a209db-72ec-7cd9-b47e-e59cc81bc74c"),
                                          .template = STR_INIT("password_changed"),
                                          .lang = STR_INIT("it"),
                                          .to = STR_INIT("a@posta.example"),
                                          .params = STR_INIT("{}")};

static void what_cannot_be_a_message(void **state) {
    (void)state;
    struct buf out;
    struct mail_message messages[] = {usual, usual, usual, usual, usual, usual, usual};
    messages[0].to = STR("a@b\r\nBcc: c@d");
    messages[1].id = STR("x>\r\nBcc: c");
    messages[2].id = STR("");
    messages[3].lang = STR("../it");
    messages[4].params = STR("[1]");
    messages[5].params = STR("{\"a\":");
    messages[6].template = STR("nothing");
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        assert_int_equal(compose(messages[i], &out), i == 6 ? STATUS_NOT_FOUND : STATUS_INVALID);
        buf_deinit(&out);
    }
    assert_int_equal(compose(usual, &out), STATUS_OK);
    buf_deinit(&out);
}

/* Values of the link cannot be replaced by those of the message, and odd values break nothing. */
static void odd_values(void **state) {
    (void)state;
    struct buf out;
    struct mail_message message = usual;
    message.template = STR("invitation");
    message.purpose = STR("invitation");
    message.secret = STR("sgrl_secret");
    message.params = STR(
        "{\"url\":\"https://evil.example\",\"token\":\"evil\",\"site\":\"https://evil.example\","
        "\"company\":\"\\u0000\\ud83d\\ude00\",\"inviter\":null,\"role\":[1],\"left\":7}");
    assert_int_equal(compose(message, &out), STATUS_INVALID); /* NUL: jansson refuses it */
    buf_deinit(&out);
    message.params = STR(
        "{\"url\":\"https://evil.example\",\"token\":\"evil\",\"site\":\"https://evil.example\","
        "\"company\":\"\\ud83d\\ude00\",\"inviter\":null,\"role\":[1],\"left\":7}");
    assert_int_equal(compose(message, &out), STATUS_OK);
    assert_null(strstr(out.data, "evil"));
    assert_non_null(strstr(out.data, "https://lavoro.example/links#invitation=3Dsgrl_secret"));
    buf_deinit(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(addresses),
                                       cmocka_unit_test(senders),
                                       cmocka_unit_test(quoted_printable),
                                       cmocka_unit_test(headers),
                                       cmocka_unit_test(what_cannot_be_a_message),
                                       cmocka_unit_test(odd_values)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
