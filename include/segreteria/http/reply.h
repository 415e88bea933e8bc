/* Answers. Everything HTTP asks of an answer is done here once for all operations: ETag and
 * conditional requests (RFC 9110 section 13), HEAD, compression with Vary, Cache-Control, CORS,
 * security headers, X-Request-Id, Content-Language.
 */
#ifndef SEGRETERIA_HTTP_REPLY_H
#define SEGRETERIA_HTTP_REPLY_H

#include <jansson.h>

#include "segreteria/contract/contract.h"
#include "segreteria/core/status.h"
#include "segreteria/core/str.h"
#include "segreteria/http/request.h"

#define HTTP_REPLY_PARTS_MAX 6
#define HTTP_REPLY_HEADERS_MAX 12

/* A body that is made while it is sent, of any length, at constant memory: bytes are asked for when
 * the client has taken what was given before. Embedded in its owner, which lives until on_over.
 * Sent with its length if that is known, otherwise chunked (HTTP/1.0: up to the close); without an
 * entity tag but the reply's own, not compressed. */
struct http_source {
    uint64_t length; /* bytes in all, exactly; 0: not known */
    /* Bytes are wanted: http_source_give, http_source_end or http_source_fail, from within or
     * later. Not called again before what was given has been taken. */
    void (*on_wanted)(struct http_source *source);
    /* All is sent, or nobody takes it any more: nothing may be given from here on. Once. */
    void (*on_over)(struct http_source *source);
    /* private to the http room */
    struct http_request *request;
    struct str piece;
    void (*release)(void *owner);
    void *owner;
    enum { SOURCE_GIVING, SOURCE_ENDED, SOURCE_FAILED } state;
    bool asked;
};
/* A piece of the body, at least one byte, borrowed until `release` is called (once; may be NULL).
 * Only when asked. */
void http_source_give(struct http_source *source, struct str piece, void (*release)(void *owner),
                      void *owner);
void http_source_end(struct http_source *source);
/* The rest cannot be made: the connection is cut, so that the client sees it. */
void http_source_fail(struct http_source *source);

/* What is worked out of an answer that is sent again and again: its entity tag and its compressed
 * forms. Beside the bytes, in the same hands; zero-initialise it. */
struct http_kept {
    char etag[24];
    struct {
        char *bytes;
        size_t len;
        bool tried;
    } coded[3];
};
void http_kept_clear(struct http_kept *kept);

struct http_reply {
    int status;
    const char *content_type; /* static; NULL: application/json where there is a body */
    /* The body is these parts in order, sent without a copy where it is not compressed. They are
     * borrowed from the request's arena, static memory or `owner`. */
    struct str parts[HTTP_REPLY_PARTS_MAX];
    size_t parts_count;
    int body_fd; /* > 0: the body is this file from offset 0, closed when sent; parts must be empty
                  */
    struct http_source *source; /* the body is what this gives; parts must be empty, body_fd 0 */
    void (*release)(
        void *owner); /* called once when the bytes are not needed any more; may be NULL */
    void *owner;
    struct str etag; /* opaque tag without quotes and without a coding suffix; STR_NONE: on a GET
                        answered 200 one is made from the bytes; STR(""): none */
    struct {
        struct str name, value;
    } headers[HTTP_REPLY_HEADERS_MAX]; /* further fields (Location, Link, Allow...) */
    size_t headers_count;
    bool no_store; /* overrides the operation's cache policy (an answer that depends on the caller)
                    */
    bool close;    /* Connection: close */
    /* The operation gives this very answer every time (a health check): status, fields and one part
     * in static memory. It gets no entity tag, is not compressed, and is kept made up, which saves
     * a quarter of the server's own work. */
    bool constant;
    /* The one part is static memory that never changes (an embedded file): its entity tag and its
     * compressed forms are made once and kept. */
    bool fixed;
    struct http_kept *kept; /* of the parts' bytes; lives until `release`; may be NULL */
    /* Holds a secret beside what the client sent: it is not compressed, so that its length does not
     * tell how alike the two are (BREACH). */
    bool secret;
};

void http_reply_header(struct http_reply *reply, struct str name,
                       struct str value); /* beyond the maximum: dropped, logged */

/* Sends the answer of a request that has none yet; on_abandoned will not be called any more. May be
 * called from any callback on the worker's thread. The reply struct is copied; `release` is taken
 * over whatever happens. When an answer with a `source` has begun, this one cannot be sent any
 * more, and that one is cut off. */
void http_reply_send(struct http_request *request, const struct http_reply *reply);

/* application/problem+json (RFC 9457) from the catalogue, in the request's language. */
struct http_problem {
    const char *code;  /* catalogue code; an unknown one becomes internal_error (logged) */
    struct str detail; /* replaces the catalogue's; STR_NONE: keep */
    const struct violations *body_violations; /* "pointer" entries; NULL: none */
    const struct parameter_violation
        *parameter_violations; /* "parameter"/"header" entries; NULL: none */
    struct str members; /* further members: the text of a JSON object ({"application_id": "..."}),
                           merged; "errors" in it are appended to the list, their missing "detail"
                           filled from the violation texts */
    struct {
        struct str name, value;
    } headers[4]; /* Retry-After, WWW-Authenticate, Allow ... */
    size_t headers_count;
    bool close;
};
void http_problem_send(struct http_request *request, const struct http_problem *problem);
void http_problem_simple(struct http_request *request, const char *code);
/* The problem document as JSON text without sending it, for a line of a batch. Appended to out. */
void http_problem_format(const struct contract *contract, enum lang lang,
                         const struct http_problem *problem, struct str instance, struct buf *out);

/* True if `Accept` (absent: anything) allows the media type; quality and wildcards per RFC 9110
 * section 12.5.1. The index of the best of `types`, or -1. */
int http_negotiate_type(struct str accept, const struct str *types, size_t count);

#endif
