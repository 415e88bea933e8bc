/* JSON strings and numbers (RFC 8259 sections 6 and 7). */
#include "json_scan.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>

static size_t digits(struct str text, size_t from) {
    size_t at = from;
    while (at < text.len && text.ptr[at] >= '0' && text.ptr[at] <= '9')
        at++;
    return at - from;
}

size_t json_number_scan(struct str text, bool *integral) {
    size_t at = text.len > 0 && text.ptr[0] == '-' ? 1 : 0;
    size_t count = digits(text, at);
    if (count == 0)
        return 0;
    at += text.ptr[at] == '0' ? 1 : count; /* "01" is a 0 with something after it */
    *integral = true;
    if (at < text.len && text.ptr[at] == '.') {
        count = digits(text, at + 1);
        if (count == 0)
            return 0;
        at += 1 + count;
        *integral = false;
    }
    if (at < text.len && (text.ptr[at] == 'e' || text.ptr[at] == 'E')) {
        size_t sign = at + 1 < text.len && (text.ptr[at + 1] == '-' || text.ptr[at + 1] == '+') ? 1
                                                                                                : 0;
        count = digits(text, at + 1 + sign);
        if (count == 0)
            return 0;
        at += 1 + sign + count;
        *integral = false;
    }
    return at;
}

/* Whether the number is written with a digit other than 0 before its exponent. */
static bool has_value(struct str text) {
    for (size_t i = 0; i < text.len && text.ptr[i] != 'e' && text.ptr[i] != 'E'; i++)
        if (text.ptr[i] >= '1' && text.ptr[i] <= '9')
            return true;
    return false;
}

json_t *json_number_make(struct str text, bool integral, bool *in_range) {
    *in_range = false;
    char copy[JSON_NUMBER_MAX + 1];
    if (!str_copy(text, copy, sizeof copy))
        return NULL;
    if (integral) {
        bool negative = copy[0] == '-';
        uint64_t magnitude;
        struct str figures = str_from(copy + negative, text.len - negative);
        if (str_to_u64(figures, JSON_INTEGER_MAX, &magnitude) != STATUS_OK)
            return NULL;
        *in_range = true;
        return json_integer(negative ? -(json_int_t)magnitude : (json_int_t)magnitude);
    }
    double value = strtod(copy, NULL); /* the process stays in the C locale */
    if (!isfinite(value) || (value == 0.0 && has_value(text)))
        return NULL;
    *in_range = true;
    if (fabs(value) <= (double)JSON_INTEGER_MAX && value == floor(value))
        return json_integer((json_int_t)value);
    return json_real(value);
}

static int hex_digit(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* The four hex digits at `at`, or -1. */
static int32_t hex4(struct str raw, size_t at) {
    if (raw.len < 4 || at > raw.len - 4)
        return -1;
    int32_t value = 0;
    for (size_t i = 0; i < 4; i++) {
        int digit = hex_digit(raw.ptr[at + i]);
        if (digit < 0)
            return -1;
        value = value * 16 + digit;
    }
    return value;
}

static size_t utf8_encode(int32_t code, char *out) {
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    size_t len = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    static const int32_t lead[5] = {0, 0, 0xC0, 0xE0, 0xF0};
    for (size_t i = len - 1; i > 0; i--) {
        out[i] = (char)(0x80 | (code & 0x3F));
        code >>= 6;
    }
    out[0] = (char)(lead[len] | code);
    return len;
}

/* The \u escape whose digits start at `at`, with its second half where it has one. Returns the
 * offset after it; 0 when it is malformed. */
static size_t unescape_unicode(struct str raw, size_t at, int32_t *code, unsigned *faults) {
    *code = hex4(raw, at);
    if (*code < 0)
        return 0;
    at += 4;
    if (*code == 0) {
        *faults |= JSON_STRING_NUL;
        *code = 0xFFFD;
    } else if (*code >= 0xD800 && *code <= 0xDFFF) {
        bool pair = *code < 0xDC00 && raw.len - at >= 6 && raw.ptr[at] == '\\' &&
                    raw.ptr[at + 1] == 'u';
        int32_t low = pair ? hex4(raw, at + 2) : -1;
        if (low >= 0xDC00 && low <= 0xDFFF) {
            *code = 0x10000 + ((*code - 0xD800) << 10) + (low - 0xDC00);
            return at + 6;
        }
        *faults |= JSON_STRING_SURROGATE;
        *code = 0xFFFD;
    }
    return at;
}

bool json_string_unescape(struct str raw, char *out, size_t *out_len, unsigned *faults,
                          size_t *bad) {
    static const char from[] = "\"\\/bfnrt";
    static const char to[] = "\"\\/\b\f\n\r\t";
    size_t n = 0, at = 0;
    while (at < raw.len) {
        struct str rest = str_from(raw.ptr + at, raw.len - at);
        size_t plain = str_find(rest, '\\');
        if (plain > 0)
            memcpy(out + n, rest.ptr, plain);
        n += plain;
        at += plain;
        if (at == raw.len)
            break;
        char kind = at + 1 < raw.len ? raw.ptr[at + 1] : '\0';
        const char *simple = kind == '\0' ? NULL : strchr(from, kind);
        int32_t code = 0;
        size_t next = simple != NULL ? at + 2 : 0;
        if (kind == 'u')
            next = unescape_unicode(raw, at + 2, &code, faults);
        if (next == 0) {
            *bad = at;
            return false;
        }
        if (simple != NULL)
            out[n++] = to[simple - from];
        else
            n += utf8_encode(code, out + n);
        at = next;
    }
    *out_len = n;
    return true;
}
