/* date, time, date-time (RFC 3339 section 5.6) and duration (its appendix A). */
#include "schema_internal.h"

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* Exactly `count` digits at `at`; -1 if they are not there. */
static int digits(struct str s, size_t at, size_t count) {
    int value = 0;
    for (size_t i = 0; i < count; i++) {
        if (at + i >= s.len || !is_digit(s.ptr[at + i])) {
            return -1;
        }
        value = value * 10 + (s.ptr[at + i] - '0');
    }
    return value;
}

static int days_in(int year, int month) {
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && leap ? 29 : days[month - 1];
}

bool format_date(struct str s) {
    if (s.len != 10 || s.ptr[4] != '-' || s.ptr[7] != '-') {
        return false;
    }
    int year = digits(s, 0, 4), month = digits(s, 5, 2), day = digits(s, 8, 2);
    return year >= 0 && month >= 1 && month <= 12 && day >= 1 && day <= days_in(year, month);
}

/* "Z" or "+hh:mm": minutes to subtract for UTC. */
static bool offset_minutes(struct str s, int *minutes) {
    *minutes = 0;
    if (s.len == 1) {
        return s.ptr[0] == 'Z' || s.ptr[0] == 'z';
    }
    if (s.len != 6 || (s.ptr[0] != '+' && s.ptr[0] != '-') || s.ptr[3] != ':') {
        return false;
    }
    int hour = digits(s, 1, 2), minute = digits(s, 4, 2);
    *minutes = (hour * 60 + minute) * (s.ptr[0] == '-' ? -1 : 1);
    return hour >= 0 && hour <= 23 && minute >= 0 && minute <= 59;
}

bool format_time(struct str s) {
    if (s.len < 9 || s.ptr[2] != ':' || s.ptr[5] != ':') {
        return false;
    }
    int hour = digits(s, 0, 2), minute = digits(s, 3, 2), second = digits(s, 6, 2);
    size_t at = 8;
    if (s.ptr[at] == '.') {
        size_t first = ++at;
        while (at < s.len && is_digit(s.ptr[at])) {
            at++;
        }
        if (at == first) {
            return false;
        }
    }
    int offset = 0;
    if (!offset_minutes(str_from(s.ptr + at, s.len - at), &offset) || hour < 0 || hour > 23 ||
        minute < 0 || minute > 59 || second < 0 || second > 60) {
        return false;
    }
    int utc = ((hour * 60 + minute - offset) % 1440 + 1440) % 1440;
    return second < 60 || utc == 1439; /* a leap second ends a day in UTC */
}

bool format_date_time(struct str s) {
    return s.len > 11 && (s.ptr[10] == 'T' || s.ptr[10] == 't') &&
           format_date(str_from(s.ptr, 10)) && format_time(str_from(s.ptr + 11, s.len - 11));
}

/* Numbers with units in the order of `units`, none left out between two of them; at least one.
 * Takes all of s. */
static bool units_hold(struct str s, const char *units) {
    size_t at = 0;
    const char *next = NULL;
    while (at < s.len) {
        size_t first = at;
        while (at < s.len && is_digit(s.ptr[at])) {
            at++;
        }
        if (at == first || at == s.len) {
            return false;
        }
        const char *unit = s.ptr[at] == '\0' ? NULL : strchr(units, s.ptr[at]);
        if (unit == NULL || (next != NULL && unit != next)) {
            return false;
        }
        next = unit + 1;
        at++;
    }
    return s.len > 0;
}

bool format_duration(struct str s) {
    if (s.len < 3 || s.ptr[0] != 'P') {
        return false;
    }
    struct str rest = str_from(s.ptr + 1, s.len - 1);
    if (units_hold(rest, "W")) {
        return true;
    }
    size_t t = str_find(rest, 'T');
    struct str date = str_from(rest.ptr, t);
    bool date_ok = t == 0 || units_hold(date, "YMD");
    return date_ok &&
           (t == rest.len || units_hold(str_from(rest.ptr + t + 1, rest.len - t - 1), "HMS"));
}
