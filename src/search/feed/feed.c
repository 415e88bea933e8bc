/* The feed's life: its thread, its connections, its ports, and what it tells other threads. */
#include <stdio.h>
#include <stdlib.h>

#include "feed_private.h"
#include "generated/statements.h"
#include "segreteria/core/log.h"

#define STATEMENT_TIMEOUT_MS 30000
#define BATCH_MEMORY_MAX ((size_t)256 * 1024 * 1024)

static void *thread_main(void *context) {
    struct search_feed *feed = context;
    loop_run(feed->loop);
    return NULL;
}

static void on_notify(void *context, const char *channel, const char *payload) {
    struct search_feed *feed = context;
    (void)channel;
    (void)payload;
    feed_read_soon(feed);
}

/* What was said while nobody listened is unknown. */
static void on_listening(void *context) {
    struct search_feed *feed = context;
    feed->listening = true;
    feed_read_log(feed);
}

static void on_deaf(void *context) { ((struct search_feed *)context)->listening = false; }

/* ---- life ---- */

enum status search_feed_create(const struct search_feed_options *options,
                               struct search_feed **out) {
    struct search_feed *feed = calloc(1, sizeof *feed);
    if (feed == NULL)
        return STATUS_NO_MEMORY;
    feed->options = *options;
    arena_init(&feed->arena, BATCH_MEMORY_MAX);
    buf_init(&feed->last, SNAPSHOT_MAX);
    buf_init(&feed->target, SNAPSHOT_MAX);
    buf_init(&feed->plan_snapshot, SNAPSHOT_MAX);
    buf_init(&feed->place, SNAPSHOT_MAX + SERVER_SIZE + 1);
    feed_follow_init(feed);
    feed_load_init(feed);
    feed_merge_init(feed);
    feed_lexicon_init(feed);
    (void)pthread_mutex_init(&feed->stats_lock, NULL);
    enum status status = loop_create(&feed->loop);
    if (status == STATUS_OK)
        status = helpers_create(LOADERS, LOADERS + 1, &feed->own_helpers);
    if (status == STATUS_OK)
        status = helpers_create_yielding(2, 2, &feed->yielding_helpers);
    if (status != STATUS_OK) {
        search_feed_destroy(feed);
        return status;
    }
    *out = feed;
    return STATUS_OK;
}

static enum status open_connections(struct search_feed *feed) {
    static const struct db_statement *const statements[] = {&stmt_search_feed_changes,
                                                            &stmt_search_feed_plan};
    static const char *const channels[] = {"segreteria_jobs"};
    const struct db_lane_options lane = {.name = "search",
                                         .conninfo = feed->options.conninfo,
                                         .loop = feed->loop,
                                         .helpers = feed->options.helpers,
                                         .statements = statements,
                                         .statements_count = sizeof statements / sizeof *statements,
                                         .connections = 1,
                                         .depth_max = 2,
                                         .queue_max = 4,
                                         .statement_timeout_ms = STATEMENT_TIMEOUT_MS,
                                         .write = true};
    const struct db_listener_options listener = {.conninfo = feed->options.conninfo,
                                                 .loop = feed->loop,
                                                 .helpers = feed->options.helpers,
                                                 .channels = channels,
                                                 .channels_count = 1,
                                                 .context = feed,
                                                 .on_notify = on_notify,
                                                 .on_listening = on_listening,
                                                 .on_deaf = on_deaf};
    enum status status = db_lane_create(&lane, &feed->lane);
    return status == STATUS_OK ? db_listener_create(&listener, &feed->listener) : status;
}

enum status search_feed_start(struct search_feed *feed) {
    enum status status = open_connections(feed);
    if (status != STATUS_OK)
        return status;
    feed_read_log(feed);
    if (feed->options.memory_limit > 0)
        feed_load_begin(feed);
    feed->thread_runs = pthread_create(&feed->thread, NULL, thread_main, feed) == 0;
    return feed->thread_runs ? STATUS_OK : STATUS_NO_MEMORY;
}

void search_feed_stop(struct search_feed *feed) {
    if (feed == NULL)
        return;
    atomic_store(&feed->stopping, true);
    if (feed->thread_runs) {
        loop_stop(feed->loop);
        (void)pthread_join(feed->thread, NULL);
    }
    feed->thread_runs = false;
    db_listener_destroy(feed->listener);
    feed->listener = NULL;
    if (feed->lane != NULL) {
        if (feed->reading)
            db_lane_cancel(feed->lane, &feed->call);
        if (feed->planning)
            db_lane_cancel(feed->lane, &feed->plan_call);
        db_lane_destroy(feed->lane);
    }
    feed->lane = NULL;
    helpers_destroy(feed->own_helpers); /* what they still say is heard when the loop goes */
    feed->own_helpers = NULL;
    helpers_destroy(feed->yielding_helpers);
    feed->yielding_helpers = NULL;
}

void search_feed_destroy(struct search_feed *feed) {
    if (feed == NULL)
        return;
    helpers_destroy(feed->own_helpers);
    helpers_destroy(feed->yielding_helpers);
    atomic_store(&feed->stopping, true);
    loop_destroy(feed->loop);
    feed_release_waits(feed);
    search_index_destroy(feed->index);
    arena_deinit(&feed->arena);
    buf_deinit(&feed->last);
    buf_deinit(&feed->target);
    buf_deinit(&feed->plan_snapshot);
    buf_deinit(&feed->place);
    (void)pthread_mutex_destroy(&feed->stats_lock);
    free(feed);
}

/* ---- ports ---- */

enum status search_port_attach(struct search_feed *feed, struct search_port *port,
                               struct loop *loop) {
    *port = (struct search_port){.feed = feed, .loop = loop, .next = feed->ports};
    enum status status = search_scratch_create(&port->scratch);
    if (status == STATUS_OK)
        feed->ports = port;
    return status;
}

void search_port_detach(struct search_port *port) {
    if (port->reader != NULL)
        search_reader_unregister(port->reader);
    search_scratch_destroy(port->scratch);
    port->reader = NULL;
    port->scratch = NULL;
    port->loop = NULL;
}

/* ---- what others ask ---- */

bool search_feed_is_live(const struct search_feed *feed, uint64_t now_ms) {
    return now_ms < atomic_load_explicit(&feed->live_until_ms, memory_order_acquire);
}

uint64_t search_feed_epoch(const struct search_feed *feed) {
    return atomic_load_explicit(&feed->epoch, memory_order_acquire);
}

uint64_t search_feed_dictionaries(const struct search_feed *feed) {
    return atomic_load_explicit(&feed->dictionaries, memory_order_relaxed);
}

void search_feed_stats(struct search_feed *feed, struct search_feed_stats *out) {
    *out = (struct search_feed_stats){
        .live = search_feed_is_live(feed, clock_monotonic_ms()),
        .ready = atomic_load(&feed->ready),
        .over_limit = atomic_load(&feed->over_limit),
        .epoch = atomic_load(&feed->epoch),
        .changes = atomic_load(&feed->changes),
        .loads = atomic_load(&feed->loads),
        .load_ms = atomic_load(&feed->load_ms),
        .read_ms = atomic_load(&feed->read_ms),
        .lag_us = atomic_load(&feed->lag_us),
    };
    (void)pthread_mutex_lock(&feed->stats_lock);
    out->index = feed->index_stats;
    (void)pthread_mutex_unlock(&feed->stats_lock);
}

void feed_publish_place(struct search_feed *feed) {
    (void)pthread_mutex_lock(&feed->stats_lock);
    buf_clear(&feed->place);
    buf_append_text(&feed->place, feed->server);
    buf_append_char(&feed->place, ' ');
    buf_append(&feed->place, buf_str(&feed->last));
    (void)pthread_mutex_unlock(&feed->stats_lock);
}

void search_feed_place(struct search_feed *feed, struct buf *out) {
    (void)pthread_mutex_lock(&feed->stats_lock);
    buf_append(out, buf_str(&feed->place));
    (void)pthread_mutex_unlock(&feed->stats_lock);
}

void feed_publish_stats(struct search_feed *feed) {
    struct search_stats stats = {0};
    if (feed->index != NULL)
        search_index_stats(feed->index, &stats);
    (void)pthread_mutex_lock(&feed->stats_lock);
    feed->index_stats = stats;
    (void)pthread_mutex_unlock(&feed->stats_lock);
}
