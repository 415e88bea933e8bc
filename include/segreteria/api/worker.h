/* What one worker thread needs to run operations. Filled by `serve` before the loop runs; the
 * shared parts are immutable or atomic.
 */
#ifndef SEGRETERIA_API_WORKER_H
#define SEGRETERIA_API_WORKER_H

#include <stdatomic.h>
#include <stdbool.h>

#include "segreteria/api/metrics.h"
#include "segreteria/auth/cache.h"
#include "segreteria/auth/keys.h"
#include "segreteria/auth/rate.h"
#include "segreteria/contract/contract.h"
#include "segreteria/core/status.h"
#include "segreteria/db/constraints.h"
#include "segreteria/db/lane.h"
#include "segreteria/http/server.h"
#include "segreteria/lint/lint.h"
#include "segreteria/search/feed.h"
#include "segreteria/worker/helpers.h"
#include "segreteria/worker/loop.h"

struct api_table; /* operations of the contract with their handlers */

/* What the pages about this server say of it. */
struct api_site {
    const char *url;                     /* where people find it, without a slash at the end; NULL:
                                            not known */
    const struct str *security_contacts; /* URIs; none: there is no security.txt */
    size_t security_contacts_count;
};

/* One for the process. */
struct api_shared {
    const struct contract *contract;
    const struct api_table *table;
    /* Exchanged when the key file changes; a former ring stays valid. Read once for a request:
     * api_call has it. */
    _Atomic(const struct keys *) keys;
    const struct lint *lint;                  /* what vacancies may not say */
    const struct db_constraints *constraints; /* NULL: constraints go without a pointer */
    struct auth_epochs epochs;
    struct rate_limiter *limiter;     /* NULL: no limits */
    struct helpers *helpers;          /* name resolution */
    struct helpers *password_helpers; /* Argon2id: yields to everything else */
    struct search_feed *feed;
    struct api_site site;
    const char *spool_dir;    /* for answers of streams; on the data directory's disk */
    _Atomic unsigned ready;   /* workers whose lanes are all up */
    _Atomic uint64_t spooled; /* bytes in them now */
    unsigned workers;
    atomic_bool draining; /* readiness is false from here on */
};

/* One for each worker thread. */
struct api_worker {
    struct api_shared *shared;
    struct loop *loop;
    struct db_lane *read, *write, *slow;
    struct auth_cache *tokens;
    struct search_port search;
    struct plans *plans;    /* made by PostgreSQL */
    struct plans *meanings; /* of the words and names of searches */
    bool folds_otherwise;   /* the data base's lower() is not what src/search/fold.c takes it for */
    struct answers *answers;
    struct api_metrics metrics;
    struct cards *cards;
    unsigned streams;                    /* answers that are made while they are sent */
    struct http_application application; /* give its address to the http server */
    bool was_ready;                      /* counted in shared->ready */
    unsigned batches;                    /* running */
    unsigned uploads;                    /* of documents, running */
};

/* Checks that every operation of the contract has a handler and the other way round. error names
 * what is missing. */
NODISCARD enum status api_table_create(const struct contract *contract, struct api_table **out,
                                       struct buf *error);
void api_table_destroy(struct api_table *table);

/* Sets worker->application. */
void api_worker_init(struct api_worker *worker, struct api_shared *shared, struct loop *loop);
/* Keeps shared->ready true to the lanes; called by a timer of the worker and by /readyz. */
bool api_worker_ready(struct api_worker *worker);

#endif
