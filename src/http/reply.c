/* Taking an answer from the application, and handing it to MHD when MHD is ready for it. */
#include <sys/stat.h>
#include <unistd.h>

#include "answer.h"
#include "segreteria/core/log.h"

void http_reply_header(struct http_reply *reply, struct str name, struct str value) {
    if (reply->headers_count == HTTP_REPLY_HEADERS_MAX) {
        log_error("reply_headers_full", "name=%.*s", STR_FMT(name));
        return;
    }
    reply->headers[reply->headers_count].name = name;
    reply->headers[reply->headers_count].value = value;
    reply->headers_count++;
}

bool reply_has(const struct http_reply *reply, struct str name) {
    for (size_t i = 0; i < reply->headers_count; i++)
        if (str_eq_nocase(reply->headers[i].name, name))
            return true;
    return false;
}

void http_reply_send(struct http_request *request, const struct http_reply *reply) {
    if (request->state >= REQUEST_ANSWERED) {
        if (request->reply.source != NULL) /* an answer that has begun can only be cut off */
            http_source_fail(request->reply.source);
        else
            log_error("answered_twice", "request_id=%s status=%d", request->id, reply->status);
        if (reply->release != NULL)
            reply->release(reply->owner);
        if (reply->body_fd > 0)
            (void)close(reply->body_fd);
        if (reply->source != NULL)
            reply->source->on_over(reply->source);
        return;
    }
    bool body_under_way = request->body_wanted && request->has_body && !request->body_complete;
    request->reply = *reply;
    request->state = REQUEST_ANSWERED;
    request->paused = false;
    if (body_under_way)
        connection_deadline(request->connection, PHASE_BODY,
                            request->server->limits.body_deadline_ms);
    request_wake(request);
}

bool answer_add_fields(const struct answer *answer, struct MHD_Response *response) {
    bool sound = true;
    for (size_t i = 0; i < answer->fields_count && sound; i++)
        sound = MHD_add_response_header(response, answer->fields[i].name,
                                        answer->fields[i].value) == MHD_YES;
    return sound;
}

static struct MHD_Response *response_of_file(struct http_request *request, struct answer *answer) {
    struct stat info;
    int fd = request->reply.body_fd;
    request->reply.body_fd = 0; /* MHD closes it */
    if (fstat(fd, &info) != 0 || info.st_size < 0) {
        log_error("reply_file_unreadable", "request_id=%s", request->id);
        (void)close(fd);
        return NULL;
    }
    answer->len = (size_t)info.st_size;
    struct MHD_Response *response = MHD_create_response_from_fd64((uint64_t)info.st_size, fd);
    if (response == NULL)
        (void)close(fd);
    return response;
}

static struct MHD_Response *response_of_parts(const struct answer *answer) {
    if (answer->parts_count < 2)
        return MHD_create_response_from_buffer_static(answer->len,
                                                      answer->len > 0 ? answer->parts[0].ptr : "");
    struct MHD_IoVec vectors[HTTP_REPLY_PARTS_MAX];
    for (size_t i = 0; i < answer->parts_count; i++)
        vectors[i] = (struct MHD_IoVec){answer->parts[i].ptr, answer->parts[i].len};
    return MHD_create_response_from_iovec(vectors, (unsigned)answer->parts_count, NULL, NULL);
}

static struct MHD_Response *response_of(struct http_request *request, struct answer *answer) {
    bool is_made = answer->status != 304; /* else there is no body */
    if (is_made && request->reply.source != NULL)
        return source_response(request);
    if (is_made && request->reply.body_fd > 0)
        return response_of_file(request, answer);
    return response_of_parts(answer);
}

static void queued(struct http_request *request, unsigned status, size_t len) {
    request->state = REQUEST_QUEUED;
    request->reply.status = (int)status;
    request->sent_bytes = request->method == HTTP_HEAD ? 0 : len;
    connection_deadline(request->connection, PHASE_ANSWER,
                        request->server->limits.answer_deadline_ms);
}

bool reply_queue(struct http_request *request) {
    struct answer answer;
    if (request->reply.constant && constant_queue(request)) {
        queued(request, (unsigned)request->reply.status, request->reply.parts[0].len);
        return true;
    }
    answer_build(request, &answer);
    struct MHD_Response *response = response_of(request, &answer);
    if (response == NULL)
        return false;
    enum MHD_ResponseFlags flags = MHD_RF_NONE;
    if (answer.close || request->http_1_0 || request->server->draining)
        flags |=
            MHD_RF_HTTP_1_0_COMPATIBLE_STRICT; /* closes the connection afterwards, and says so */
    if (answer.status == 304)
        flags |= MHD_RF_HEAD_ONLY_RESPONSE; /* no "Content-Length: 0", which would be wrong */
    if (flags != MHD_RF_NONE)
        (void)MHD_set_response_options(response, flags, MHD_RO_END);
    bool sound = answer_add_fields(&answer, response) &&
                 MHD_queue_response(request->connection->mhd, answer.status, response) == MHD_YES;
    MHD_destroy_response(response);
    if (!sound) {
        log_error("reply_not_queued", "request_id=%s status=%u", request->id, answer.status);
        return false;
    }
    queued(request, answer.status, answer.len);
    return true;
}
