/* What is refused before the application hears of it: messages whose framing, target or fields
 * could be read in two ways (RFC 9112 sections 2 to 6, RFC 9110 section 5). Pure functions of the
 * head.
 */
#ifndef SEGRETERIA_HTTP_GUARD_H
#define SEGRETERIA_HTTP_GUARD_H

#include "headers.h"
#include "segreteria/core/str.h"

struct guard_head {
    struct str method;
    struct str target;  /* as sent */
    struct str version; /* "HTTP/1.1" */
    const struct header_values *headers;
    bool bad_field;  /* a name that is no token or a value with control characters was seen */
    unsigned fields; /* number of header fields */
    size_t head_len; /* bytes of request line and fields */
    size_t head_max, target_max;
    unsigned fields_max;
    size_t memory_max; /* what the head may take in libmicrohttpd, its lists included */
};

struct guard_verdict {
    const char *code;  /* NULL: nothing against it; otherwise the problem code. The connection must
                          be closed */
    struct str header; /* the field that is to blame, or STR_NONE */
    const char *violation; /* its violation code */
    struct str path;       /* of an accepted message: target without scheme, authority and query */
    struct str query;      /* STR_NONE: none */
};

struct guard_verdict guard_check(const struct guard_head *head);

/* uri-host [":" port] (RFC 9110 section 7.2); not empty, at most 255 bytes. */
bool guard_is_authority(struct str s);

#endif
