/* A reply with everything HTTP asks of it worked out: status, fields and bytes as they go out. */
#ifndef SEGRETERIA_HTTP_ANSWER_H
#define SEGRETERIA_HTTP_ANSWER_H

#include "internal.h"

#define ANSWER_FIELDS_MAX 32

struct answer {
    unsigned status;
    bool close;
    struct str parts[HTTP_REPLY_PARTS_MAX]; /* the content; for HEAD what GET would send */
    size_t parts_count;
    size_t len;
    struct field {
        const char *name, *value; /* NUL-terminated; in static memory or the request's arena */
    } fields[ANSWER_FIELDS_MAX];
    size_t fields_count;
};

/* From request->reply. May turn it into 304 or 406, and may store compressed bytes in the request.
 */
void answer_build(struct http_request *request, struct answer *answer);

/* The whole message as text, for sending past MHD. */
void answer_write(struct http_request *request, struct buf *out);

bool answer_add_fields(const struct answer *answer, struct MHD_Response *response);
void answer_field(struct answer *answer, const char *name, const char *value);

/* fixed.c: what is kept of a reply that says its content is fixed; NULL: nothing, work it out. */
struct fixed_content;
struct fixed_content *fixed_find(struct http_server *server, struct str bytes);
struct str fixed_tag(const struct fixed_content *content);
struct str fixed_coded(struct http_server *server, struct fixed_content *content,
                       enum coding coding);

/* cors.c: Access-Control-* (Fetch standard, section 3.2). True: the answer depends on Origin. */
bool cors_fields(struct http_request *request, struct answer *answer);

#endif
