/* Text level of the strict JSON parser: strings and numbers. Shared by the body parser and the
 * parameters, which speak the same grammar of numbers.
 */
#ifndef SEGRETERIA_CONTRACT_JSON_SCAN_H
#define SEGRETERIA_CONTRACT_JSON_SCAN_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "segreteria/core/str.h"

/* Longest number: an exact double needs 25 characters; a client with more than this means something
 * no double holds. */
#define JSON_NUMBER_MAX 64
#define JSON_INTEGER_MAX 9007199254740992 /* 2^53 */

/* Length of the RFC 8259 number that `text` begins with; 0: none. *integral: it has neither
 * fraction nor exponent. */
size_t json_number_scan(struct str text, bool *integral);

/* The number `text` (all of it, as scanned). *in_range is false when neither an integer up to 2^53
 * nor a double can hold it. NULL then, or when memory ran out. */
json_t *json_number_make(struct str text, bool integral, bool *in_range);

enum json_string_fault { JSON_STRING_OK, JSON_STRING_NUL = 1, JSON_STRING_SURROGATE = 2 };

/* Undoes the escapes of `raw` (between the quotes) into out, which has room for raw.len bytes.
 * False: an escape is malformed, *bad is its offset. NUL and lone surrogates become U+FFFD and are
 * told in *faults (bits of json_string_fault). */
bool json_string_unescape(struct str raw, char *out, size_t *out_len, unsigned *faults,
                          size_t *bad);

#endif
