/* MHD's callbacks: a request's way from its request line to its end. MHD calls the access handler a
 * first time with the head, then with each piece of the body, then a final time; an answer can be
 * queued in the first (which closes the connection when a body was announced) and in the final call
 * only.
 */
#include "guard.h"
#include "internal.h"

static const struct http_application *application(const struct http_request *request) {
    return request->server->application;
}

/* Of each part of the query libmicrohttpd makes an argument, which nobody asks it for, in the
 * connection's small memory: a thousand are too many for that, and its answer would name none of
 * them. There is no option against it. It promises to call us before the target is parsed; the
 * bytes are its connection's, and copied by then. Of a query without '&' it makes one argument.
 * decisions/0011 */
static void make_one_argument(const char *uri) {
    for (char *c = strchr(uri, '?'); c != NULL; c = strchr(c, '&'))
        if (*c == '&')
            *c = '=';
        else
            c++;
}

void *handler_uri(void *cls, const char *uri, struct MHD_Connection *mhd) {
    (void)cls;
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    struct http_connection *connection = info == NULL ? NULL : info->socket_context;
    if (connection == NULL)
        return NULL;
    connection_deadline(connection, PHASE_HEAD, connection->server->limits.head_deadline_ms);
    struct http_request *request = request_create(connection, uri);
    make_one_argument(uri);
    return request;
}

/* ---- lists of what MHD must be told ---- */

static void park(struct http_request *request) {
    if (request->link == NULL)
        request_link(&request->server->parked, request);
}

void request_suspend(struct http_request *request) {
    MHD_suspend_connection(request->connection->mhd);
    request->suspended = true;
}

void request_wake(struct http_request *request) {
    if (request->suspended && request->link == NULL)
        request_link(&request->server->resuming, request);
}

void request_abandon(struct http_request *request) {
    bool known = request->state >= REQUEST_DECIDING && request->state <= REQUEST_WAITING;
    if (known && !request->refused) {
        request->state = REQUEST_WAITING;
        application(request)->on_abandoned(application(request)->context, request);
    }
    request->refused = true; /* the application has forgotten it */
}

/* ---- the head ---- */

static bool is_sane_id(struct str id) {
    if (id.len == 0 || id.len > 64)
        return false;
    for (size_t i = 0; i < id.len; i++) {
        char c = id.ptr[i];
        bool alnum = (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
        if (!alnum && c != '.' && c != '_' && c != '-')
            return false;
    }
    return true;
}

static void read_body_size(struct http_request *request) {
    struct str length = request->headers.first[HEADER_CONTENT_LENGTH];
    if (!str_is_none(request->headers.first[HEADER_TRANSFER_ENCODING]))
        request->content_length = UINT64_MAX;
    else if (!str_is_none(length) &&
             str_to_u64(length, UINT64_MAX - 1, &request->content_length) != STATUS_OK)
        request->content_length = UINT64_MAX - 1; /* MHD has refused what is larger */
    request->has_body = request->content_length > 0;
}

static size_t head_size(const struct http_request *request) {
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(
        request->connection->mhd, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);
    return info == NULL ? 0 : info->header_size;
}

/* OPTIONS * asks about the server as a whole (RFC 9110 section 9.3.7). */
static void answer_asterisk(struct http_request *request) {
    struct http_reply reply = {.status = 204};
    http_reply_header(&reply, STR("Allow"), STR(HTTP_METHODS));
    request->refused = true; /* no business of the application's */
    http_reply_send(request, &reply);
}

static void check_head(struct http_request *request, const char *method, const char *version) {
    const struct http_limits *limits = &request->server->limits;
    unsigned fields;
    bool sound = request_read_fields(request, &fields);
    struct guard_head head = {
        .method = str_of(method),
        .target = request->target,
        .version = str_of(version),
        .headers = &request->headers,
        .bad_field = !sound,
        .fields = fields,
        .head_len = head_size(request),
        .head_max = limits->head_max,
        .target_max = limits->target_max,
        .fields_max = FIELDS_MAX,
        .memory_max = CONNECTION_MEMORY - ANSWER_MEMORY,
    };
    request->method = http_method_parse(head.method);
    request->http_1_0 = str_eq(head.version, STR("HTTP/1.0"));
    struct str id = request->headers.first[HEADER_X_REQUEST_ID];
    if (is_sane_id(id)) {
        memcpy(request->id, id.ptr, id.len);
        request->id[id.len] = '\0';
        request->id_len = id.len;
    }
    struct guard_verdict verdict = guard_check(&head);
    read_body_size(request);
    request->path = verdict.path;
    request->query = verdict.query;
    request->state = REQUEST_CHECKED;
    if (verdict.code == NULL && str_eq(request->path, STR("*"))) {
        answer_asterisk(request);
    } else if (verdict.code != NULL) {
        request->refused = true;
        request->connection->dirty = true;
        problem_refuse(request, verdict.code, verdict.header, verdict.violation);
    }
}

/* From here on the application has its time; what the client took to send is not part of it. */
static void begin_application(struct http_request *request) {
    unsigned allowed_ms = request->server->limits.request_deadline_ms;
    request->deadline_ms = loop_now_ms(request->server->loop) + allowed_ms;
    connection_deadline(request->connection, PHASE_APPLICATION, allowed_ms);
}

static void tell_head(struct http_request *request) {
    request->state = REQUEST_DECIDING;
    begin_application(request);
    application(request)->on_head(application(request)->context, request);
}

/* ---- the first call ---- */

/* The answer came before the body was asked for. A small body that is on its way is read and
 * dropped, so that the connection lives on; a client that waits for leave to send it is told the
 * answer instead. */
static bool may_drain(const struct http_request *request) {
    return request->has_body && request->content_length <= DRAIN_MAX && !request->reply.close &&
           !request->http_1_0 && str_is_none(request->headers.first[HEADER_EXPECT]);
}

static void want_body(struct http_request *request) {
    request->body_wanted = true;
    if (request->state == REQUEST_STREAMING)
        connection_deadline(request->connection, PHASE_STREAM, RATE_PERIOD_MS);
    else if (request->has_body)
        connection_deadline(request->connection, PHASE_BODY,
                            request->server->limits.body_deadline_ms);
}

static enum MHD_Result first_call(struct http_request *request) {
    if (request->state == REQUEST_ANSWERED && request->reply.status == 431) {
        /* the head may have left no room for an answer in MHD */
        connection_answer_raw(request->connection, "headers_too_large");
        return MHD_NO;
    }
    if (!request->has_body &&
        !request->reply.close) { /* MHD makes the final call at once: all is done there */
        request->body_wanted = true;
        return MHD_YES;
    }
    if (request->state == REQUEST_CHECKED)
        tell_head(request);
    if (request->state == REQUEST_READING && request->content_length != UINT64_MAX &&
        request->content_length > request->body_limit) {
        request_abandon(request);
        http_problem_simple(request, "payload_too_large");
    }
    switch (request->state) {
    case REQUEST_ANSWERED:
        if (!request->refused && may_drain(request)) {
            want_body(request);
            return MHD_YES;
        }
        request->connection->dirty = true;
        return reply_queue(request) ? MHD_YES : MHD_NO;
    case REQUEST_DECIDING: request_suspend(request); return MHD_YES;
    case REQUEST_READING:
    case REQUEST_STREAMING: want_body(request); return MHD_YES;
    default: return MHD_NO;
    }
}

/* ---- the body ---- */

/* MHD takes no answer here: it is written past it, and the connection ends. */
static enum MHD_Result refuse_mid_body(struct http_request *request, const char *code) {
    request_abandon(request);
    connection_answer_raw(request->connection, code);
    request->connection->dirty = true;
    return MHD_NO;
}

/* Gives up the body that has been under way longest: a client that waits must not keep out those
 * that send. */
static bool give_up_oldest(const struct http_request *request) {
    struct http_server *server = request->server;
    struct http_request *oldest = NULL;
    for (struct http_connection *c = server->newest; c != NULL; c = c->older)
        if (c->request != NULL && c->request->state == REQUEST_READING &&
            c->request->body_held > 0 &&
            (oldest == NULL || c->request->started_us < oldest->started_us))
            oldest = c->request;
    if (oldest == NULL || oldest == request)
        return false;
    request_abandon(oldest);
    connection_answer_raw(oldest->connection, "overloaded");
    connection_shutdown(oldest->connection);
    server->bodies_held -= oldest->body_held;
    oldest->body_held = 0;
    buf_deinit(&oldest->body);
    return true;
}

/* Thousands of clients that each send most of a large body and then wait would take all memory
 * there is. Small bodies are never refused for it. */
static bool hold_body(struct http_request *request) {
    struct http_server *server = request->server;
    size_t held = request->body.capacity > BODY_KEEP ? request->body.capacity : 0;
    server->bodies_held = server->bodies_held - request->body_held + held;
    request->body_held = held;
    while (held > 0 && server->bodies_held > server->limits.bodies_max)
        if (!give_up_oldest(request))
            return false;
    return true;
}

static enum MHD_Result gather(struct http_request *request, const char *upload,
                              size_t *upload_len) {
    request->body_seen += *upload_len;
    if (request->body_seen > request->body_limit)
        return refuse_mid_body(request, "payload_too_large");
    buf_append(&request->body, str_from(upload, *upload_len));
    *upload_len = 0;
    return buf_status(&request->body) == STATUS_OK && hold_body(request)
               ? MHD_YES
               : refuse_mid_body(request, "overloaded");
}

static enum MHD_Result stream(struct http_request *request, const char *upload,
                              size_t *upload_len) {
    size_t offered = *upload_len;
    /* What the application does with this piece has its own time: a slow client has used up none of
     * it. */
    request->deadline_ms = loop_now_ms(request->server->loop) +
                           request->server->limits.request_deadline_ms;
    size_t taken = application(request)->on_chunk(application(request)->context, request,
                                                  str_from(upload, offered), false);
    if (request->state != REQUEST_STREAMING)
        taken = offered; /* it was answered: the rest of the body is dropped */
    if (taken > offered)
        taken = offered;
    request->body_seen += taken;
    *upload_len = offered - taken;
    if (taken < offered) {
        request->paused = true;
        request_suspend(request);
    }
    return MHD_YES;
}

/* What still comes after the answer was given, up to a cap. */
static enum MHD_Result drop(struct http_request *request, size_t *upload_len) {
    request->dropped += *upload_len;
    *upload_len = 0;
    if (request->dropped <= DRAIN_MAX)
        return MHD_YES;
    connection_answer_raw(request->connection,
                          "payload_too_large"); /* the answer that was given, in truth */
    request->connection->dirty = true;
    return MHD_NO;
}

static enum MHD_Result take_body(struct http_request *request, const char *upload,
                                 size_t *upload_len) {
    switch (request->state) {
    case REQUEST_READING: return gather(request, upload, upload_len);
    case REQUEST_STREAMING:
        if (request->paused) { /* resumed for another reason: the application has no room yet */
            request_suspend(request);
            return MHD_YES;
        }
        return stream(request, upload, upload_len);
    case REQUEST_ANSWERED: return drop(request, upload_len);
    default: return MHD_NO;
    }
}

/* ---- the final call ---- */

static enum MHD_Result final_call(struct http_request *request) {
    const struct http_application *app = application(request);
    request->body_complete = true;
    for (;;) {
        switch (request->state) {
        case REQUEST_CHECKED: tell_head(request); continue;
        case REQUEST_READING:
            request->state = REQUEST_WAITING;
            begin_application(request);
            app->on_body(app->context, request,
                         request->body.len > 0 ? buf_str(&request->body) : STR(""));
            continue;
        case REQUEST_STREAMING:
            request->state = REQUEST_WAITING;
            begin_application(request);
            (void)app->on_chunk(app->context, request, STR(""), true);
            continue;
        case REQUEST_ANSWERED: return reply_queue(request) ? MHD_YES : MHD_NO;
        case REQUEST_DECIDING:
        case REQUEST_WAITING: park(request); return MHD_YES;
        default: return MHD_NO;
        }
    }
}

enum MHD_Result handler_access(void *cls, struct MHD_Connection *mhd, const char *url,
                               const char *method, const char *version, const char *upload,
                               size_t *upload_len, void **context) {
    (void)cls;
    (void)mhd;
    (void)url; /* decoded in place by MHD; the raw target was kept */
    struct http_request *request = *context;
    if (request == NULL)
        return MHD_NO; /* no memory for a request: close */
    request->in_handler = true;
    if (request->state == REQUEST_HEAD)
        check_head(request, method, version);
    enum MHD_Result result;
    if (*upload_len > 0)
        result = take_body(request, upload, upload_len);
    else if (!request->body_wanted)
        result = first_call(request);
    else
        result = final_call(request);
    request->in_handler = false;
    return result;
}

void handler_completed(void *cls, struct MHD_Connection *mhd, void **context,
                       enum MHD_RequestTerminationCode code) {
    (void)cls;
    struct http_request *request = *context;
    if (request == NULL)
        return;
    *context = NULL;
    struct http_connection *connection = request->connection;
    bool complete = code == MHD_REQUEST_TERMINATED_COMPLETED_OK;
    if (!complete || (request->has_body && !request->body_complete))
        connection->dirty = true;
    request_abandon(request);
    source_over(request);
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd,
                                                                   MHD_CONNECTION_INFO_HTTP_STATUS);
    if (request->reply.status == 0 && info != NULL)
        request->reply.status = (int)info->http_status; /* a refusal of MHD's own */
    uint64_t duration_us = clock_monotonic_us() - request->started_us;
    access_log_line(request, duration_us, !complete);
    metrics_request(request, duration_us, !complete);
    request_finish(request);
    connection_idle(connection);
}

/* ---- what the application asks for ---- */

void http_request_read_body(struct http_request *request, uint64_t limit) {
    if (request->state != REQUEST_DECIDING)
        return;
    request->state = REQUEST_READING;
    request->body_limit = limit;
    request->body.max = limit > SIZE_MAX / 2 ? SIZE_MAX / 2 : (size_t)limit;
    request_wake(request);
}

void http_request_stream_body(struct http_request *request) {
    if (request->state != REQUEST_DECIDING)
        return;
    request->state = REQUEST_STREAMING;
    request_wake(request);
}

void http_request_resume_body(struct http_request *request) {
    if (!request->paused)
        return;
    request->paused = false;
    request_wake(request);
}
