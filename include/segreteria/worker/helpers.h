/* A small pool of threads for work that would hold up a loop (Argon2id, name resolution; each has a
 * pool of its own, so that neither waits for the other). Bounded: a full queue answers STATUS_BUSY
 * at once. Thread-safe.
 */
#ifndef SEGRETERIA_WORKER_HELPERS_H
#define SEGRETERIA_WORKER_HELPERS_H

#include <stdbool.h>
#include <stddef.h>

#include "segreteria/core/status.h"
#include "segreteria/worker/loop.h"

struct helpers;

/* Embedded in its owner, which must live until `done` has been called. */
struct helper_job {
    void (*work)(struct helper_job *job); /* on a helper thread; owns the job's data meanwhile */
    void (*done)(struct helper_job *job); /* on the loop that submitted, after work returned */
    struct loop *loop;
    struct loop_message message; /* private */
    struct helper_job *next;     /* private */
};

NODISCARD enum status helpers_create(size_t threads, size_t queue_max, struct helpers **out);
/* The same with threads that give way to all others of the machine (a raised nice value and batch
 * scheduling): for long computations. Where the system does not allow it, they run as others do. */
NODISCARD enum status helpers_create_yielding(size_t threads, size_t queue_max,
                                              struct helpers **out);
/* Finishes what is queued (its `done` messages are posted; their loops must still exist), then
 * joins. */
void helpers_destroy(struct helpers *helpers);
NODISCARD enum status helpers_submit(struct helpers *helpers, struct helper_job *job);
/* Takes a job out of the queue. True: neither work nor done will be called, the owner has it back.
 * False: it is at work or done already. Only on the loop that submitted. */
NODISCARD bool helpers_cancel(struct helpers *helpers, struct helper_job *job);
/* Whether a job submitted now would be refused; by the time it is, that may have changed. */
bool helpers_full(const struct helpers *helpers);

#define HELPERS_DETACHED_MAX 8
/* Work that may block for as long as a silent peer likes, and that nobody waits for: it gets a
 * thread of its own, so that it holds up no job. `work` owns data. BUSY when that many run. A
 * destroyed pool waits for it a moment only. */
NODISCARD enum status helpers_detach(struct helpers *helpers, void (*work)(void *data), void *data);

/* Jobs that wait, how many may, and the threads of the pool. */
size_t helpers_queued(const struct helpers *helpers);
size_t helpers_queue_max(const struct helpers *helpers);
size_t helpers_threads(const struct helpers *helpers);

#endif
