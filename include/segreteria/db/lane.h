/* A lane: a few pipelined connections to PostgreSQL that one loop shares among its requests.
 *
 * Every statement of the table is prepared on a connection before it serves. Calls of one loop turn are gathered and sent
 * together (LOOP_FLUSH); by-key reads (@merge) of a turn become one `= any($1)`, and identical reads of a turn (same
 * statement, same parameter values) run once: the answer is as fresh as if each had run alone. A write has a sync of its
 * own. Lost connection: reads are sent once more on a new connection, writes end DB_UNKNOWN (sent) or DB_UNAVAILABLE.
 * Reconnects with jittered back-off. Thread: the loop's own, throughout.
 */
#ifndef SEGRETERIA_DB_LANE_H
#define SEGRETERIA_DB_LANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "segreteria/core/status.h"
#include "segreteria/core/str.h"
#include "segreteria/db/result.h"
#include "segreteria/db/statement.h"
#include "segreteria/worker/helpers.h"
#include "segreteria/worker/loop.h"

struct db_lane;

struct db_lane_options {
    const char *name;     /* "read", "write", "slow": for logs and application_name */
    const char *conninfo; /* copied */
    struct loop *loop;
    struct helpers *helpers; /* for name resolution; may be NULL when conninfo needs none */
    const struct db_statement *const *statements; /* prepared on each connection */
    size_t statements_count;
    size_t connections;            /* >= 1 */
    size_t depth_max;              /* statements in flight on one connection */
    size_t queue_max;              /* calls waiting beyond those; then BUSY */
    unsigned statement_timeout_ms; /* set on the connection */
    bool write;                    /* target_session_attrs=read-write, and writes are allowed */
};

/* Makes the lane and begins to connect; does not wait. */
NODISCARD enum status db_lane_create(const struct db_lane_options *options, struct db_lane **out);
/* Ends the calls still waiting with DB_UNAVAILABLE / DB_UNKNOWN, closes. */
void db_lane_destroy(struct db_lane *lane);
/* True while at least one connection is up with everything prepared. */
bool db_lane_ready(const struct db_lane *lane);
/* Calls waiting or in flight. */
size_t db_lane_load(const struct db_lane *lane);

/* Present on a POST that carries an Idempotency-Key: claim, statement and stored answer in one transaction. */
struct db_idempotency {
    struct str key_hash;    /* bytea text form, "\\x..." */
    struct str fingerprint; /* likewise */
    struct str operation;
};

/* One statement to run; lives in the request's memory until on_result. `params` (statement->params_count values; STR_NONE
 * is NULL; values must not hold NUL bytes) is borrowed until then. */
struct db_call {
    const struct db_statement *statement;
    const struct str *params;
    const struct db_idempotency *idempotency; /* NULL: none */
    uint64_t deadline_ms;                     /* loop time; past it the call ends DB_TIMED_OUT */
    /* Called exactly once after a successful submit (unless cancelled), never from within db_lane_submit. The result is
     * valid during the call; db_result_retain keeps its memory. */
    void (*on_result)(struct db_call *call, const struct db_result *result);
    /* private to the lane: */
    struct db_call *next;
    void *job;
};

/* BUSY: the queue is full; UNAVAILABLE: no connection has been up for longer than a short grace; nothing was queued. */
NODISCARD enum status db_lane_submit(struct db_lane *lane, struct db_call *call);
/* on_result will not be called; the statement may still run. The call's memory may be freed afterwards. */
void db_lane_cancel(struct db_lane *lane, struct db_call *call);

#endif
