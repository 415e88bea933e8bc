/* A worker's HTTP server: an MHD daemon without a thread or a listening socket of its own, run by
 * the worker's loop.
 *
 * MHD_run is called once a turn when there is something to do: its epoll descriptor was ready, a
 * connection is new, or a waiting request got its answer. Requests that wait are suspended after
 * MHD_run has returned, not within the handler: a connection suspended there would be read from
 * first when it is resumed, and a client that has half closed it would be dropped instead of
 * answered.
 */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "internal.h"
#include "segreteria/core/log.h"

#define RUNS_A_TURN 8

struct http_limits http_limits_default(void) {
    return (struct http_limits){
        .connections_max = 8192,
        .idle_timeout_ms = 60000,
        .evict_idle_ms = 1000,
        .head_deadline_ms = 10000,
        .body_deadline_ms = 30000,
        .body_min_rate = 256,
        .answer_deadline_ms = 60000,
        .request_deadline_ms = 15000,
        .head_max = (size_t)8 * 1024,
        .target_max = (size_t)4 * 1024,
        .arena_max = (size_t)4 * 1024 * 1024,
        .bodies_max = (size_t)64 * 1024 * 1024,
    };
}

void server_watch(struct http_server *server, struct loop_watch *watch, uint32_t events) {
    enum status status = loop_watch_set(server->loop, watch, events);
    (void)status;
}

const char *server_date(struct http_server *server) {
    int64_t now = clock_unix_ms();
    if (now / 1000 != server->date_second) {
        server->date_second = now / 1000;
        clock_format_http_date(now, server->date);
    }
    return server->date;
}

/* ---- MHD's turn ---- */

static void on_mhd_ready(struct loop_watch *watch, uint32_t events) {
    (void)events;
    ((struct http_server *)(void *)((char *)watch - offsetof(struct http_server, mhd_watch)))
        ->mhd_ready = true;
}

static void resume_all(struct http_server *server) {
    while (server->resuming != NULL) {
        struct http_request *request = server->resuming;
        request_unlink(request);
        request->suspended = false;
        MHD_resume_connection(request->connection->mhd);
        server->mhd_ready = true;
    }
}

static void suspend_parked(struct http_server *server) {
    while (server->parked != NULL) {
        struct http_request *request = server->parked;
        request_unlink(request);
        if (request->state == REQUEST_DECIDING || request->state == REQUEST_WAITING) {
            MHD_suspend_connection(request->connection->mhd);
            request->suspended = true;
        } /* else it was answered meanwhile: MHD calls the handler again in its next run */
    }
}

static uint64_t run(struct loop_hook *hook) {
    struct http_server *server = (struct http_server *)(void *)((char *)hook -
                                                                offsetof(struct http_server, hook));
    resume_all(server);
    uint64_t wait_ms = UINT64_MAX;
    for (unsigned i = 0; i < RUNS_A_TURN && server->mhd_ready; i++) {
        server->mhd_ready = false;
        (void)MHD_run(server->mhd);
        suspend_parked(server);
        resume_all(server);
        uint64_t timeout;
        if (MHD_get_timeout64(server->mhd, &timeout) == MHD_YES && timeout == 0)
            server->mhd_ready = true;
    }
    if (server->mhd_ready)
        wait_ms = 0;
    access_log_flush(server);
    return wait_ms;
}

/* Answers given after `run` in the same turn (by statements that failed to be sent) must not wait
 * for an event. */
static uint64_t run_last(struct loop_hook *hook) {
    struct http_server *server =
        (struct http_server *)(void *)((char *)hook - offsetof(struct http_server, last_hook));
    return server->resuming != NULL || server->mhd_ready ? 0 : UINT64_MAX;
}

/* ---- creation ---- */

/* What MHD decodes is never looked at, so nothing needs decoding. */
static size_t no_unescape(void *cls, struct MHD_Connection *mhd, char *text) {
    (void)cls;
    (void)mhd;
    return strlen(text);
}

static void on_panic(void *cls, const char *file, unsigned line, const char *reason) {
    (void)cls;
    log_error("mhd_panic", "file=%s line=%u reason=\"%s\"", file, line,
              reason == NULL ? "" : reason);
    abort();
}

static struct MHD_Daemon *start_mhd(struct http_server *server) {
    MHD_set_panic_func(on_panic, NULL);
    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_NO_LISTEN_SOCKET |
            MHD_USE_NO_THREAD_SAFETY | MHD_USE_SUPPRESS_DATE_NO_CLOCK,
        0, NULL, NULL, handler_access, server, MHD_OPTION_CLIENT_DISCIPLINE_LVL, 2,
        MHD_OPTION_CONNECTION_TIMEOUT, 0u, MHD_OPTION_CONNECTION_LIMIT,
        server->limits.connections_max + ACCEPTS_A_TURN, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        CONNECTION_MEMORY, MHD_OPTION_URI_LOG_CALLBACK, handler_uri, server,
        MHD_OPTION_UNESCAPE_CALLBACK, no_unescape, server, MHD_OPTION_NOTIFY_COMPLETED,
        handler_completed, server, MHD_OPTION_NOTIFY_CONNECTION, connection_notified, server,
        MHD_OPTION_END);
}

static enum status make_cache_policies(struct http_server *server) {
    size_t count = contract_operations_count(server->contract);
    server->cache_control = calloc(count + 1, sizeof *server->cache_control);
    server->constants = constants_create(count);
    if (server->cache_control == NULL || server->constants == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        const struct operation *operation = contract_operation_at(server->contract, i);
        char *text = server->cache_control[operation->index];
        if (operation->cache == CACHE_NO_STORE)
            (void)snprintf(text, sizeof *server->cache_control, "no-store");
        else
            (void)snprintf(text, sizeof *server->cache_control, "%s, max-age=%u",
                           operation->cache == CACHE_PUBLIC ? "public" : "private",
                           operation->max_age_s);
    }
    return STATUS_OK;
}

/* Every problem this room answers must be in the catalogue. */
static enum status check_catalogue(const struct contract *contract) {
    static const char *const codes[] = {
        "malformed_request",  "method_not_allowed",   "not_acceptable",    "timeout",
        "payload_too_large",  "uri_too_long",         "headers_too_large", "unsupported_media_type",
        "expectation_failed", "internal_error",       "not_implemented",   "unavailable",
        "overloaded",         "version_not_supported"};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
        if (contract_problem_find(contract, str_of(codes[i])) == NULL) {
            log_error("problem_missing", "code=%s", codes[i]);
            return STATUS_NOT_FOUND;
        }
    return STATUS_OK;
}

enum status http_server_create(const struct http_server_options *options,
                               struct http_server **out) {
    enum status status = check_catalogue(options->contract);
    if (status != STATUS_OK)
        return status;
    struct http_server *server = calloc(1, sizeof *server);
    if (server == NULL)
        return STATUS_NO_MEMORY;
    server->loop = options->loop;
    server->limits = options->limits;
    server->contract = options->contract;
    server->application = options->application;
    server->cors_origins = options->cors_origins;
    server->cors_origins_count = options->cors_origins_count;
    server->trusted_proxies = options->trusted_proxies;
    server->trusted_proxies_count = options->trusted_proxies_count;
    server->access_log = options->access_log;
    server->metrics = options->metrics;
    buf_init(&server->log, (size_t)96 * 1024);
    randombytes_buf(&server->id_seed, sizeof server->id_seed);
    status = make_cache_policies(server);
    if (status == STATUS_OK)
        status = compressor_create(&server->compressor);
    if (status != STATUS_OK)
        goto fail;
    status = STATUS_IO;
    server->mhd = start_mhd(server);
    if (server->mhd == NULL)
        goto fail;
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(server->mhd, MHD_DAEMON_INFO_EPOLL_FD);
    if (info == NULL || info->epoll_fd < 0)
        goto fail;
    server->mhd_watch = (struct loop_watch){.fd = info->epoll_fd, .on_ready = on_mhd_ready};
    server->listen_watch = (struct loop_watch){.fd = options->listen_fd, .on_ready = accept_ready};
    server->listen_pause.on_due = accept_again;
    status = loop_watch_set(server->loop, &server->mhd_watch, EPOLLIN);
    if (status == STATUS_OK)
        status = loop_watch_set(server->loop, &server->listen_watch, EPOLLIN);
    if (status != STATUS_OK)
        goto fail;
    server->hook.run = run;
    server->last_hook.run = run_last;
    loop_hook_add(server->loop, LOOP_HTTP, &server->hook);
    loop_hook_add(server->loop, LOOP_LAST, &server->last_hook);
    *out = server;
    return STATUS_OK;
fail:
    http_server_destroy(server);
    return status;
}

/* ---- the end ---- */

static bool is_idle(const struct http_connection *connection) {
    return connection->phase == PHASE_IDLE || connection->phase == PHASE_NEW;
}

void http_server_drain(struct http_server *server) {
    if (server->draining)
        return;
    server->draining = true;
    loop_timer_clear(server->loop, &server->listen_pause);
    accept_ready(&server->listen_watch, 0); /* who has been let in by the kernel is served */
    server_watch(server, &server->listen_watch, 0);
    (void)shutdown(server->listen_watch.fd,
                   SHUT_RDWR); /* whoever comes now is refused, not left waiting */
    for (struct http_connection *c = server->newest; c != NULL; c = c->older)
        if (is_idle(c) && !connection_has_input(c))
            connection_shutdown(c);
    server->mhd_ready = true;
}

size_t http_server_active(const struct http_server *server) { return server->active; }
size_t http_server_connections(const struct http_server *server) {
    return server->connections_count;
}

/* MHD must not be stopped with a connection suspended: everything that waits is answered, sent as
 * far as it goes at once, and what is still open is cut. */
static void finish_all(struct http_server *server) {
    for (struct http_connection *c = server->newest; c != NULL; c = c->older) {
        struct http_request *request = c->request;
        if (request != NULL && request->state >= REQUEST_ANSWERED && request->reply.source != NULL)
            http_source_fail(request->reply.source);
        if (request == NULL || request->state >= REQUEST_ANSWERED)
            continue;
        bool uploading = request->state == REQUEST_READING || request->state == REQUEST_STREAMING;
        request_abandon(request);
        if (uploading) /* MHD takes no answer in the middle of a body */
            connection_answer_raw(c, "unavailable");
        else if (request->state >= REQUEST_DECIDING)
            http_problem_simple(request, "unavailable");
    }
    for (unsigned i = 0; i < 64; i++) {
        resume_all(server);
        (void)MHD_run(server->mhd);
    }
    for (struct http_connection *c = server->newest; c != NULL; c = c->older) {
        if (c->request != NULL && c->request->suspended) {
            request_unlink(c->request);
            c->request->suspended = false;
            MHD_resume_connection(c->mhd);
        }
        connection_shutdown(c);
    }
}

void http_server_destroy(struct http_server *server) {
    if (server == NULL)
        return;
    if (server->hook.run != NULL) {
        http_server_drain(server);
        finish_all(server);
        loop_hook_remove(server->loop, LOOP_HTTP, &server->hook);
        loop_hook_remove(server->loop, LOOP_LAST, &server->last_hook);
    }
    server_watch(server, &server->listen_watch, 0);
    server_watch(server, &server->mhd_watch, 0);
    if (server->mhd != NULL)
        MHD_stop_daemon(server->mhd);
    constants_free(server);
    fixed_free(server);
    linger_stop_all(server);
    access_log_flush(server);
    requests_free(server);
    compressor_destroy(server->compressor);
    buf_deinit(&server->log);
    free(server->cache_control);
    free(server);
}
