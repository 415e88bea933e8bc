/* Numbers compared as the numbers that were written, not as what a double makes of them: 2^53 + 1
 * is more than 2^53, and 19.99 is a multiple of 0.01. A double stands for the shortest decimal that
 * reads back as it.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "schema_internal.h"

__extension__ typedef unsigned __int128 u128; /* products of two 64-bit numbers; a plain integer */

#define TWO_63 9223372036854775808.0

static int compare_integers(json_int_t a, json_int_t b) { return (a > b) - (a < b); }

static int compare_doubles(double a, double b) { return (a > b) - (a < b); }

static int compare_integer_double(json_int_t a, double b) {
    if (b >= TWO_63) {
        return -1;
    }
    if (b < -TWO_63) {
        return 1;
    }
    double whole = trunc(b);
    int order = compare_integers(a, (json_int_t)whole);
    return order != 0 ? order : compare_doubles(whole, b);
}

int number_compare(const json_t *a, const json_t *b) {
    if (json_is_integer(a)) {
        return json_is_integer(b)
                   ? compare_integers(json_integer_value(a), json_integer_value(b))
                   : compare_integer_double(json_integer_value(a), json_real_value(b));
    }
    return json_is_integer(b) ? -compare_integer_double(json_integer_value(b), json_real_value(a))
                              : compare_doubles(json_real_value(a), json_real_value(b));
}

bool number_is_integral(const json_t *number) {
    return json_is_integer(number) || (isfinite(json_real_value(number)) &&
                                       trunc(json_real_value(number)) == json_real_value(number));
}

/* digits * 10^exponent, without trailing zeros in digits; the sign plays no part in what it is used
 * for. */
struct decimal {
    uint64_t digits;
    int exponent;
};

/* The shortest "d.ddde+xx" that reads back as `value`. */
static void shortest(double value, char out[NUMBER_TEXT_SIZE]) {
    for (int precision = 14; precision <= 16; precision++) {
        (void)snprintf(out, NUMBER_TEXT_SIZE, "%.*e", precision, value);
        if (strtod(out, NULL) == value) {
            return;
        }
    }
}

static struct decimal decimal_of(const json_t *number) {
    struct decimal decimal = {0, 0};
    if (json_is_integer(number)) {
        json_int_t value = json_integer_value(number);
        decimal.digits = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    } else {
        char text[NUMBER_TEXT_SIZE];
        shortest(fabs(json_real_value(number)), text);
        const char *c = text;
        bool fraction = false;
        for (; *c != '\0' && *c != 'e'; c++) { /* the point may be a comma in some locale */
            if (*c < '0' || *c > '9') {
                fraction = true;
                continue;
            }
            decimal.digits = decimal.digits * 10 + (uint64_t)(*c - '0');
            decimal.exponent -= fraction ? 1 : 0;
        }
        if (*c == 'e') {
            decimal.exponent += (int)strtol(c + 1, NULL, 10);
        }
    }
    while (decimal.digits != 0 && decimal.digits % 10 == 0) {
        decimal.digits /= 10;
        decimal.exponent++;
    }
    return decimal;
}

/* (digits * 10^exponent) mod divisor, by squaring; every product fits 128 bits. */
static uint64_t power_mod(uint64_t digits, int exponent, uint64_t divisor) {
    u128 result = digits % divisor;
    u128 power = 10 % divisor;
    for (int left = exponent; left > 0; left /= 2) {
        if (left % 2 == 1) {
            result = result * power % divisor;
        }
        power = power * power % divisor;
    }
    return (uint64_t)result;
}

bool number_is_multiple(const json_t *number, const json_t *divisor) {
    if (json_is_integer(number) && json_is_integer(divisor)) {
        return json_integer_value(number) % json_integer_value(divisor) == 0;
    }
    if (!json_is_integer(number) && !isfinite(json_real_value(number))) {
        return false;
    }
    struct decimal a = decimal_of(number);
    struct decimal b = decimal_of(divisor);
    if (a.digits == 0 || b.digits == 0) {
        return a.digits == 0;
    }
    /* With fewer decimal places than the number has, the divisor would have to carry a factor 10
     * that `digits` lacks. */
    return a.exponent >= b.exponent && power_mod(a.digits, a.exponent - b.exponent, b.digits) == 0;
}

size_t number_text(const json_t *number, char out[NUMBER_TEXT_SIZE]) {
    int len = 0;
    if (json_is_integer(number)) {
        len = snprintf(out, NUMBER_TEXT_SIZE, "%" JSON_INTEGER_FORMAT, json_integer_value(number));
    } else {
        for (int precision = 15; precision <= 17; precision++) {
            len = snprintf(out, NUMBER_TEXT_SIZE, "%.*g", precision, json_real_value(number));
            if (strtod(out, NULL) == json_real_value(number)) {
                break;
            }
        }
    }
    return len < 0 ? 0 : (size_t)len;
}

uint64_t number_hash(const json_t *number, uint64_t seed) {
    double real = json_is_integer(number) ? (double)json_integer_value(number)
                                          : json_real_value(number);
    uint64_t bits = 0;
    real = real == 0 ? 0 : real; /* -0 equals 0 */
    memcpy(&bits, &real, sizeof bits);
    return (bits ^ seed) * 0x9E3779B97F4A7C15U;
}
