/* A borrowed piece of text: pointer and length, not NUL-terminated unless said so, possibly holding
 * NUL bytes. Never owns; valid as long as what it points into. ptr may be NULL only if len is 0
 * ("absent").
 */
#ifndef SEGRETERIA_CORE_STR_H
#define SEGRETERIA_CORE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "segreteria/core/status.h"

struct str {
    const char *ptr;
    size_t len;
};

#define STR(literal) ((struct str){(literal), sizeof(literal) - 1})
#define STR_INIT(literal)                                                                          \
    { (literal), sizeof(literal) - 1 } /* the same for objects of static storage */
#define STR_NONE ((struct str){NULL, 0})
#define STR_FMT(s) (int)(s).len, (s).ptr /* for "%.*s"; len must be below INT_MAX */

static inline struct str str_of(const char *text) {
    return text == NULL ? STR_NONE : (struct str){text, strlen(text)};
}

static inline struct str str_from(const char *ptr, size_t len) { return (struct str){ptr, len}; }

static inline bool str_is_none(struct str s) { return s.ptr == NULL; }

static inline bool str_eq(struct str a, struct str b) {
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* ASCII case only, locale-free (RFC 9110 tokens, field names, schemes). */
bool str_eq_nocase(struct str a, struct str b);
bool str_starts_with(struct str s, struct str prefix);
bool str_ends_with(struct str s, struct str suffix);

/* First index of `byte`, or s.len. */
size_t str_find(struct str s, char byte);

/* Without leading and trailing SP and HTAB (RFC 9110 section 5.6.3, OWS). */
struct str str_trim(struct str s);

/* Cuts `rest` at the first `separator`: what stands before it is `*part`, what follows stays in
 * `*rest`. False when `*rest` was absent (STR_NONE): a text with n separators gives n + 1 parts. */
bool str_split(struct str *rest, char separator, struct str *part);

/* The text in `out`, followed by a NUL. False when both do not fit into `size` bytes; out is left
 * as it was. */
bool str_copy(struct str s, char *out, size_t size);

/* Digits only, no sign, no space; INVALID on anything else, TOO_LARGE above max. */
NODISCARD enum status str_to_u64(struct str s, uint64_t max, uint64_t *out);

/* True when the bytes are well-formed UTF-8 (RFC 3629: no overlong forms, no surrogates, at most
 * U+10FFFF). */
bool str_is_utf8(struct str s);

#endif
