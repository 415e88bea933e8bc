/* One connection to PostgreSQL for ever: it connects, is set up by its owner, serves, is lost, and
 * begins again with jittered back-off. Never blocks. Everything on the loop's thread; only name
 * resolution runs on a helper.
 *
 *   CONN_IDLE -> CONN_RESOLVING -> CONN_CONNECTING -> CONN_PREPARING -> CONN_READY
 *                      |                 |                 |               |
 *                      +-----------------+--- CONN_WAITING (back-off) -----+
 *   and CONN_CLOSED from anywhere.
 */
#ifndef SEGRETERIA_DB_CONNECTION_H
#define SEGRETERIA_DB_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "conninfo.h"
#include "segreteria/worker/helpers.h"
#include "segreteria/worker/loop.h"

enum connection_state {
    CONN_IDLE,
    CONN_RESOLVING,
    CONN_CONNECTING,
    CONN_PREPARING,
    CONN_READY,
    CONN_WAITING,
    CONN_CLOSED
};

struct connection;
struct resolution;

/* What its owner does. None of these may destroy the connection. */
struct connection_owner {
    /* Connected (CONN_PREPARING): send what sets the session up, then db_connection_flush. */
    void (*on_connected)(struct connection *connection);
    /* Input has been read (CONN_PREPARING or CONN_READY): take results, at last call
     * db_connection_ready. */
    void (*on_input)(struct connection *connection);
    /* It was up (connected at least) and is lost: answer whatever was under way. `pg` is gone
     * already. */
    void (*on_lost)(struct connection *connection);
    const char *application_name;
    bool read_write;
};

struct connection {
    const struct connection_owner *owner;
    const struct conninfo *conninfo;
    struct loop *loop;
    struct helpers *helpers;
    const char *name; /* for logs */
    enum connection_state state;
    PGconn *pg; /* NULL unless connecting or connected */
    struct loop_watch watch;
    struct loop_timer
        timer; /* the deadline of connecting and preparing, or the end of the back-off */
    struct resolution *resolution;
    struct addresses addresses;
    size_t first_address; /* a server that does not answer is tried last the next time */
    unsigned failures;    /* in a row */
    bool output_pending;  /* the socket is full: send nothing more */
    bool quiet; /* the present failure has been logged: say no more until it works again */
};

/* Fills it in; db_connection_begin starts it. All pointers are borrowed. */
void db_connection_init(struct connection *connection, const struct connection_owner *owner,
                        const struct conninfo *conninfo, struct loop *loop, struct helpers *helpers,
                        const char *name);
void db_connection_begin(struct connection *connection);
/* No callbacks any more; its memory may be freed. */
void db_connection_close(struct connection *connection);

/* The owner's set-up is complete. */
void db_connection_ready(struct connection *connection);
/* Drops the connection and begins again after the back-off; calls on_lost. `reason` is for the log.
 */
void db_connection_lose(struct connection *connection, const char *reason);
/* Asks the server to end the statement it runs for this connection; before db_connection_lose, when
 * it does not answer. On a thread of its own, since libpq's cancel blocks; without helpers nothing
 * is done. */
void db_connection_cancel(struct connection *connection);
/* Sends what libpq holds. False: the connection was lost meanwhile (on_lost has been called). */
bool db_connection_flush(struct connection *connection);

#endif
