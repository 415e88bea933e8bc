/* The request header fields this room or the application looks at, by number, so that a request's
 * fields are walked once.
 */
#ifndef SEGRETERIA_HTTP_HEADERS_H
#define SEGRETERIA_HTTP_HEADERS_H

#include <stdbool.h>
#include <stdint.h>

#include "segreteria/core/str.h"

enum header {
    HEADER_ACCEPT,
    HEADER_ACCEPT_ENCODING,
    HEADER_ACCEPT_LANGUAGE,
    HEADER_CORS_HEADERS, /* Access-Control-Request-Headers */
    HEADER_CORS_METHOD,  /* Access-Control-Request-Method */
    HEADER_AUTHORIZATION,
    HEADER_CONNECTION,
    HEADER_CONTENT_ENCODING,
    HEADER_CONTENT_LENGTH,
    HEADER_CONTENT_TYPE,
    HEADER_EXPECT,
    HEADER_FORWARDED,
    HEADER_HOST,
    HEADER_IDEMPOTENCY_KEY,
    HEADER_IF_MATCH,
    HEADER_IF_MODIFIED_SINCE,
    HEADER_IF_NONE_MATCH,
    HEADER_IF_RANGE,
    HEADER_IF_UNMODIFIED_SINCE,
    HEADER_ORIGIN,
    HEADER_PREFER,
    HEADER_RANGE,
    HEADER_TRACEPARENT,
    HEADER_TRANSFER_ENCODING,
    HEADER_X_FORWARDED_FOR,
    HEADER_X_REQUEST_ID,
    HEADER_COUNT,
    HEADER_OTHER = HEADER_COUNT
};

struct header_values {
    struct str first[HEADER_COUNT]; /* STR_NONE: absent */
    uint8_t count[HEADER_COUNT];    /* how often it was sent; stays at 255 */
};

enum header header_find(struct str name); /* in any case; HEADER_OTHER when it is none of them */
struct str header_name(enum header header);
/* A field that may stand in a request only once, because two could be read in two ways. */
bool header_is_single(enum header header);

bool is_token(struct str s);       /* RFC 9110 section 5.6.2; not empty */
bool is_field_value(struct str s); /* no control characters except HTAB */

#endif
