/* Numbers of query parameters, exactly as PostgreSQL reads and rounds them. */
#include "numbers.h"

#define WHOLE_MAX UINT64_C(1000000000)

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* Up to six digits of a fraction, as millionths. */
static bool fraction_of(struct str digits, int64_t *out) {
    *out = 0;
    if (digits.len == 0 || digits.len > 6)
        return false;
    for (size_t i = 0; i < 6; i++) {
        if (i < digits.len && !is_digit(digits.ptr[i]))
            return false;
        *out = *out * 10 + (i < digits.len ? digits.ptr[i] - '0' : 0);
    }
    return true;
}

bool numbers_millionths(struct str text, int64_t *out) {
    size_t dot = str_find(text, '.');
    uint64_t whole;
    int64_t fraction = 0;
    if (str_to_u64(str_from(text.ptr, dot), WHOLE_MAX, &whole) != STATUS_OK)
        return false;
    if (dot < text.len && !fraction_of(str_from(text.ptr + dot + 1, text.len - dot - 1), &fraction))
        return false;
    *out = (int64_t)whole * NUMBERS_MILLION + fraction;
    return true;
}

/* ---- moments ---- */

/* Digits of a fixed place; false: others are there. */
static bool number_at(struct str text, size_t at, size_t count, int64_t *out) {
    uint64_t value;
    if (at + count > text.len ||
        str_to_u64(str_from(text.ptr + at, count), 9999, &value) != STATUS_OK)
        return false;
    *out = (int64_t)value;
    return true;
}

/* Days since 1970-01-01 in the Gregorian calendar; years from March on, so that a leap day is the
 * last of its year. */
static int64_t days_of(int64_t year, int64_t month, int64_t day) {
    int64_t y = year - (month <= 2), m = (month + 9) % 12;
    return y * 365 + y / 4 - y / 100 + y / 400 + (m * 153 + 2) / 5 + day - 1 - 719468;
}

static bool offset_of(struct str text, int64_t *seconds) {
    int64_t hours, minutes;
    *seconds = 0;
    if (text.len == 1)
        return text.ptr[0] == 'Z' || text.ptr[0] == 'z';
    if (text.len != 6 || text.ptr[3] != ':' || !number_at(text, 1, 2, &hours) ||
        !number_at(text, 4, 2, &minutes) || hours > 15)
        return false;
    *seconds = (hours * 3600 + minutes * 60) * (text.ptr[0] == '-' ? -1 : 1);
    return text.ptr[0] == '-' || text.ptr[0] == '+';
}

bool numbers_timestamp_us(struct str text, int64_t *out) {
    int64_t year, month, day, hour, minute, second, fraction = 0, offset;
    size_t at = 19;
    if (!number_at(text, 0, 4, &year) || !number_at(text, 5, 2, &month) ||
        !number_at(text, 8, 2, &day) || !number_at(text, 11, 2, &hour) ||
        !number_at(text, 14, 2, &minute) || !number_at(text, 17, 2, &second))
        return false;
    if (at < text.len && text.ptr[at] == '.') {
        size_t start = ++at;
        while (at < text.len && is_digit(text.ptr[at]))
            at++;
        if (!fraction_of(str_from(text.ptr + start, at - start), &fraction))
            return false;
    }
    if (!offset_of(str_from(text.ptr + at, text.len - at), &offset) || year < 1 || month < 1 ||
        month > 12 || second > 59)
        return false;
    int64_t seconds = days_of(year, month, day) * 86400 + hour * 3600 + minute * 60 + second;
    *out = (seconds - offset) * NUMBERS_MILLION + fraction;
    return true;
}
