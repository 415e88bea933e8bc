/* One HTTP/1.1 server of one worker: takes requests, hands each to the application, sends its
 * answer.
 *
 * What reaches the application is already sane: framing, Host, header names, request target and
 * sizes have been checked (anything else was answered with a problem document or, where the message
 * cannot be framed, by closing). Thread: the loop's own, throughout.
 */
#ifndef SEGRETERIA_HTTP_SERVER_H
#define SEGRETERIA_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "segreteria/contract/contract.h"
#include "segreteria/core/arena.h"
#include "segreteria/core/status.h"
#include "segreteria/core/str.h"
#include "segreteria/http/address.h"
#include "segreteria/http/metrics.h"
#include "segreteria/worker/loop.h"

struct http_server;
struct http_request;

/* Milliseconds and bytes; http_limits_default gives the documented values. */
struct http_limits {
    unsigned connections_max;     /* of this worker */
    unsigned idle_timeout_ms;     /* keep-alive */
    unsigned evict_idle_ms;       /* one that has been idle for less makes room for nobody */
    unsigned head_deadline_ms;    /* first byte to end of the head */
    unsigned body_deadline_ms;    /* for a whole buffered body */
    unsigned body_min_rate;       /* bytes a second a streamed body must keep, averaged over 30 s */
    unsigned answer_deadline_ms;  /* for the client to take the answer */
    unsigned request_deadline_ms; /* for the application to answer; then 503 */
    size_t head_max;              /* bytes of request line and headers: 431 */
    size_t target_max;            /* bytes of the request target: 414 */
    size_t arena_max;             /* memory of one request besides its body */
    size_t bodies_max;            /* memory of all buffered bodies above 16 KiB; then 503 to the
                                     one that has been under way longest */
};
struct http_limits http_limits_default(void);

/* The application's side. Each callback is on the loop's thread. */
struct http_application {
    void *context;
    /* The head is here. Answer now or later with http_reply_send, or take the body with
     * http_request_read_body / http_request_stream_body (now or later: until one of these is called
     * the connection waits). */
    void (*on_head)(void *context, struct http_request *request);
    /* The whole body is here ("" when there is none), after http_request_read_body. Borrowed until
     * the request ends. */
    void (*on_body)(void *context, struct http_request *request, struct str body);
    /* After http_request_stream_body: a piece of the body. Returns how many bytes it took; fewer
     * than len pauses reading until http_request_resume_body. `last`: the body is complete (len is
     * 0). */
    size_t (*on_chunk)(void *context, struct http_request *request, struct str chunk, bool last);
    /* No answer is wanted any more: the client went away, its body was too large or too slow (413
     * or 408 was sent), or a deadline passed (503 was sent). Forget the request; it is freed soon
     * after. Not called once http_reply_send was. */
    void (*on_abandoned)(void *context, struct http_request *request);
};

struct http_server_options {
    struct loop *loop;
    int listen_fd; /* bound, listening, non-blocking; with SO_REUSEPORT one per worker. Owned by the
                      caller. */
    struct http_limits limits;
    const struct contract *contract; /* problem catalogue */
    const struct http_application *application;
    const struct str *cors_origins; /* origins allowed beside public GETs */
    size_t cors_origins_count;
    const struct http_network *trusted_proxies; /* peers whose Forwarded or X-Forwarded-For is
                                                   believed; may be empty */
    size_t trusted_proxies_count;
    bool access_log;
    struct http_metrics *metrics; /* what to count in; NULL: nothing. The caller's, longer than the
                                     server */
};

NODISCARD enum status http_server_create(const struct http_server_options *options,
                                         struct http_server **out);
/* Stops accepting; running requests go on, their answers carry Connection: close. */
void http_server_drain(struct http_server *server);
size_t http_server_active(const struct http_server *server); /* requests not yet fully answered */
size_t http_server_connections(const struct http_server *server);
/* Answers 503 to what still waits, then closes. Must be drained. */
void http_server_destroy(struct http_server *server);

#endif
