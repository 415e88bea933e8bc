/* Keeps an index of the published vacancies in step with PostgreSQL, on a thread of its own, and
 * tells everybody who caches public answers that something has changed.
 *
 * It follows the change log (job_changes): rows that are visible now and were not in the snapshot
 * of its last reading, so nothing is passed over however transactions overlap. NOTIFY wakes it; it
 * also looks every second, and after every reconnect. While it cannot read, nobody may answer from
 * the index or from a cache (search_feed_is_live). The index is loaded at start, and anew when the
 * log no longer reaches back to where this server was, or when it is another server's log.
 */
#ifndef SEGRETERIA_SEARCH_FEED_H
#define SEGRETERIA_SEARCH_FEED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "segreteria/core/buf.h"
#include "segreteria/core/status.h"
#include "segreteria/search/index.h"
#include "segreteria/worker/helpers.h"
#include "segreteria/worker/loop.h"

struct search_feed;

/* Connections it takes from the data base's allowance: log, LISTEN, and two while it loads. */
#define SEARCH_FEED_CONNECTIONS 4

struct search_feed_options {
    const char *conninfo;    /* borrowed */
    struct helpers *helpers; /* name resolution, cancelling */
    size_t memory_limit;     /* bytes of the index; 0: no index, the log alone is followed */
};

NODISCARD enum status search_feed_create(const struct search_feed_options *options,
                                         struct search_feed **out);
/* Begins to read. After every port was attached. */
NODISCARD enum status search_feed_start(struct search_feed *feed);
/* Ends the thread and everything under way. NULL is allowed. */
void search_feed_stop(struct search_feed *feed);
/* After the helpers are destroyed and all ports are detached. NULL is allowed. */
void search_feed_destroy(struct search_feed *feed);

/* ---- a worker's side ---- */

/* One for each worker; embedded in it; lives until its loop is destroyed. */
struct search_port {
    struct search_reader *reader;   /* NULL: there is no index to ask now */
    struct search_scratch *scratch; /* for queries on this thread */
    /* private: */
    struct search_feed *feed;
    struct loop *loop;
    struct search_port *next;
    struct loop_message message;
    struct search_index *wanted;
};
/* Before search_feed_start. */
NODISCARD enum status search_port_attach(struct search_feed *feed, struct search_port *port,
                                         struct loop *loop);
/* After the port's loop and the feed's thread have ended, before either is destroyed. No-op if it
 * was not attached. */
void search_port_detach(struct search_port *port);

/* True when the log has been read a moment ago: what the port's index or a cache says is as fresh
 * as it can be. Any thread. */
bool search_feed_is_live(const struct search_feed *feed, uint64_t now_ms);
/* Counts the times that public vacancies changed: what was made under the same number (taken before
 * it was read) is still right while the feed is live. Any thread. */
uint64_t search_feed_epoch(const struct search_feed *feed);

/* The dictionaries of the vacancies seen so far, as bits: a query planned for fewer misses some.
 * Any thread. */
uint64_t search_feed_dictionaries(const struct search_feed *feed);

/* Read your writes: after a write is committed, on_seen is called (on the port's loop, in another
 * turn) once the index and the epoch show it; at once when the feed is not live, because then
 * nobody answers from them; after SEARCH_WAIT_MAX_MS in any case. Owned by the feed meanwhile. */
#define SEARCH_WAIT_MAX_MS 1000u
struct search_wait {
    void (*on_seen)(struct search_wait *wait);
    void *context;
    /* private: */
    struct loop_message message;
    struct search_feed *feed;
    struct loop *loop;
    struct search_wait *next;
    uint64_t since_ms;
};
void search_feed_wait(struct search_port *port, struct search_wait *wait);

/* How far the log was read to its end: "SERVER SNAPSHOT", PostgreSQL's system identifier and
 * timeline, and a pg_snapshot. An index that a port was given shows at least what that snapshot
 * shows. Appended; any thread. */
void search_feed_place(struct search_feed *feed, struct buf *out);

/* What operators want to know. Any thread. */
struct search_feed_stats {
    bool live;        /* the log is followed */
    bool ready;       /* the index is loaded and in step */
    bool over_limit;  /* it did not fit into the memory it may take */
    uint64_t epoch;   /* times that changes came */
    uint64_t changes; /* log rows read */
    uint64_t loads;   /* of everything */
    uint64_t load_ms; /* the last took */
    uint64_t read_ms; /* monotonic time of the last complete reading of the log; 0: none yet */
    uint64_t lag_us;  /* the last reading of the log that brought something took, applied */
    struct search_stats index;
};
void search_feed_stats(struct search_feed *feed, struct search_feed_stats *out);

#endif
