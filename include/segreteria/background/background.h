/* Background work of one instance, on a thread and connections of its own: writes the expiry of
 * vacancies, removes old idempotency keys, sessions and audit rows, sends mail, has documents
 * scanned, makes exports, and hears of revocations by other instances. Any number of instances may
 * run it: the statements take their rows with FOR UPDATE SKIP LOCKED.
 */
#ifndef SEGRETERIA_BACKGROUND_BACKGROUND_H
#define SEGRETERIA_BACKGROUND_BACKGROUND_H

#include "segreteria/auth/cache.h"
#include "segreteria/background/clamd.h"
#include "segreteria/core/counter.h"
#include "segreteria/core/status.h"
#include "segreteria/mail/courier.h"
#include "segreteria/worker/helpers.h"

struct background;

#define EXPORT_MAX_MIB 1024 /* as export_chunks_n_range */

struct background_options {
    const char *conninfo;
    struct helpers *helpers;
    struct auth_epochs *epochs;         /* bumped when another instance revokes something */
    _Atomic(const struct keys *) *keys; /* exchanged when the key file changes; what was there at
                                           start is the caller's, the rest lives until
                                           background_destroy */
    const char *keys_dir;    /* where the key file is, as a path this process can reach */
    const char *keys_source; /* what to call it, or "environment": then no file is read */
    unsigned audit_retention_days;
    unsigned export_max_mib;     /* at most EXPORT_MAX_MIB */
    bool counts;                 /* what waits in tables is counted now and then, for metrics */
    struct courier_options mail; /* what it points at must live as long */
    struct clamd_address clamd;  /* the virus scanner; len 0: none */
};

/* Connections it takes from the data base's allowance: always, and more while an export is made. */
#define BACKGROUND_CONNECTIONS 2
#define BACKGROUND_CONNECTIONS_MORE 2

/* *out is set whenever there is something to end, so also on some failures. */
NODISCARD enum status background_start(const struct background_options *options,
                                       struct background **out);
/* Ends the thread when the messages being sent are done, or after a few seconds, and what it was
 * doing. NULL is allowed. */
void background_stop(struct background *background);
/* Only after the helpers are destroyed: what they still did for it comes back to its loop. NULL is
 * allowed. */
void background_destroy(struct background *background);

/* ---- what it counts: its thread writes, any thread reads (core/counter.h) ---- */

#define BACKGROUND_CHORES_MAX 32
struct background_chore_metrics {
    const char *name; /* "jobs_expire" */
    struct counter runs, failures;
    struct counter rows;      /* it changed */
    struct counter last_unix; /* seconds: when it last ended well; 0: not yet */
};
struct background_metrics {
    struct background_chore_metrics chores[BACKGROUND_CHORES_MAX];
    size_t chores_count;
    struct counter counted_unix;            /* when the tables were last looked at; 0: never */
    struct counter mail_waiting, mail_dead; /* messages of the outbox */
    struct counter mail_late_s;             /* how long the oldest one is overdue */
};
/* Valid until background_destroy. */
const struct background_metrics *background_metrics(const struct background *background);

#endif
