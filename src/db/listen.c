/* LISTEN on a connection of its own: the same state machine as a lane's connections, outside
 * pipeline mode. A peer that vanished is found by TCP keepalives. */
#include "segreteria/db/listen.h"

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "connection.h"
#include "segreteria/core/log.h"

#define OWNER_OF(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))
#define CHANNELS_MAX 16u
#define SQL_SIZE 1200u

struct db_listener {
    struct db_listener_options options;
    struct connection_owner owner;
    struct conninfo *conninfo;
    struct connection connection;
    bool refused; /* some LISTEN failed */
    char sql[SQL_SIZE];
};

static struct db_listener *listener_of(struct connection *connection) {
    return OWNER_OF(connection, struct db_listener, connection);
}

static void on_connected(struct connection *connection) {
    struct db_listener *listener = listener_of(connection);
    listener->refused = false;
    if (PQsendQuery(connection->pg, listener->sql) != 1)
        db_connection_lose(connection, "send");
    else
        (void)db_connection_flush(connection);
}

/* The results of the LISTENs; true once all have come. */
static bool take_results(struct db_listener *listener) {
    PGconn *pg = listener->connection.pg;
    while (PQisBusy(pg) == 0) {
        PGresult *result = PQgetResult(pg);
        if (result == NULL)
            return true;
        if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK)
            listener->refused = true;
        PQclear(result);
    }
    return false;
}

static void on_input(struct connection *connection) {
    struct db_listener *listener = listener_of(connection);
    if (connection->state == CONN_PREPARING) {
        if (!take_results(listener))
            return;
        if (listener->refused) {
            db_connection_lose(connection, "listen");
            return;
        }
        db_connection_ready(connection);
        if (listener->options.on_listening != NULL)
            listener->options.on_listening(listener->options.context);
    } else if (PQisBusy(connection->pg) == 0) {
        PQclear(
            PQgetResult(connection->pg)); /* nothing is asked, so at most the reason why it ends */
    }
    for (PGnotify *notify; (notify = PQnotifies(connection->pg)) != NULL; PQfreemem(notify))
        listener->options.on_notify(listener->options.context, notify->relname, notify->extra);
}

static void on_lost(struct connection *connection) {
    struct db_listener *listener = listener_of(connection);
    if (listener->options.on_deaf != NULL)
        listener->options.on_deaf(listener->options.context);
}

/* Plain lower-case identifiers only, so quoting is never needed. */
NODISCARD static enum status build_sql(struct db_listener *listener) {
    size_t len = 0;
    int added = snprintf(listener->sql, sizeof listener->sql, "set client_min_messages = error");
    for (size_t i = 0; i < listener->options.channels_count; i++) {
        const char *channel = listener->options.channels[i];
        if (channel[strspn(channel, "abcdefghijklmnopqrstuvwxyz_0123456789")] != '\0')
            return STATUS_INVALID;
        len += (size_t)added;
        added = snprintf(listener->sql + len, sizeof listener->sql - len, "; listen %s", channel);
        if (added < 0 || (size_t)added >= sizeof listener->sql - len)
            return STATUS_TOO_LARGE;
    }
    return STATUS_OK;
}

enum status db_listener_create(const struct db_listener_options *options,
                               struct db_listener **out) {
    if (options->channels_count == 0 || options->channels_count > CHANNELS_MAX)
        return STATUS_INVALID;
    struct db_listener *listener = calloc(1, sizeof *listener);
    if (listener == NULL)
        return STATUS_NO_MEMORY;
    listener->options = *options;
    /* read-write: a standby delivers no notifications */
    listener->owner = (struct connection_owner){on_connected, on_input, on_lost,
                                                "segreteria listen", true};
    enum status status = build_sql(listener);
    if (status == STATUS_OK)
        status = conninfo_create(options->conninfo, &listener->conninfo);
    if (status == STATUS_OK && listener->conninfo->needs_resolving && options->helpers == NULL)
        status = STATUS_INVALID;
    if (status != STATUS_OK) {
        conninfo_destroy(listener->conninfo);
        free(listener);
        return status;
    }
    db_connection_init(&listener->connection, &listener->owner, listener->conninfo, options->loop,
                       options->helpers, "listen");
    db_connection_begin(&listener->connection);
    *out = listener;
    return STATUS_OK;
}

void db_listener_destroy(struct db_listener *listener) {
    if (listener == NULL)
        return;
    db_connection_close(&listener->connection);
    conninfo_destroy(listener->conninfo);
    free(listener);
}
