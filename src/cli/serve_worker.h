/* One worker thread of `serve`: its loop, lanes and HTTP server. */
#ifndef SEGRETERIA_CLI_SERVE_WORKER_H
#define SEGRETERIA_CLI_SERVE_WORKER_H

#include <pthread.h>
#include <stdatomic.h>

#include "options.h"
#include "segreteria/api/worker.h"
#include "segreteria/ops/ops.h"

#define SERVE_STATEMENTS_MAX 128

/* The statements of one lane: a connection prepares only what it may run, which keeps the start
 * short. */
struct serve_statements {
    const struct db_statement *list[SERVE_STATEMENTS_MAX];
    size_t count;
};

struct serve_worker {
    struct api_worker api;
    struct http_server *http;
    struct ops_worker counted;
    struct serve_statements statements[3]; /* by enum db_statement_kind */
    const struct serve_options *options;
    pthread_t thread;
    bool thread_runs;
    struct loop_message drain_message;
    struct loop_hook ready_hook;
    struct loop_timer ready_timer, drain_timer;
    uint64_t drain_until_ms;
    bool draining;
};

/* Connections a worker takes from the data base's allowance. */
size_t serve_worker_connections(const struct serve_options *options);

/* Makes everything and starts the thread. On failure stop and destroy still have to be called. */
NODISCARD enum status serve_worker_start(struct serve_worker *worker, struct api_shared *shared,
                                         const struct serve_options *options, const char *conninfo,
                                         int listen_fd);
/* From another thread: no new connections; the thread ends when the running requests have ended or
 * their time is up. */
void serve_worker_drain(struct serve_worker *worker);
/* Waits for the thread, then lets go of everything but the loop (helpers may still post to it). */
void serve_worker_join(struct serve_worker *worker);
/* After the helpers have ended. */
void serve_worker_destroy(struct serve_worker *worker);

#endif
