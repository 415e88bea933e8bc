/* Inside a lane: jobs (statements to run, with all their callers), slots (connections with the jobs
 * they carry).
 *
 * A call becomes part of a job when it is submitted: of one that waits already if both are the same
 * read, or by-key reads of the same statement; else of a new one. LOOP_FLUSH binds waiting jobs and
 * sends them; results end them.
 */
#ifndef SEGRETERIA_DB_LANE_PRIVATE_H
#define SEGRETERIA_DB_LANE_PRIVATE_H

#include <libpq-fe.h>
#include <sys/queue.h>

#include "connection.h"
#include "result_private.h"
#include "segreteria/core/buf.h"
#include "segreteria/db/lane.h"

/* Bytes that kept results may hold before each caller of a by-key read gets its row in memory of
 * its own: a client that is slow to take its answer must not hold on to everybody's rows. */
#define KEPT_MAX ((size_t)8 * 1024 * 1024)
#define MERGE_MAX 128u  /* keys in one by-key read */
#define INDEX_SIZE 512u /* buckets of waiting reads; a power of two */
#define ATTEMPTS_MAX 2u /* a job is sent again at most once */
#define KEY_CANONICAL_MAX 64u

#define OWNER_OF(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

enum job_state { JOB_FREE, JOB_WAITING, JOB_SENT };

struct job {
    TAILQ_ENTRY(job)
    entry; /* in the lane's free or waiting list or its slot's sent list, as state says */
    enum job_state state;
    struct job *index_next; /* chain of waiting reads with the same bucket */
    bool indexed;
    bool alone;        /* to be sent with a sync of its own */
    bool repreparing;  /* not a caller's: prepares `statement` anew */
    bool synced;       /* on the wire a sync follows it */
    bool unsure;       /* a write whose replication was given up while it committed */
    unsigned attempts; /* times sent */
    unsigned results_left;
    uint32_t hash;
    const struct db_statement *statement;
    struct db_call *calls, **calls_tail;
    size_t calls_count;
    PGresult *result; /* of what has come so far: the first failure, else the latest */
};

TAILQ_HEAD(job_list, job);

struct slot {
    struct connection connection;
    struct db_lane *lane;
    struct job_list sent; /* in the order of their results */
    size_t depth;         /* jobs in sent */
    bool unsynced;        /* reads were sent this turn that still need their sync */
    bool unflushed;       /* something was sent this turn */
    bool at_work;         /* jobs of an earlier turn are under way */
    bool was_ready;
    uint64_t head_since_ms; /* when the head of `sent` began to be the head */
    /* setting up: */
    size_t setup_done, setup_prepared,
        setup_count; /* syncs: come, those of settings and statements, all */
    bool setup_failed;
};

struct db_lane {
    struct db_lane_options options;
    struct connection_owner owner;
    struct conninfo *conninfo;
    char application_name[64];
    struct loop_hook hook;
    struct loop_timer sweep_timer;
    struct job_list waiting, free;
    struct job *index[INDEX_SIZE];
    size_t calls_waiting; /* in waiting jobs */
    size_t calls_sent;
    uint64_t last_ready_ms; /* when a connection was last seen to be up */
    bool closing;
    bool delivered;   /* answers were given since the flush hook ran last */
    bool needs_claim; /* idempotency_claim is to be prepared, and the table does not hold it */
    struct db_budget *budget;
    struct buf scratch; /* parameter values of the job being sent */
    struct job *jobs;
    size_t jobs_count;
    struct slot *slots;
};

/* ---- lane.c ---- */
/* A connection begins or ceases to serve. */
void lane_count_slot(const struct slot *slot, bool up);
/* Begins the next connection that has not begun. */
void lane_begin_next(struct db_lane *lane);

/* ---- lane_jobs.c ---- */
NODISCARD enum status lane_jobs_create(struct db_lane *lane);
void lane_jobs_destroy(struct db_lane *lane);
/* A waiting job that the call has joined; NULL: the pool is empty. */
struct job *lane_job_join(struct db_lane *lane, struct db_call *call);
void lane_call_unlink(struct db_lane *lane, struct db_call *call);
struct job *lane_job_take_free(struct db_lane *lane);
/* Waiting -> the slot's sent list. */
void lane_job_sent(struct slot *slot, struct job *job);
/* Sent -> the head of the waiting list. */
void lane_job_again(struct slot *slot, struct job *job);
/* Frees a job that no caller waits for (any more). */
void lane_job_free(struct db_lane *lane, struct slot *slot, struct job *job);
/* Answers every caller of the job alike, then frees it. slot: NULL for a waiting job. */
void lane_job_end(struct db_lane *lane, struct slot *slot, struct job *job,
                  const struct db_result *result);
/* Answers one call that has been unlinked. */
void lane_call_end(struct db_lane *lane, struct db_call *call, const struct db_result *result);
/* The key of a by-key read in the form PostgreSQL prints it: a UUID is lower case. */
struct str lane_key(struct str key, char canonical[KEY_CANONICAL_MAX]);
uint32_t lane_hash(uint32_t seed, struct str s);

/* ---- lane_send.c ---- */
/* Sends what waits, as far as the connections take it. */
void lane_send_waiting(struct db_lane *lane);
/* Queues a job in libpq; false: it did not take it. */
bool lane_send_job(struct slot *slot, struct job *job);
/* Prepares a statement again whose result type changed, then sends the job again behind it. */
bool lane_send_reprepared(struct slot *slot, struct job *job);
bool lane_send_sync(struct slot *slot);

/* ---- lane_receive.c ---- */
void lane_receive(struct slot *slot);
void lane_lost(struct slot *slot);
/* libpq's notice receiver; context: the slot. */
void lane_notice(void *context, const PGresult *notice);

/* ---- lane_setup.c ---- */
void lane_setup_send(struct slot *slot);
void lane_setup_receive(struct slot *slot);

#endif
