/* One line a request, gathered for a turn of the loop and written at once. The same form as
 * core/log's lines; no query strings, addresses only as the peer. */
#include <stdio.h>

#include "internal.h"
#include "segreteria/core/log.h"

#define LINES_MAX ((size_t)64 * 1024)

static bool is_trace_parent(struct str value) {
    if (value.len != 55)
        return false;
    for (size_t i = 0; i < value.len; i++) {
        char c = value.ptr[i];
        bool dash = i == 2 || i == 35 || i == 52;
        if (dash ? c != '-' : !((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return false;
    }
    return true;
}

void access_log_line(struct http_request *request, bool truncated) {
    struct http_server *server = request->server;
    if (!server->access_log || log_level() > LOG_INFO)
        return;
    if (server->log.len > LINES_MAX - 2048)
        access_log_flush(server);
    const struct operation *operation = request->operation;
    char date[CLOCK_RFC3339_SIZE];
    int64_t now = clock_unix_ms();
    clock_format_rfc3339(now, date);
    buf_printf(
        &server->log,
        "ts=%.19s.%03dZ level=info event=request method=%s route=%.*s op=%.*s status=%d bytes=%llu "
        "duration_us=%llu request_id=%s peer=%s",
        date, (int)(now % 1000), http_method_name(request->method),
        STR_FMT(operation == NULL ? STR("-") : operation->path),
        STR_FMT(operation == NULL ? STR("-") : operation->id), request->reply.status,
        (unsigned long long)request->sent_bytes,
        (unsigned long long)(clock_monotonic_us() - request->started_us), request->id,
        http_request_peer(request).ptr);
    struct str trace = request->headers.first[HEADER_TRACEPARENT];
    if (is_trace_parent(trace))
        buf_printf(&server->log, " traceparent=%.*s", STR_FMT(trace));
    buf_append_text(&server->log, truncated ? " truncated=true\n" : "\n");
}

void access_log_flush(struct http_server *server) {
    if (server->log.len == 0)
        return;
    log_lines(buf_str(&server->log));
    buf_clear(&server->log);
}
