/* Borrowed text: comparison, splitting, numbers, UTF-8. */
#include "segreteria/core/str.h"

static char lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c; }

bool str_eq_nocase(struct str a, struct str b) {
    if (a.len != b.len)
        return false;
    for (size_t i = 0; i < a.len; i++)
        if (lower(a.ptr[i]) != lower(b.ptr[i]))
            return false;
    return true;
}

bool str_starts_with(struct str s, struct str prefix) {
    return s.len >= prefix.len && str_eq(str_from(s.ptr, prefix.len), prefix);
}

bool str_ends_with(struct str s, struct str suffix) {
    return s.len >= suffix.len &&
           str_eq(str_from(s.ptr + (s.len - suffix.len), suffix.len), suffix);
}

size_t str_find(struct str s, char byte) {
    if (s.len == 0)
        return 0;
    const char *found = memchr(s.ptr, byte, s.len);
    return found == NULL ? s.len : (size_t)(found - s.ptr);
}

bool str_copy(struct str s, char *out, size_t size) {
    if (s.len >= size)
        return false;
    if (s.len > 0)
        memcpy(out, s.ptr, s.len);
    out[s.len] = '\0';
    return true;
}

struct str str_trim(struct str s) {
    while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t')) {
        s.ptr++;
        s.len--;
    }
    while (s.len > 0 && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
        s.len--;
    return s;
}

bool str_split(struct str *rest, char separator, struct str *part) {
    if (str_is_none(*rest))
        return false;
    size_t at = str_find(*rest, separator);
    *part = str_from(rest->ptr, at);
    *rest = at == rest->len ? STR_NONE : str_from(rest->ptr + at + 1, rest->len - at - 1);
    return true;
}

enum status str_to_u64(struct str s, uint64_t max, uint64_t *out) {
    if (s.len == 0)
        return STATUS_INVALID;
    uint64_t value = 0;
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] < '0' || s.ptr[i] > '9')
            return STATUS_INVALID;
        uint64_t digit = (uint64_t)(s.ptr[i] - '0');
        if (value > (max - digit) / 10 && (value > UINT64_MAX / 10 || value * 10 > max - digit))
            return STATUS_TOO_LARGE;
        value = value * 10 + digit;
    }
    if (value > max)
        return STATUS_TOO_LARGE;
    *out = value;
    return STATUS_OK;
}

/* Length of the well-formed sequence at p (RFC 3629 section 4), or 0. */
static size_t utf8_sequence(const unsigned char *p, size_t left) {
    if (p[0] < 0x80)
        return 1;
    size_t len = p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : 2;
    if (p[0] < 0xC2 || p[0] > 0xF4 || left < len)
        return 0;
    for (size_t i = 1; i < len; i++)
        if ((p[i] & 0xC0) != 0x80)
            return 0;
    bool overlong = (p[0] == 0xE0 && p[1] < 0xA0) || (p[0] == 0xF0 && p[1] < 0x90);
    bool surrogate = p[0] == 0xED && p[1] > 0x9F;
    bool beyond = p[0] == 0xF4 && p[1] > 0x8F;
    return overlong || surrogate || beyond ? 0 : len;
}

bool str_is_utf8(struct str s) {
    const unsigned char *p = (const unsigned char *)s.ptr;
    size_t i = 0;
    while (i < s.len) {
        size_t len = utf8_sequence(p + i, s.len - i);
        if (len == 0)
            return false;
        i += len;
    }
    return true;
}
