/* A body that is made while it is sent: MHD asks for bytes as the client takes them, and the
 * connection is suspended while the application makes the next piece. That is the whole of the
 * back-pressure: nothing is made that was not asked for, and one piece at most is held.
 */
#include "internal.h"

/* What MHD gets at a time: it goes through the connection's own memory. */
#define BLOCK_BYTES ((size_t)4 * 1024)

static void drop_piece(struct http_source *source) {
    if (source->release != NULL)
        source->release(source->owner);
    source->release = NULL;
    source->piece = STR_NONE;
}

static void wake(struct http_source *source) {
    source->asked = false;
    if (source->request != NULL)
        request_wake(source->request);
}

void http_source_give(struct http_source *source, struct str piece, void (*release)(void *owner),
                      void *owner) {
    if (source->request == NULL || !source->asked || source->state != SOURCE_GIVING) {
        if (release != NULL) /* over already */
            release(owner);
        return;
    }
    source->piece = piece;
    source->release = release;
    source->owner = owner;
    wake(source);
}

void http_source_end(struct http_source *source) {
    if (source->state == SOURCE_GIVING)
        source->state = SOURCE_ENDED;
    wake(source);
}

void http_source_fail(struct http_source *source) {
    source->state = SOURCE_FAILED;
    wake(source);
}

static void ask(struct http_source *source) {
    struct http_connection *connection = source->request->connection;
    if (source->asked)
        return;
    source->asked = true;
    /* Each piece is due as a whole answer is: what the client took before has had its own time. */
    source->request->deadline_ms = loop_now_ms(connection->server->loop) +
                                   connection->server->limits.request_deadline_ms;
    connection_deadline(connection, PHASE_SOURCE, connection->server->limits.request_deadline_ms);
    source->on_wanted(source);
}

/* MHD_ContentReaderCallback. 0 only while suspended. */
static ssize_t read_source(void *context, uint64_t position, char *out, size_t max) {
    struct http_request *request = context;
    struct http_source *source = request->reply.source;
    (void)position;
    if (source->state == SOURCE_GIVING && source->piece.len == 0) {
        drop_piece(source);
        ask(source);
    }
    if (source->state == SOURCE_FAILED)
        return MHD_CONTENT_READER_END_WITH_ERROR;
    if (source->piece.len == 0) {
        if (source->state == SOURCE_ENDED)
            return MHD_CONTENT_READER_END_OF_STREAM;
        request_suspend(request);
        return 0;
    }
    /* The client has its time for each piece. */
    struct http_connection *connection = request->connection;
    if (connection->phase == PHASE_SOURCE)
        connection_deadline(connection, PHASE_ANSWER,
                            connection->server->limits.answer_deadline_ms);
    size_t n = source->piece.len < max ? source->piece.len : max;
    memcpy(out, source->piece.ptr, n);
    source->piece = str_from(source->piece.ptr + n, source->piece.len - n);
    request->sent_bytes += n;
    return (ssize_t)n;
}

struct MHD_Response *source_response(struct http_request *request) {
    request->reply.source->request = request;
    uint64_t length = request->reply.source->length;
    return MHD_create_response_from_callback(length == 0 ? MHD_SIZE_UNKNOWN : length, BLOCK_BYTES,
                                             read_source, request, NULL);
}

void source_over(struct http_request *request) {
    struct http_source *source = request->reply.source;
    if (source == NULL)
        return;
    request->reply.source = NULL;
    source->request = NULL;
    drop_piece(source);
    source->on_over(source);
}
