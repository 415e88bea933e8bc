/* The operators' listener: /livez, /readyz, /metrics and what `segreteria search check` asks for,
 * on an address of its own and a thread of its own, so that it answers while workers are busy. It
 * has no authentication: whoever can reach it may ask. Nothing it says is about a person.
 */
#ifndef SEGRETERIA_OPS_OPS_H
#define SEGRETERIA_OPS_OPS_H

#include "segreteria/api/worker.h"
#include "segreteria/background/background.h"
#include "segreteria/core/status.h"
#include "segreteria/db/lane_metrics.h"
#include "segreteria/http/metrics.h"

struct ops;

#define OPS_LANES 3 /* read, write, slow */
extern const char *const ops_lane_names[OPS_LANES];

/* What is counted of one worker; outlives the ops thread. */
struct ops_worker {
    struct http_metrics http;
    struct db_lane_metrics lanes[OPS_LANES];
    const struct api_metrics *api;
};

struct ops_options {
    int listen_fd; /* bound, listening, non-blocking; the caller's */
    const char *version;
    struct api_shared *shared;
    const struct ops_worker *const *workers;
    size_t workers_count;
    const struct background *background;
    size_t search_memory_limit; /* bytes */
};

/* *out is set whenever there is something to end. Everything in the options outlives it. Before
 * search_feed_start (it asks the index as workers do). */
NODISCARD enum status ops_create(const struct ops_options *options, struct ops **out);
/* background: set by now. */
NODISCARD enum status ops_start(struct ops *ops, const struct background *background);
/* Ends the thread; requests under way are cut. NULL is allowed. */
void ops_stop(struct ops *ops);
/* After the feed's thread has ended: lets go of the index. Between the two nothing posts to it any
 * more. NULL is allowed. */
void ops_detach(struct ops *ops);
/* After the feed is destroyed. NULL is allowed. */
void ops_destroy(struct ops *ops);

#endif
