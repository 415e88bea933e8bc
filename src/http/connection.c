/* Connections: their deadlines, and how one ends. MHD's own timeout counts inactivity only, so a
 * byte a second would keep a connection for ever; here every phase has an end. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "answer.h"
#include "internal.h"

#define EVICT_SCAN 64 /* connections looked at */
#define LOOK_MS 1000  /* how often a silent client is looked at: it may have closed its side */

static void on_due(struct loop_timer *timer);

/* Phases in which something of the client is awaited. */
static bool awaits_client(enum phase phase) { return phase <= PHASE_STREAM; }

/* The next look, or the end of the phase where none is due before. */
static void set_timer(struct http_connection *connection, bool looks) {
    struct loop *loop = connection->server->loop;
    uint64_t look_ms = loop_now_ms(loop) + LOOK_MS;
    loop_timer_set(loop, &connection->timer,
                   looks && look_ms < connection->due_ms ? look_ms : connection->due_ms);
}

void connection_deadline(struct http_connection *connection, enum phase phase, uint64_t after_ms) {
    if (connection->phase == PHASE_CLOSING)
        return;
    connection->phase = phase;
    connection->due_ms = loop_now_ms(connection->server->loop) + after_ms;
    set_timer(connection, awaits_client(phase));
}

/* ---- the list ---- */

static void link_newest(struct http_connection *connection) {
    struct http_server *server = connection->server;
    connection->newer = NULL;
    connection->older = server->newest;
    if (server->newest != NULL)
        server->newest->newer = connection;
    else
        server->oldest = connection;
    server->newest = connection;
}

static void unlink_connection(struct http_connection *connection) {
    struct http_server *server = connection->server;
    if (connection->newer != NULL)
        connection->newer->older = connection->older;
    else
        server->newest = connection->older;
    if (connection->older != NULL)
        connection->older->newer = connection->newer;
    else
        server->oldest = connection->newer;
}

void connection_idle(struct http_connection *connection) {
    unlink_connection(connection);
    link_newest(connection);
    connection_deadline(connection, PHASE_IDLE, connection->server->limits.idle_timeout_ms);
}

bool connection_evict(struct http_server *server) {
    uint64_t now = loop_now_ms(server->loop), timeout = server->limits.idle_timeout_ms;
    struct http_connection *connection = server->oldest;
    for (unsigned i = 0; i < EVICT_SCAN && connection != NULL; i++, connection = connection->newer)
        if (connection->phase == PHASE_IDLE &&
            now + timeout >= connection->due_ms + server->limits.evict_idle_ms) {
            connection_shutdown(connection);
            return true;
        }
    return false;
}

/* ---- opening and closing ---- */

static void open_connection(struct http_server *server, struct MHD_Connection *mhd,
                            void **socket_context) {
    const union MHD_ConnectionInfo *info;
    struct http_connection *connection = calloc(1, sizeof *connection);
    *socket_context = connection;
    if (connection == NULL)
        return; /* its first request is refused by closing */
    connection->server = server;
    connection->mhd = mhd;
    info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
    connection->fd = info == NULL ? -1 : info->connect_fd;
    info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (info != NULL && info->client_addr != NULL) {
        sa_family_t family = info->client_addr->sa_family;
        size_t len = family == AF_INET    ? sizeof(struct sockaddr_in)
                     : family == AF_INET6 ? sizeof(struct sockaddr_in6)
                                          : sizeof(sa_family_t);
        memcpy(&connection->peer, info->client_addr, len);
    }
    connection->timer.on_due = on_due;
    link_newest(connection);
    server->connections_count++;
    metrics_accepted(server);
    metrics_connections(server);
    connection_deadline(connection, PHASE_NEW, server->limits.head_deadline_ms);
}

bool connection_has_input(const struct http_connection *connection) {
    char byte;
    return recv(connection->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

bool connection_left(const struct http_connection *connection) {
    char byte;
    ssize_t got = recv(connection->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return got == 0 || (got < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR);
}

static bool has_ended(const struct http_connection *connection) {
    char byte;
    return recv(connection->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
}

/* A connection the client may still be sending on is read from for a while after its last answer.
 */
static bool should_linger(const struct http_connection *connection) {
    char byte;
    ssize_t got = recv(connection->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    if (got > 0)
        return true;
    return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) && connection->dirty;
}

static void close_connection(struct http_connection *connection) {
    struct http_server *server = connection->server;
    loop_timer_clear(server->loop, &connection->timer);
    if (connection->fd >= 0 && should_linger(connection))
        linger_start(server, connection->fd);
    unlink_connection(connection);
    server->connections_count--;
    metrics_connections(server);
    free(connection);
}

void connection_notified(void *cls, struct MHD_Connection *mhd, void **socket_context,
                         enum MHD_ConnectionNotificationCode code) {
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        open_connection(cls, mhd, socket_context);
    } else if (*socket_context != NULL) {
        close_connection(*socket_context);
        *socket_context = NULL;
    }
}

void connection_shutdown(struct http_connection *connection) {
    loop_timer_clear(connection->server->loop, &connection->timer);
    connection->phase = PHASE_CLOSING;
    (void)shutdown(connection->fd, SHUT_RDWR);
}

void connection_answer_raw(struct http_connection *connection, const char *code) {
    struct http_request *request = connection->request;
    struct buf text;
    if (request == NULL)
        return;
    if (request->state < REQUEST_ANSWERED)
        http_problem_simple(request, code);
    if (request->state != REQUEST_ANSWERED)
        return;
    buf_init(&text, (size_t)256 * 1024);
    answer_write(request, &text);
    if (buf_status(&text) ==
        STATUS_OK) /* a full socket buffer means nobody reads: cutting it short is right */
        (void)!send(connection->fd, text.data, text.len, MSG_NOSIGNAL | MSG_DONTWAIT);
    request->state = REQUEST_QUEUED;
    buf_deinit(&text);
}

/* A streamed body must keep up a rate; time the application asked to wait does not count. */
static bool keeps_rate(struct http_connection *connection) {
    struct http_request *request = connection->request;
    uint64_t least = (uint64_t)connection->server->limits.body_min_rate * (RATE_PERIOD_MS / 1000);
    bool enough = request->paused || request->body_seen - request->rate_seen >= least;
    request->rate_seen = request->body_seen;
    if (enough)
        connection_deadline(connection, PHASE_STREAM, RATE_PERIOD_MS);
    return enough;
}

static void time_out(struct http_connection *connection) {
    struct http_request *request = connection->request;
    if (request != NULL && !request->suspended) {
        request_abandon(request);
        connection_answer_raw(connection, "timeout");
    }
    connection_shutdown(connection);
}

/* Close with a reset: what the client did not take is not kept for it. */
static void drop_unsent(const struct http_connection *connection) {
    struct linger at_once = {.l_onoff = 1, .l_linger = 0};
    (void)setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

static void application_late(struct http_request *request) {
    if (request->state >= REQUEST_ANSWERED)
        return; /* earlier in this very turn */
    request_abandon(request);
    struct http_problem problem = {.code = "unavailable", .close = !request->body_complete};
    http_problem_send(request, &problem);
}

static void on_due(struct loop_timer *timer) {
    struct http_connection *connection =
        (struct http_connection *)(void *)((char *)timer - offsetof(struct http_connection, timer));
    connection->server->mhd_ready = true;
    if (loop_now_ms(connection->server->loop) < connection->due_ms) {
        /* MHD takes what is there in one read and does not see an end of file that came with it. */
        bool suspended = connection->request != NULL && connection->request->suspended;
        if (!suspended && has_ended(connection))
            connection_shutdown(connection);
        else /* a body may break off at any time; of the other phases one look is enough */
            set_timer(connection,
                      connection->phase == PHASE_BODY || connection->phase == PHASE_STREAM);
        return;
    }
    switch (connection->phase) {
    case PHASE_HEAD:
    case PHASE_BODY: time_out(connection); break;
    case PHASE_STREAM:
        if (!keeps_rate(connection))
            time_out(connection);
        break;
    case PHASE_APPLICATION: application_late(connection->request); break;
    case PHASE_SOURCE: http_source_fail(connection->request->reply.source); break;
    case PHASE_ANSWER:
        drop_unsent(connection);
        connection_shutdown(connection);
        break;
    case PHASE_NEW:
    case PHASE_IDLE:
    case PHASE_CLOSING: connection_shutdown(connection); break;
    }
}
