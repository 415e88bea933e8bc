/* The connection state machine. Only connection_enter changes the state, and it asserts that the
 * move is legal. */
#include "connection.h"

#include <assert.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/random.h>
#include <unistd.h>

#include "segreteria/core/log.h"

#define CONNECT_MS 3000u
#define PREPARE_MS 15000u
#define BACKOFF_FIRST_MS 50u
#define BACKOFF_MAX_MS 2000u

#define OWNER_OF(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

/* Lives on its own: the connection may be closed while a helper thread works on it. */
struct resolution {
    struct helper_job job;
    struct connection *connection; /* NULL: nobody waits any more */
    struct conninfo *conninfo;     /* a copy, for the same reason */
    struct addresses addresses;
    enum status status;
};

static void connect_next(struct connection *connection);
static void on_socket(struct loop_watch *watch, uint32_t events);

static const char *const state_names[] = {"idle",  "resolving", "connecting", "preparing",
                                          "ready", "waiting",   "closed"};

static bool may_move(enum connection_state from, enum connection_state to) {
    static const unsigned targets[] = {
        [CONN_IDLE] = 1u << CONN_RESOLVING | 1u << CONN_CONNECTING | 1u << CONN_WAITING |
                      1u << CONN_CLOSED,
        [CONN_RESOLVING] = 1u << CONN_CONNECTING | 1u << CONN_WAITING | 1u << CONN_CLOSED,
        [CONN_CONNECTING] = 1u << CONN_PREPARING | 1u << CONN_WAITING | 1u << CONN_CLOSED,
        [CONN_PREPARING] = 1u << CONN_READY | 1u << CONN_WAITING | 1u << CONN_CLOSED,
        [CONN_READY] = 1u << CONN_WAITING | 1u << CONN_CLOSED,
        [CONN_WAITING] = 1u << CONN_RESOLVING | 1u << CONN_CONNECTING | 1u << CONN_WAITING |
                         1u << CONN_CLOSED,
        [CONN_CLOSED] = 0,
    };
    return (targets[from] >> to & 1u) != 0;
}

static void connection_enter(struct connection *connection, enum connection_state state) {
    assert(may_move(connection->state, state));
    log_debug("db_connection", "name=%s from=%s to=%s", connection->name,
              state_names[connection->state], state_names[state]);
    connection->state = state;
    uint64_t now = loop_now_ms(connection->loop);
    if (state == CONN_CONNECTING)
        loop_timer_set(connection->loop, &connection->timer, now + CONNECT_MS);
    else if (state == CONN_PREPARING)
        loop_timer_set(connection->loop, &connection->timer, now + PREPARE_MS);
    else
        loop_timer_clear(connection->loop, &connection->timer);
}

/* Between half and all of a pause that doubles, so that many servers do not come back at the same
 * moment. */
static uint64_t backoff_ms(const struct connection *connection) {
    unsigned pause = BACKOFF_FIRST_MS << (connection->failures < 6 ? connection->failures : 6);
    if (pause > BACKOFF_MAX_MS)
        pause = BACKOFF_MAX_MS;
    unsigned dice = 0;
    if (getrandom(&dice, sizeof dice, GRND_NONBLOCK) != (ssize_t)sizeof dice)
        dice = (unsigned)(loop_now_ms(connection->loop) * 2654435761u);
    return pause / 2 + dice % (pause / 2 + 1);
}

/* Watched is a duplicate of libpq's socket: libpq closes its own without warning when the server
 * hangs up, and a watch must end before its descriptor is closed. */
static void unwatch(struct connection *connection) {
    if (connection->watch.fd < 0)
        return;
    if (loop_watch_set(connection->loop, &connection->watch, 0) != STATUS_OK)
        log_error("db_unwatch_failed", "name=%s", connection->name);
    (void)close(connection->watch.fd);
    connection->watch.fd = -1;
}

static bool watch(struct connection *connection, uint32_t events) {
    if (connection->watch.fd < 0)
        connection->watch.fd = fcntl(PQsocket(connection->pg), F_DUPFD_CLOEXEC, 0);
    return connection->watch.fd >= 0 &&
           loop_watch_set(connection->loop, &connection->watch, events) == STATUS_OK;
}

static void disconnect(struct connection *connection) {
    unwatch(connection);
    if (connection->pg != NULL)
        PQfinish(connection->pg);
    connection->pg = NULL;
    connection->output_pending = false;
}

static void wait_and_retry(struct connection *connection) {
    disconnect(connection);
    connection_enter(connection, CONN_WAITING);
    loop_timer_set(connection->loop, &connection->timer,
                   loop_now_ms(connection->loop) + backoff_ms(connection));
    connection->failures++;
}

void db_connection_lose(struct connection *connection, const char *reason) {
    assert(connection->state == CONN_CONNECTING || connection->state == CONN_PREPARING ||
           connection->state == CONN_READY);
    bool was_up = connection->state != CONN_CONNECTING;
    if (!connection->quiet) {
        struct log_quoted quoted;
        const char *message = connection->pg != NULL ? PQerrorMessage(connection->pg) : "";
        log_warn("db_connection_lost", "name=%s state=%s reason=%s message=%s", connection->name,
                 state_names[connection->state], reason,
                 log_quote(&quoted, str_from(message, strcspn(message, "\n"))));
    }
    connection->quiet = connection->failures >
                        0; /* the first two of a row of failures say enough */
    wait_and_retry(connection);
    if (was_up)
        connection->owner->on_lost(connection);
}

/* ---- resolving ---- */

static void resolve_work(struct helper_job *job) {
    struct resolution *resolution = OWNER_OF(job, struct resolution, job);
    resolution->status = conninfo_resolve(resolution->conninfo, &resolution->addresses);
}

static void resolve_done(struct helper_job *job) {
    struct resolution *resolution = OWNER_OF(job, struct resolution, job);
    struct connection *connection = resolution->connection;
    if (connection != NULL) {
        connection->resolution = NULL;
        connection->addresses = resolution->addresses;
        if (resolution->status == STATUS_OK)
            connect_next(connection);
        else
            wait_and_retry(connection);
    }
    conninfo_destroy(resolution->conninfo);
    free(resolution);
}

static void resolve_begin(struct connection *connection) {
    connection_enter(connection, CONN_RESOLVING);
    struct resolution *resolution = calloc(1, sizeof *resolution);
    if (resolution == NULL)
        goto fail;
    *resolution = (struct resolution){
        .job = {.work = resolve_work, .done = resolve_done, .loop = connection->loop},
        .connection = connection,
    };
    if (conninfo_create(connection->conninfo->text, &resolution->conninfo) != STATUS_OK)
        goto fail;
    connection->resolution = resolution;
    if (helpers_submit(connection->helpers, &resolution->job) == STATUS_OK)
        return;
    connection->resolution = NULL;
fail:
    if (resolution != NULL)
        conninfo_destroy(resolution->conninfo);
    free(resolution);
    wait_and_retry(connection);
}

/* ---- connecting ---- */

static void connected(struct connection *connection) {
    connection_enter(connection, CONN_PREPARING);
    (void)PQsetErrorVerbosity(connection->pg, PQERRORS_TERSE); /* DETAIL holds people's data */
    if (PQsetnonblocking(connection->pg, 1) != 0 || !watch(connection, EPOLLIN)) {
        db_connection_lose(connection, "setup");
        return;
    }
    connection->owner->on_connected(connection);
}

/* libpq may close its socket and open another, perhaps under the same number, so the watch ends
 * before each step. */
static void connect_step(struct connection *connection) {
    unwatch(connection);
    PostgresPollingStatusType polled = PQconnectPoll(connection->pg);
    if (polled == PGRES_POLLING_OK)
        connected(connection);
    else if (polled == PGRES_POLLING_FAILED ||
             !watch(connection, polled == PGRES_POLLING_READING ? EPOLLIN : EPOLLOUT))
        db_connection_lose(connection, "connect");
}

/* Until the owner sets its own: libpq's default prints to standard error. */
static void ignore_notice(void *context, const PGresult *notice) {
    (void)context;
    (void)notice;
}

static void connect_next(struct connection *connection) {
    connection_enter(connection, CONN_CONNECTING);
    connection->pg = conninfo_connect_start(
        connection->conninfo, &connection->addresses, connection->first_address,
        connection->owner->application_name, connection->owner->read_write);
    if (connection->pg != NULL)
        (void)PQsetNoticeReceiver(connection->pg, ignore_notice, NULL);
    /* libpq's rule: act as if the last PQconnectPoll had asked to wait for writing. */
    if (connection->pg == NULL || PQstatus(connection->pg) == CONNECTION_BAD ||
        !watch(connection, EPOLLOUT))
        db_connection_lose(connection, "connect");
}

static void begin(struct connection *connection) {
    if (connection->conninfo->needs_resolving) {
        resolve_begin(connection);
        return;
    }
    connection->addresses = connection->conninfo->hosts;
    connect_next(connection);
}

/* The next attempt starts behind the server that kept silent. */
static void skip_silent(struct connection *connection) {
    const char *hostaddr = PQhostaddr(connection->pg), *port = PQport(connection->pg);
    for (size_t i = 0; i < connection->addresses.count; i++) {
        const struct address *address = &connection->addresses.at[i];
        if (hostaddr != NULL && strcmp(address->hostaddr, hostaddr) == 0 &&
            (port == NULL || address->port[0] == '\0' || strcmp(address->port, port) == 0)) {
            connection->first_address = (i + 1) % connection->addresses.count;
            return;
        }
    }
}

static void on_timer(struct loop_timer *timer) {
    struct connection *connection = OWNER_OF(timer, struct connection, timer);
    switch (connection->state) {
    case CONN_WAITING: begin(connection); break;
    case CONN_CONNECTING:
        skip_silent(connection);
        db_connection_lose(connection, "connect_timeout");
        break;
    case CONN_PREPARING: db_connection_lose(connection, "prepare_timeout"); break;
    case CONN_IDLE:
    case CONN_RESOLVING:
    case CONN_READY:
    case CONN_CLOSED: break;
    }
}

/* ---- connected ---- */

bool db_connection_flush(struct connection *connection) {
    int left = PQflush(connection->pg);
    if (left < 0) {
        db_connection_lose(connection, "send");
        return false;
    }
    connection->output_pending = left > 0;
    if (!watch(connection, left > 0 ? EPOLLIN | EPOLLOUT : EPOLLIN)) {
        db_connection_lose(connection, "watch");
        return false;
    }
    return true;
}

static void on_socket(struct loop_watch *watched, uint32_t events) {
    struct connection *connection = OWNER_OF(watched, struct connection, watch);
    if (connection->state == CONN_CONNECTING) {
        connect_step(connection);
        return;
    }
    if ((events & ~(uint32_t)EPOLLOUT) != 0) {
        /* What arrived before the end of the stream counts, so results are taken first. */
        bool alive = PQconsumeInput(connection->pg) == 1;
        connection->owner->on_input(connection);
        if (connection->pg == NULL)
            return;
        if (!alive || PQstatus(connection->pg) == CONNECTION_BAD) {
            db_connection_lose(connection, "closed");
            return;
        }
    }
    if (connection->output_pending)
        (void)db_connection_flush(connection);
}

void db_connection_ready(struct connection *connection) {
    /* A return is news; the many connections of a start are not. */
    log_write(connection->failures > 0 ? LOG_INFO : LOG_DEBUG, "db_connected",
              "name=%s server=%d pid=%d", connection->name, PQserverVersion(connection->pg),
              PQbackendPID(connection->pg));
    connection_enter(connection, CONN_READY);
    connection->failures = 0;
    connection->quiet = false;
    connection->first_address = 0;
}

void db_connection_init(struct connection *connection, const struct connection_owner *owner,
                        const struct conninfo *conninfo, struct loop *loop, struct helpers *helpers,
                        const char *name) {
    *connection = (struct connection){
        .owner = owner,
        .conninfo = conninfo,
        .loop = loop,
        .helpers = helpers,
        .name = name,
        .watch = {.fd = -1, .on_ready = on_socket},
        .timer = {.on_due = on_timer},
    };
}

void db_connection_begin(struct connection *connection) { begin(connection); }

void db_connection_close(struct connection *connection) {
    if (connection->state == CONN_CLOSED)
        return;
    connection_enter(connection, CONN_CLOSED);
    if (connection->resolution != NULL)
        connection->resolution->connection = NULL;
    connection->resolution = NULL;
    disconnect(connection);
}
