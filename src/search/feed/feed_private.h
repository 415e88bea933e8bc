/* Inside the feed. Everything is the feed thread's own but for what is marked. */
#ifndef SEGRETERIA_SEARCH_FEED_PRIVATE_H
#define SEGRETERIA_SEARCH_FEED_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "segreteria/core/arena.h"
#include "segreteria/core/buf.h"
#include "segreteria/core/clock.h"
#include "segreteria/db/lane.h"
#include "segreteria/db/listen.h"
#include "segreteria/search/feed.h"

#define OWNER_OF(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

#define SNAPSHOT_MAX ((size_t)64 * 1024) /* bytes of a pg_snapshot's text: thousands of xids */
#define SERVER_SIZE 64u
#define TXID_SIZE 24u
#define LOADERS 2

/* Where a row's columns are, looked up once a result. */
enum feed_column {
    COLUMN_ID,
    COLUMN_PUBLISHED,
    COLUMN_VALID_DAY,
    COLUMN_DICTIONARY,
    COLUMN_OFFICE_DAYS,
    COLUMN_LATITUDE,
    COLUMN_LONGITUDE,
    COLUMN_CURRENCY,
    COLUMN_LOW,
    COLUMN_HIGH,
    COLUMN_ROLE,
    COLUMN_EMPLOYMENT_TYPE,
    COLUMN_CONTRACT,
    COLUMN_WORK_MODE,
    COLUMN_CONFIDENTIALITY,
    COLUMN_COUNTRY,
    COLUMN_REGION,
    COLUMN_CITY,
    COLUMN_COMPANY,
    COLUMN_LANGUAGES,
    COLUMN_LEVELS,
    COLUMN_MUSTS,
    COLUMN_TOOLS,
    COLUMN_SOFT_SKILLS,
    COLUMN_DUTIES,
    COLUMN_WORDS,
    FEED_COLUMNS
};
extern const char *const feed_column_names[FEED_COLUMNS];

/* document.c: the vacancy of one row of job_search_feed, in the arena; `values` by enum feed_column
 * are borrowed. sent: the words are as PostgreSQL sends them in binary, else as text. INVALID: not
 * what the view gives. */
NODISCARD enum status feed_document(struct arena *arena, const struct str values[FEED_COLUMNS],
                                    bool sent, struct search_document *out);

enum index_state {
    INDEX_NONE,    /* there is none: not wanted, or it did not fit */
    INDEX_PLANNED, /* the load's bounds have been asked for */
    INDEX_LOADING,
    INDEX_CATCHING_UP, /* what changed during the load is being read */
    INDEX_READY,       /* the ports have it */
    INDEX_CLOSING      /* the ports let go of it; then it is loaded anew, or not */
};

struct loader {
    struct helper_job job;
    struct search_feed *feed;
    char from[64], until[64];
    enum status status;
};

/* A finished segment on its way from a loader to the feed. */
struct segment_message {
    struct loop_message message;
    struct search_feed *feed;
    struct search_segment *segment;
};

struct search_feed {
    struct search_feed_options options;
    struct loop *loop;
    struct db_lane *lane;
    struct db_listener *listener;
    struct helpers *own_helpers;      /* what searches wait for: the load, the first lexicon */
    struct helpers *yielding_helpers; /* what they do not: merges, later lexicons */
    pthread_t thread;
    bool thread_runs;
    atomic_bool stopping; /* any thread */

    struct search_port *ports;

    /* the log */
    struct db_call call;
    struct str params[5];
    bool reading, again;
    bool rewind; /* the next reading begins where the load did */
    bool listening;
    struct loop_timer poll_timer;
    struct buf last;   /* the snapshot up to which all has been read; empty: none yet */
    struct buf target; /* that of the first page of the present reading */
    char server[SERVER_SIZE];
    char after_txid[TXID_SIZE], after_job[UUID_TEXT_SIZE];
    uint64_t read_began_us;
    uint64_t told_ms;                            /* when the log last heard how the feed is */
    bool brought;                                /* the present reading has brought a change */
    struct search_wait *waits, **waits_tail;     /* to be covered by the next reading */
    struct search_wait *covered, **covered_tail; /* by the present one */
    struct loop_timer wait_timer;

    /* the index */
    enum index_state state;
    struct search_index *index;
    bool reload_wanted;  /* after closing */
    unsigned ports_open; /* ports that have not answered yet */
    bool ports_told;     /* to let go */
    atomic_bool load_cancelled;
    struct db_call plan_call;
    bool planning;
    struct buf plan_snapshot;
    struct loader loaders[LOADERS];
    unsigned loaders_running;
    enum status load_status;
    uint64_t load_began_us;
    struct loop_timer load_timer; /* to try again */
    unsigned load_failures;
    struct helper_job merge_job;
    struct search_merge *merge;
    enum status merge_status;
    struct loop_timer merge_timer;
    struct helper_job lexicon_job;
    bool making_lexicon, lexicon_stale;
    bool has_lexicon;               /* the index */
    struct search_lexicon *lexicon; /* made, not yet published */
    enum status lexicon_status;
    int32_t lexicon_day; /* for which it is or was made, days since 1970-01-01 (UTC) */
    uint64_t lexicon_began_us, lexicon_rest_until_ms;
    uint64_t lexicon_cost_us; /* processor time of the last making */
    struct loop_timer lexicon_timer;
    struct arena arena; /* of one batch of changes */

    /* told to other threads */
    _Atomic uint64_t live_until_ms, epoch, dictionaries;
    _Atomic uint64_t changes, loads, load_ms, lag_us, read_ms;
    _Atomic bool ready, over_limit;
    pthread_mutex_t stats_lock; /* of index_stats and place */
    struct search_stats index_stats;
    struct buf place; /* likewise under the lock */
};

/* follow.c */
void feed_follow_init(struct search_feed *feed);
void feed_read_log(struct search_feed *feed);  /* now, or again after the reading under way */
void feed_read_soon(struct search_feed *feed); /* the same, but not as often as one likes */
void feed_release_waits(struct search_feed *feed);

/* load.c */
void feed_load_init(struct search_feed *feed);
void feed_load_begin(struct search_feed *feed);
/* All that the log says since the load's snapshot has been applied. */
void feed_load_caught_up(struct search_feed *feed);
/* Takes the index from the ports, and loads it anew (or not). */
void feed_index_close(struct search_feed *feed, bool reload);
/* Something that used the index has ended: closing goes on. */
void feed_index_released(struct search_feed *feed);
/* A page of the log: applies it, if there is an index that wants it. */
void feed_apply(struct search_feed *feed, const struct db_result *result);
void feed_publish_stats(struct search_feed *feed);
/* A reading is complete up to feed->last. */
void feed_publish_place(struct search_feed *feed);

/* lexicon.c */
void feed_lexicon_soon(struct search_feed *feed);
void feed_lexicon_look(struct search_feed *feed); /* now and then: whether the day is over */
void feed_lexicon_init(struct search_feed *feed);

/* merge.c */
void feed_merge_soon(struct search_feed *feed);
void feed_merge_init(struct search_feed *feed);

#endif
