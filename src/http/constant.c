/* Answers that are always the same but for Date and X-Request-Id. MHD's response object is kept and
 * only these two fields are exchanged: MHD writes the head into the connection's buffer before it
 * calls for anything else, so a response that is still being sent elsewhere does not mind. */
#include <stdlib.h>

#include "answer.h"

struct constant_answer {
    struct MHD_Response *response;
    const char *body; /* which one it is */
    int64_t date_second;
    char id[sizeof((struct http_request *)NULL)->id];
};

struct constant_answer *constants_create(size_t operations) {
    return calloc(operations + 1, sizeof(struct constant_answer));
}

static void forget(struct constant_answer *constant) {
    if (constant->response != NULL)
        MHD_destroy_response(constant->response);
    constant->response = NULL;
}

void constants_free(struct http_server *server) {
    size_t count = contract_operations_count(server->contract);
    for (size_t i = 0; server->constants != NULL && i < count; i++)
        forget(&server->constants[i]);
    free(server->constants);
}

static void remember(struct constant_answer *constant, const struct http_request *request) {
    memcpy(constant->id, request->id, sizeof constant->id);
    constant->date_second = request->server->date_second;
}

static bool make(struct http_request *request, struct constant_answer *constant) {
    struct answer answer;
    forget(constant);
    answer_build(request, &answer);
    if (answer.parts_count != 1)
        return false;
    constant->body = request->reply.parts[0].ptr;
    constant->response = MHD_create_response_from_buffer_static(answer.len, answer.parts[0].ptr);
    if (constant->response == NULL || !answer_add_fields(&answer, constant->response)) {
        forget(constant);
        return false;
    }
    remember(constant, request);
    return true;
}

static bool refresh(struct http_request *request, struct constant_answer *constant) {
    struct http_server *server = request->server;
    const char *date = server_date(server);
    bool sound = true;
    if (constant->date_second != server->date_second) /* replaces the one that is there */
        sound = MHD_add_response_header(constant->response, "Date", date) == MHD_YES;
    sound = sound &&
            MHD_del_response_header(constant->response, "X-Request-Id", constant->id) == MHD_YES &&
            MHD_add_response_header(constant->response, "X-Request-Id", request->id) == MHD_YES;
    if (sound)
        remember(constant, request);
    else
        forget(constant);
    return sound;
}

/* Nothing about the request may ask for another form of the answer. */
static bool is_plain(const struct http_request *request) {
    const struct http_reply *reply = &request->reply;
    return request->operation != NULL && reply->parts_count == 1 && reply->headers_count == 0 &&
           request->fields_count == 0 && !reply->close && !request->http_1_0 &&
           !request->server->draining && request->headers.count[HEADER_ORIGIN] == 0 &&
           request->headers.count[HEADER_ACCEPT_ENCODING] == 0;
}

bool constant_queue(struct http_request *request) {
    if (!is_plain(request))
        return false;
    struct constant_answer *constant = &request->server->constants[request->operation->index];
    bool ready = constant->response != NULL && constant->body == request->reply.parts[0].ptr
                     ? refresh(request, constant)
                     : make(request, constant);
    return ready && MHD_queue_response(request->connection->mhd, (unsigned)request->reply.status,
                                       constant->response) == MHD_YES;
}
