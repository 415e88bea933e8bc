/* Codes of RFC 6238 appendix B and RFC 4226 appendix D, base32 of RFC 4648, which clock differences
 * are forgiven, and what a typed recovery code becomes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "segreteria/auth/totp.h"

static const unsigned char rfc_secret[] = "12345678901234567890";
#define RFC_LEN (sizeof rfc_secret - 1)

static void the_codes_of_the_rfcs(void **state) {
    (void)state;
    /* RFC 6238 has eight digits; the last six are those of the six-digit code. */
    static const struct {
        uint64_t unix_s;
        uint32_t code;
    } by_time[] = {{59, 287082},       {1111111109, 81804},  {1111111111, 50471},
                   {1234567890, 5924}, {2000000000, 279037}, {20000000000, 353130}};
    for (size_t i = 0; i < sizeof by_time / sizeof *by_time; i++)
        assert_int_equal(totp_code(rfc_secret, RFC_LEN, by_time[i].unix_s / TOTP_PERIOD_S),
                         by_time[i].code);
    static const uint32_t by_count[] = {755224, 287082, 359152, 969429, 338314,
                                        254676, 287922, 162583, 399871, 520489};
    for (uint64_t i = 0; i < 10; i++)
        assert_int_equal(totp_code(rfc_secret, RFC_LEN, i), by_count[i]);
}

static void neighbours_are_forgiven_and_no_more(void **state) {
    (void)state;
    int64_t step = 0;
    for (int64_t unix_s = 0; unix_s < 300; unix_s++) {
        bool near = unix_s / 30 >= 4 && unix_s / 30 <= 6 && unix_s >= 30;
        assert_int_equal(totp_match(rfc_secret, RFC_LEN, STR("254676"), unix_s, &step), near);
        if (near)
            assert_int_equal(step, 5);
    }
    assert_true(totp_match(rfc_secret, RFC_LEN, STR("005924"), 1234567890, &step));
    assert_int_equal(step, 1234567890 / 30);
}

static void other_texts_are_no_codes(void **state) {
    (void)state;
    int64_t step = 0;
    static const char *const texts[] = {"",      "5924",   "5924  ", "0005924",
                                        "00592", "00592x", "+05924"};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_false(totp_match(rfc_secret, RFC_LEN, str_of(texts[i]), 1234567890, &step));
    assert_false(totp_match(rfc_secret, RFC_LEN, STR_NONE, 1234567890, &step));
    assert_false(totp_match(rfc_secret, RFC_LEN, STR("755224"), -5, &step));
}

static void secrets_are_written_in_base32(void **state) {
    (void)state;
    char text[TOTP_SECRET_TEXT_SIZE];
    totp_secret_text(rfc_secret, text);
    assert_string_equal(text, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    unsigned char ones[TOTP_SECRET_BYTES];
    memset(ones, 0xFF, sizeof ones);
    totp_secret_text(ones, text);
    assert_string_equal(text, "77777777777777777777777777777777");
}

static void recovery_codes_survive_being_typed(void **state) {
    (void)state;
    char text[RECOVERY_CODE_SIZE], normal[RECOVERY_CODE_SIZE], again[RECOVERY_CODE_SIZE];
    const unsigned char random[RECOVERY_CODE_BYTES] = {0x00, 0x44, 0x32, 0x14, 0xC7, 0x42, 0x40};
    recovery_code_text(random, text);
    assert_string_equal(text, "abcde-fghij");
    assert_true(recovery_code_normal(str_of(text), normal));
    assert_string_equal(normal, "abcdefghij");
    static const char *const typed[] = {"ABCDE-FGHIJ", "abcdefghij", " abcde fghij ",
                                        "AbCdE - fGhIj"};
    for (size_t i = 0; i < sizeof typed / sizeof *typed; i++) {
        assert_true(recovery_code_normal(str_of(typed[i]), again));
        assert_string_equal(again, normal);
    }
    static const char *const wrong[] = {
        "", "abcde-fghi", "abcde-fghijk", "abcde-fgh1j", "abcde_fghij", "----------"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(recovery_code_normal(str_of(wrong[i]), again));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_codes_of_the_rfcs),
        cmocka_unit_test(neighbours_are_forgiven_and_no_more),
        cmocka_unit_test(other_texts_are_no_codes),
        cmocka_unit_test(secrets_are_written_in_base32),
        cmocka_unit_test(recovery_codes_survive_being_typed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
