/* One request as the application sees it. Thread: the worker's own. Everything returned is borrowed
 * and lives as long as the request. */
#ifndef SEGRETERIA_HTTP_REQUEST_H
#define SEGRETERIA_HTTP_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "segreteria/contract/contract.h"
#include "segreteria/core/arena.h"
#include "segreteria/core/str.h"
#include "segreteria/http/address.h"

struct http_request;

struct arena *http_request_arena(struct http_request *request);
enum http_method http_request_method(const struct http_request *request);
struct str
http_request_path(const struct http_request *request); /* raw, percent-encoded, without the query */
struct str
http_request_query(const struct http_request *request); /* raw, without '?'; STR_NONE: none */
/* Field value, OWS trimmed; the first where several were sent; STR_NONE when absent. Name in any
 * case. */
struct str http_request_header(const struct http_request *request, struct str name);
/* All values of a list-valued field joined with ", " (in the arena; STR_NONE when absent or out of
 * memory). */
struct str http_request_header_list(struct http_request *request, struct str name);
bool http_request_has_body(const struct http_request *request); /* Content-Length > 0 or chunked */
/* UINT64_MAX when chunked (unknown). */
uint64_t http_request_content_length(const struct http_request *request);
struct str http_request_id(const struct http_request *request); /* X-Request-Id, taken or made */
/* The client's address: the peer's, or, where the peer is a trusted proxy, the last one in
 * Forwarded or X-Forwarded-For that is no trusted proxy's. Where what a proxy sent cannot be read
 * (or both fields are there) it is the peer's. */
const struct http_address *http_request_client(const struct http_request *request);
struct str http_request_client_address(const struct http_request *request); /* the same as text */
enum lang http_request_lang(const struct http_request *request); /* from Accept-Language */
/* Loop time by which an answer is due; of a body that streams, by which what its latest piece began
 * is. */
uint64_t http_request_deadline_ms(const struct http_request *request);
/* Whether the client has closed its side, so that the answer would most likely reach nobody. A
 * request that waits for its answer is not told so: who makes it wait for long asks now and then.
 */
bool http_request_client_left(const struct http_request *request);

/* A field of the answer, whatever that will be; both texts live as long as the request. Beyond
 * four: dropped, logged. */
void http_request_add_field(struct http_request *request, const char *name, const char *value);

/* The application's own pointer. */
void http_request_set_context(struct http_request *request, void *context);
void *http_request_context(const struct http_request *request);
/* What the answer's conventions need to know about the operation (cache policy, CORS); may be NULL
 * (no route). */
void http_request_set_operation(struct http_request *request, const struct operation *operation);
const struct operation *http_request_operation(const struct http_request *request);

/* Buffers the body up to limit bytes, then on_body. A larger one is answered 413 by the server (on
 * Content-Length: before a byte is read, and an Expect: 100-continue client sends nothing). */
void http_request_read_body(struct http_request *request, uint64_t limit);
/* Hands the body over as it arrives, any size, through on_chunk. */
void http_request_stream_body(struct http_request *request);
void http_request_resume_body(struct http_request *request);

#endif
