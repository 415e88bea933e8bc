/* Passwords that are tried first. The list is in common_passwords.txt: lower case, sorted. */
#include "segreteria/auth/password_choice.h"

#include "generated/assets.h"
#include "segreteria/auth/password.h"

#define CONTEXT_WORD_MIN 4 /* shorter parts of an address are in too many words */
#define CONTEXT_REST_MIN 6 /* what has to be left without them */
#define DISTINCT_MIN 4     /* different characters */
#define UNIT_MAX 5         /* "abcabcabcabc" is as short as what it repeats */

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c; }

static size_t line_start(struct str list, size_t at) {
    while (at > 0 && list.ptr[at - 1] != '\n')
        at--;
    return at;
}

static int compare(struct str a, struct str b) {
    size_t shorter = a.len < b.len ? a.len : b.len;
    int order = memcmp(a.ptr, b.ptr, shorter);
    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static bool is_listed(struct str word) {
    struct str list = str_from((const char *)asset_common_passwords_txt.data,
                               asset_common_passwords_txt.len);
    size_t from = 0, to = list.len;
    while (from < to) {
        size_t start = line_start(list, from + (to - from) / 2);
        struct str rest = str_from(list.ptr + start, list.len - start);
        struct str line = str_from(rest.ptr, str_find(rest, '\n'));
        int order = compare(word, line);
        if (order == 0)
            return true;
        if (order < 0)
            to = start;
        else
            from = start + line.len + 1;
    }
    return false;
}

/* One character over and over, steps of one ("abcdefghij", "9876543210"), or few characters. */
static bool is_pattern(struct str word) {
    bool seen[256] = {false};
    size_t distinct = 0, even_steps = 0;
    for (size_t i = 0; i < word.len; i++) {
        distinct += seen[(unsigned char)word.ptr[i]] ? 0 : 1;
        seen[(unsigned char)word.ptr[i]] = true;
        int step = i == 0 ? 2 : word.ptr[i] - word.ptr[i - 1];
        even_steps += step >= -1 && step <= 1 ? 1 : 0;
    }
    if (distinct < DISTINCT_MIN || even_steps + 2 >= word.len)
        return true;
    for (size_t unit = 1; unit <= UNIT_MAX && unit * 2 <= word.len; unit++)
        if (memcmp(word.ptr, word.ptr + unit, word.len - unit) == 0)
            return true;
    return false;
}

/* Takes every occurrence of part out of the text; the new length. */
static size_t take_out(char *text, size_t len, struct str part) {
    for (size_t i = 0; part.len >= CONTEXT_WORD_MIN && i + part.len <= len;)
        if (memcmp(text + i, part.ptr, part.len) == 0) {
            memmove(text + i, text + i + part.len, len - i - part.len);
            len -= part.len;
        } else {
            i++;
        }
    return len;
}

static bool is_separator(char c) {
    return c == '.' || c == '-' || c == '_' || c == '+' || c == '@';
}

/* The address as a whole, what stands before the @, then each word of it. */
static size_t take_out_address(char *text, size_t len, struct str email) {
    len = take_out(text, len, email);
    len = take_out(text, len, str_from(email.ptr, str_find(email, '@')));
    for (size_t i = 0, start = 0; i <= email.len; i++)
        if (i == email.len || is_separator(email.ptr[i])) {
            len = take_out(text, len, str_from(email.ptr + start, i - start));
            start = i + 1;
        }
    return len;
}

enum password_choice password_choice_check(struct str password, struct str email) {
    char text[PASSWORD_MAX_BYTES], address[256];
    size_t len = password.len < sizeof text ? password.len : sizeof text;
    size_t address_len = email.len < sizeof address ? email.len : sizeof address;
    for (size_t i = 0; i < len; i++)
        text[i] = lower(password.ptr[i]);
    for (size_t i = 0; i < address_len; i++)
        address[i] = lower(email.ptr[i]);
    enum password_choice choice = PASSWORD_FINE;
    if (is_listed(str_from(text, len)) || is_pattern(str_from(text, len))) {
        choice = PASSWORD_COMMON;
    } else {
        size_t rest = take_out(text, len, STR("segreteria"));
        rest = take_out_address(text, rest, str_from(address, address_len));
        if (rest < len && rest < CONTEXT_REST_MIN)
            choice = PASSWORD_CONTEXT;
    }
    explicit_bzero(text, sizeof text);
    return choice;
}
