/* Entity tags (RFC 9110 section 8.8.3). A representation in another coding is another
 * representation, so its tag carries the coding as a suffix: "abc" and "abc-gzip". */
#ifndef SEGRETERIA_HTTP_ETAG_H
#define SEGRETERIA_HTTP_ETAG_H

#include <stdbool.h>

#include "negotiate.h"
#include "segreteria/core/str.h"

#define ETAG_OPAQUE_SIZE 23 /* 128 bits in base64url and a NUL */

/* A tag for bytes: SipHash-2-4-128 of parts, one after the other. Not a defence against forgers:
 * only content the server sends itself is hashed. */
void etag_of(const unsigned char key[16], const struct str *parts, size_t count,
             char out[ETAG_OPAQUE_SIZE]);

/* The field value: quoted, with the coding's suffix. Returns its length, 0 if it does not fit. */
size_t etag_format(struct str opaque, enum coding coding, char *out, size_t size);

/* Whether an If-None-Match list ("*", W/"a", "b") names the tag (a field value as etag_format makes
 * it), by weak comparison. */
bool etag_list_matches(struct str list, struct str tag);

#endif
