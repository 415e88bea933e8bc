/* Which passwords may be chosen: the list from its first line to its last, patterns, context. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "generated/assets.h"
#include "segreteria/auth/password_choice.h"

static enum password_choice check(const char *password, const char *email) {
    return password_choice_check(str_of(password), str_of(email));
}

/* Sorted, or some could not be found; long enough, or they would be there for nothing. */
static void every_listed_one_is_found(void **state) {
    (void)state;
    struct str rest = str_from((const char *)asset_common_passwords_txt.data,
                               asset_common_passwords_txt.len);
    struct str line, before = STR("");
    char upper[64];
    size_t count = 0;
    while (str_split(&rest, '\n', &line)) {
        if (line.len == 0)
            break;
        assert_true(line.len >= 10 && line.len < sizeof upper);
        assert_true(memcmp(before.ptr, line.ptr, before.len < line.len ? before.len : line.len) <=
                    0);
        assert_int_equal(password_choice_check(line, STR_NONE), PASSWORD_COMMON);
        for (size_t i = 0; i < line.len; i++)
            upper[i] = (char)(line.ptr[i] >= 'a' && line.ptr[i] <= 'z' ? line.ptr[i] - 32
                                                                       : line.ptr[i]);
        assert_int_equal(password_choice_check(str_from(upper, line.len), STR_NONE),
                         PASSWORD_COMMON);
        before = line;
        count++;
    }
    assert_int_equal(count, 6000);
}

static void patterns_are_no_passwords(void **state) {
    (void)state;
    static const char *const patterns[] = {"aaaaaaaaaaaa", "ababababababab", "abcdefghijkl",
                                           "zyxwvutsrqpo", "012345678901",   "lari1lari1la",
                                           "abcdabcdabc",  "1111122222"};
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++)
        assert_int_equal(check(patterns[i], NULL), PASSWORD_COMMON);
    static const char *const fine[] = {"correct horse battery", "basketball on the lake",
                                       "Ünïcödé ist länger", "x9 vf 20 qm"};
    for (size_t i = 0; i < sizeof fine / sizeof *fine; i++)
        assert_int_equal(check(fine[i], "somebody@example.org"), PASSWORD_FINE);
}

static void context_is_no_password(void **state) {
    (void)state;
    static const char email[] = "Chiara.Fumagalli@LarioMeccanica.example";
    static const char *const close[] = {"chiarafumagalli", "Fumagalli2026",    "lariomeccanica1!",
                                        "segreteria-2026", "Fumagalli.Chiara", email};
    for (size_t i = 0; i < sizeof close / sizeof *close; i++)
        assert_int_equal(check(close[i], email), PASSWORD_CONTEXT);
    assert_int_equal(check("chiara likes old lamps", email), PASSWORD_FINE);
    assert_int_equal(check("fumagalli2026", "somebody@example.org"), PASSWORD_FINE);
}

static void any_length_is_looked_at(void **state) {
    (void)state;
    static char longest[5000];
    for (size_t i = 0; i < sizeof longest; i++)
        longest[i] = (char)('!' + (i * 7 + i / 90) % 90);
    for (size_t len = 0; len <= sizeof longest; len += len < 40 ? 1 : 97)
        (void)password_choice_check(str_from(longest, len), str_from(longest, len));
    assert_int_equal(password_choice_check(str_from(longest, 1024), STR("a@example.org")),
                     PASSWORD_FINE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_listed_one_is_found),
        cmocka_unit_test(patterns_are_no_passwords),
        cmocka_unit_test(context_is_no_password),
        cmocka_unit_test(any_length_is_looked_at),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
