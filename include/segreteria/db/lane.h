/* A lane: a few pipelined connections to PostgreSQL that one loop shares among its requests.
 *
 * Every statement of the table is prepared on a connection before it serves. Calls of one loop turn
 * are gathered and sent together (LOOP_FLUSH); by-key reads (@merge) of a turn become one
 * `= any($1)`, and identical reads of a turn (same statement, same parameter values) run once: the
 * answer is as fresh as if each had run alone. A write has a sync of its own and is done when its
 * commit is. Reads share a sync; those that a neighbour's failure aborted are sent again alone.
 *
 * Lost connection: reads are sent once more on a new one; writes end DB_UNKNOWN if they were sent,
 * else they wait for a connection until their deadline. Serialization failures and deadlocks are
 * tried twice. Reconnects to all hosts with jittered back-off, also when the server turns out to be
 * read-only. A commit of which PostgreSQL warns that no standby confirmed it is DB_UNKNOWN.
 *
 * Unless conninfo says which kind of server it wants (target_session_attrs), every lane asks for
 * one that takes writes: reads from a standby would miss the caller's own writes. Lanes with
 * `write` always do. Thread: the loop's own, throughout.
 */
#ifndef SEGRETERIA_DB_LANE_H
#define SEGRETERIA_DB_LANE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "segreteria/core/status.h"
#include "segreteria/core/str.h"
#include "segreteria/db/lane_metrics.h"
#include "segreteria/db/result.h"
#include "segreteria/db/statement.h"
#include "segreteria/worker/helpers.h"
#include "segreteria/worker/loop.h"

struct db_lane;

struct db_lane_options {
    const char *name;     /* "read", "write", "slow": for logs and application_name; borrowed */
    const char *conninfo; /* copied */
    struct loop *loop;
    struct helpers *helpers; /* name resolution, cancelling; may be NULL if conninfo has no names */
    const struct db_statement *const *statements; /* prepared on each connection */
    size_t statements_count;
    size_t connections;              /* >= 1 */
    size_t depth_max;                /* statements in flight on one connection */
    size_t queue_max;                /* calls waiting beyond those; then BUSY */
    unsigned statement_timeout_ms;   /* set on the connection */
    bool write;                      /* target_session_attrs=read-write, and writes are allowed */
    struct db_lane_metrics *metrics; /* what to count in; NULL: nothing. The caller's, longer than
                                        the lane */
};

/* Makes the lane and begins to connect; does not wait. INVALID: the conninfo cannot be read, or it
 * holds host names and there are no helpers. */
NODISCARD enum status db_lane_create(const struct db_lane_options *options, struct db_lane **out);
/* Ends the calls still open with DB_UNAVAILABLE, or DB_UNKNOWN for writes that were sent; closes.
 * Not from within on_result. What the loop and the helpers still have of it is freed by them. */
void db_lane_destroy(struct db_lane *lane);
/* True while at least one connection is up with everything prepared. */
bool db_lane_ready(const struct db_lane *lane);
/* Calls waiting or in flight. */
size_t db_lane_load(const struct db_lane *lane);

/* Present on a POST that carries an Idempotency-Key: claim, statement and stored answer in one
 * transaction. */
struct db_idempotency {
    struct str key_hashes;  /* bytea[] text form: the hashes the key may be stored under */
    struct str key_hash;    /* bytea text form, "\\x...": the one of them to store it under */
    struct str fingerprint; /* likewise */
    struct str operation;
};

/* One statement to run; lives in the request's memory until on_result. `params` (the statement's
 * params_count values; STR_NONE is NULL; no NUL bytes; need not be NUL-terminated) is borrowed
 * until then. A by-key read (@merge) takes the one key it wants in place of the array, and sees the
 * first row whose first column is that key, or no row. UUIDs may be in either case. */
struct db_call {
    const struct db_statement *statement;
    const struct str *params;
    int binary_param; /* 0: all are texts; else 1 + the index of a bytea parameter whose value is
                         its bytes, which may hold NUL */
    const struct db_idempotency *idempotency; /* NULL: none */
    /* Loop time; past it (within 64 ms) the call ends DB_TIMED_OUT, or DB_UNAVAILABLE if it was
     * never sent. */
    uint64_t deadline_ms;
    /* Called exactly once after a successful submit (unless cancelled), never from within
     * db_lane_submit. The result is valid during the call; db_result_retain keeps its memory. */
    void (*on_result)(struct db_call *call, const struct db_result *result);
    /* private to the lane: */
    struct db_call *next;
    void *job;
};

/* Nothing was queued on any answer but OK. BUSY: the queue is full; UNAVAILABLE: no connection has
 * been up for a second, or the lane is closing; INVALID: a value holds a NUL byte; TOO_LARGE:
 * values of more than 4 MiB, or a key of more than 1 KiB; INTERNAL: a write on a lane that takes
 * none. */
NODISCARD enum status db_lane_submit(struct db_lane *lane, struct db_call *call);
/* on_result will not be called; the statement may still run. The call's memory may be freed
 * afterwards. */
void db_lane_cancel(struct db_lane *lane, struct db_call *call);

#endif
