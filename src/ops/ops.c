/* The listener's life and its few resources. */
#include "ops_private.h"

#include <stdlib.h>

#include "segreteria/core/log.h"
#include "segreteria/http/reply.h"
#include "segreteria/http/request.h"
#include "state.h"

#define CONNECTIONS_MAX 64

bool ops_ready(const struct ops *ops) {
    const struct api_shared *shared = ops->options.shared;
    return atomic_load(&shared->ready) == shared->workers && !atomic_load(&shared->draining);
}

/* ---- the resources ---- */

static void answer_livez(struct ops *ops, struct http_request *request) {
    (void)ops;
    struct http_reply reply = {
        .status = 200, .parts = {STR("{\"status\":\"ok\"}")}, .parts_count = 1, .no_store = true};
    http_reply_send(request, &reply);
}

static void answer_readyz(struct ops *ops, struct http_request *request) {
    if (ops_ready(ops))
        answer_livez(ops, request);
    else
        http_problem_simple(request, "unavailable");
}

static void release_text(void *owner) {
    struct buf *text = owner;
    buf_deinit(text);
    free(text);
}

static void answer_metrics(struct ops *ops, struct http_request *request) {
    static const struct str types[] = {{"text/plain", 10}, {"application/openmetrics-text", 28}};
    int type = http_negotiate_type(http_request_header_list(request, STR("Accept")), types, 2);
    struct buf *text = malloc(sizeof *text);
    if (text == NULL || type < 0) {
        free(text);
        http_problem_simple(request, type < 0 ? "not_acceptable" : "overloaded");
        return;
    }
    buf_init(text, OPS_TEXT_MAX);
    collect(ops, type == 1, text);
    if (buf_status(text) != STATUS_OK) {
        release_text(text);
        http_problem_simple(request, "overloaded");
        return;
    }
    struct http_reply reply = {
        .status = 200,
        .content_type = type == 1 ? "application/openmetrics-text; version=1.0.0; charset=utf-8"
                                  : "text/plain; version=0.0.4; charset=utf-8",
        .parts = {buf_str(text)},
        .parts_count = 1,
        .etag = STR(""),
        .no_store = true,
        .release = release_text,
        .owner = text};
    http_reply_send(request, &reply);
}

static const struct {
    const char *path;
    void (*answer)(struct ops *ops, struct http_request *request);
} resources[] = {{"/livez", answer_livez},
                 {"/readyz", answer_readyz},
                 {"/metrics", answer_metrics},
                 {"/search/state", answer_search_state}};

static void refuse_method(struct http_request *request) {
    struct http_problem problem = {.code = "method_not_allowed", .headers_count = 1};
    problem.headers[0].name = STR("Allow");
    problem.headers[0].value = STR("GET, HEAD");
    http_problem_send(request, &problem);
}

static void on_head(void *context, struct http_request *request) {
    struct ops *ops = context;
    enum http_method method = http_request_method(request);
    for (size_t i = 0; i < sizeof resources / sizeof resources[0]; i++) {
        if (!str_eq(http_request_path(request), str_of(resources[i].path)))
            continue;
        if (method == HTTP_GET || method == HTTP_HEAD)
            resources[i].answer(ops, request);
        else
            refuse_method(request);
        return;
    }
    http_problem_simple(request, "not_found");
}

/* Nothing asks for a body, and every answer is given at once. */
static void on_body(void *context, struct http_request *request, struct str body) {
    (void)context;
    (void)request;
    (void)body;
}

static size_t on_chunk(void *context, struct http_request *request, struct str chunk, bool last) {
    (void)context;
    (void)request;
    (void)last;
    return chunk.len;
}

static void on_abandoned(void *context, struct http_request *request) {
    (void)context;
    (void)request;
}

/* ---- life ---- */

enum status ops_create(const struct ops_options *options, struct ops **out) {
    struct ops *ops = calloc(1, sizeof *ops);
    if (ops == NULL)
        return STATUS_NO_MEMORY;
    *out = ops;
    ops->options = *options;
    ops->application = (struct http_application){.context = ops,
                                                 .on_head = on_head,
                                                 .on_body = on_body,
                                                 .on_chunk = on_chunk,
                                                 .on_abandoned = on_abandoned};
    enum status status = loop_create(&ops->loop);
    if (status != STATUS_OK)
        return status;
    status = search_port_attach(options->shared->feed, &ops->port, ops->loop);
    struct http_server_options http = {.loop = ops->loop,
                                       .listen_fd = options->listen_fd,
                                       .limits = http_limits_default(),
                                       .contract = options->shared->contract,
                                       .application = &ops->application};
    http.limits.connections_max = CONNECTIONS_MAX;
    return status == STATUS_OK ? http_server_create(&http, &ops->http) : status;
}

static void *thread_main(void *context) {
    struct ops *ops = context;
    loop_run(ops->loop);
    return NULL;
}

enum status ops_start(struct ops *ops, const struct background *background) {
    ops->options.background = background;
    ops->thread_runs = pthread_create(&ops->thread, NULL, thread_main, ops) == 0;
    return ops->thread_runs ? STATUS_OK : STATUS_NO_MEMORY;
}

void ops_stop(struct ops *ops) {
    if (ops == NULL)
        return;
    if (ops->thread_runs) {
        loop_stop(ops->loop);
        (void)pthread_join(ops->thread, NULL);
    }
    ops->thread_runs = false;
    http_server_destroy(ops->http);
    ops->http = NULL;
}

void ops_detach(struct ops *ops) {
    if (ops != NULL)
        search_port_detach(&ops->port);
}

void ops_destroy(struct ops *ops) {
    if (ops == NULL)
        return;
    loop_destroy(ops->loop);
    free(ops);
}
