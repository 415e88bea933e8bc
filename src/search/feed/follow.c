/* Following the change log. A reading asks, page by page, for what its last snapshot did not show;
 * the snapshot of its first page is the last one of the next reading. What is committed while it
 * goes on is perhaps read twice, never passed over. */
#include <stdio.h>
#include <string.h>

#include "feed_private.h"
#include "generated/statements.h"
#include "segreteria/core/log.h"

#define PAGE "500"
#define PAGE_CHANGES 500u
#define POLL_MS 1000u
#define POLL_DEAF_MS 50u /* nobody tells of changes */
#define RETRY_MS 100u    /* after a reading that failed */
#define PACE_US                                                                                    \
    4000u             /* a notification this soon after the last reading began waits for a timer   \
                       */
#define LIVE_MS 3000u /* after a reading, what it brought counts as the present state */
#define TELL_MS 300000u
#define READ_DEADLINE_MS 20000u
#define NO_JOB "00000000-0000-0000-0000-000000000000"

static void begin(struct search_feed *feed);

static void poll_in(struct search_feed *feed, uint64_t ms) {
    uint64_t due_ms = loop_now_ms(feed->loop) + ms;
    if (feed->poll_timer.link == NULL || feed->poll_timer.due_ms > due_ms)
        loop_timer_set(feed->loop, &feed->poll_timer, due_ms);
}

/* ---- those who wait for their own writes ---- */

static void send_back(struct search_wait *wait) { loop_post(wait->loop, &wait->message); }

static void on_seen(struct loop_message *message) {
    struct search_wait *wait = OWNER_OF(message, struct search_wait, message);
    wait->on_seen(wait);
}

static void release(struct search_wait **list, struct search_wait ***tail, uint64_t before_ms) {
    struct search_wait *wait = *list;
    while (wait != NULL && wait->since_ms <= before_ms) {
        struct search_wait *next = wait->next;
        wait->message.deliver = on_seen;
        send_back(wait);
        wait = next;
    }
    *list = wait;
    if (wait == NULL)
        *tail = list;
}

void feed_release_waits(struct search_feed *feed) {
    release(&feed->covered, &feed->covered_tail, UINT64_MAX);
    release(&feed->waits, &feed->waits_tail, UINT64_MAX);
}

static void on_wait_timer(struct loop_timer *timer) {
    struct search_feed *feed = OWNER_OF(timer, struct search_feed, wait_timer);
    uint64_t now = loop_now_ms(feed->loop);
    release(&feed->covered, &feed->covered_tail, now - SEARCH_WAIT_MAX_MS);
    release(&feed->waits, &feed->waits_tail, now - SEARCH_WAIT_MAX_MS);
    if (feed->covered != NULL || feed->waits != NULL)
        loop_timer_set(feed->loop, timer, now + SEARCH_WAIT_MAX_MS / 8);
}

/* On the feed's thread. */
static void on_wait(struct loop_message *message) {
    struct search_wait *wait = OWNER_OF(message, struct search_wait, message);
    struct search_feed *feed = wait->feed;
    wait->since_ms = loop_now_ms(feed->loop);
    wait->next = NULL;
    *feed->waits_tail = wait;
    feed->waits_tail = &wait->next;
    if (atomic_load(&feed->stopping) || !search_feed_is_live(feed, wait->since_ms)) {
        release(&feed->waits, &feed->waits_tail, UINT64_MAX);
        return;
    }
    if (feed->wait_timer.link == NULL)
        loop_timer_set(feed->loop, &feed->wait_timer, wait->since_ms + SEARCH_WAIT_MAX_MS / 8);
    feed_read_log(feed);
}

void search_feed_wait(struct search_port *port, struct search_wait *wait) {
    wait->feed = port->feed;
    wait->loop = port->loop;
    wait->message.deliver = on_wait;
    loop_post(port->feed->loop, &wait->message);
}

/* ---- a reading ---- */

static void fail(struct search_feed *feed) {
    feed->reading = false;
    atomic_store(&feed->live_until_ms, 0);
    feed_release_waits(feed);
    poll_in(feed, RETRY_MS);
}

static void stay_live(struct search_feed *feed) {
    atomic_store_explicit(&feed->live_until_ms, loop_now_ms(feed->loop) + LIVE_MS,
                          memory_order_release);
}

/* All pages have been read. */
static void finish(struct search_feed *feed) {
    buf_clear(&feed->last);
    buf_append(&feed->last, buf_str(&feed->target));
    feed->reading = false;
    feed_publish_place(feed);
    stay_live(feed);
    atomic_store(&feed->read_ms, loop_now_ms(feed->loop));
    if (feed->brought) {
        atomic_store(&feed->lag_us, clock_monotonic_us() - feed->read_began_us);
        feed_publish_stats(feed);
    }
    release(&feed->covered, &feed->covered_tail, UINT64_MAX);
    if (feed->state == INDEX_CATCHING_UP)
        feed_load_caught_up(feed);
    if (feed->waits != NULL || feed->again)
        begin(feed);
    else
        poll_in(feed, feed->listening ? POLL_MS : POLL_DEAF_MS);
}

/* The log is another server's, or no longer reaches back: what was missed is unknown. */
static void start_over(struct search_feed *feed, const char *why) {
    log_warn("search_feed_starts_over", "why=%s", why);
    (void)atomic_fetch_add(&feed->epoch, 1);
    buf_clear(&feed->last);
    feed->reading = false;
    feed->rewind = false;
    if (feed->state != INDEX_NONE)
        feed_index_close(feed, true);
    begin(feed);
}

static void submit(struct search_feed *feed);

static void on_page(struct search_feed *feed, const struct db_result *result) {
    struct str server = db_result_get(result, "server");
    uint64_t changes = 0;
    if (feed->server[0] != '\0' && !str_eq(server, str_of(feed->server))) {
        feed->server[0] = '\0';
        start_over(feed, "another_server");
        return;
    }
    if (feed->last.len > 0 && str_eq(db_result_get(result, "purged"), STR("t"))) {
        start_over(feed, "log_purged");
        return;
    }
    if (feed->target.len == 0)
        buf_append(&feed->target, db_result_get(result, "snapshot"));
    if (!str_copy(server, feed->server, sizeof feed->server) ||
        buf_status(&feed->target) != STATUS_OK ||
        str_to_u64(db_result_get(result, "changes"), UINT32_MAX, &changes) != STATUS_OK) {
        log_error("search_feed_unreadable", "rows=%zu", db_result_rows(result));
        fail(feed);
        return;
    }
    if (changes > 0) {
        feed->brought = true;
        if (feed->state == INDEX_CATCHING_UP || feed->state == INDEX_READY)
            feed_apply(feed, result);
        (void)atomic_fetch_add(&feed->changes, changes);
        (void)atomic_fetch_add(&feed->epoch, 1); /* after the index has it */
    }
    if (changes < PAGE_CHANGES) {
        finish(feed);
    } else if (str_copy(db_result_get(result, "last_txid"), feed->after_txid,
                        sizeof feed->after_txid) &&
               str_copy(db_result_get(result, "last_job"), feed->after_job,
                        sizeof feed->after_job)) {
        stay_live(feed);
        submit(feed);
    } else {
        log_error("search_feed_unreadable", "rows=%zu", db_result_rows(result));
        fail(feed);
    }
}

static void on_result(struct db_call *call, const struct db_result *result) {
    struct search_feed *feed = OWNER_OF(call, struct search_feed, call);
    if (db_result_outcome(result) != DB_DONE || db_result_rows(result) == 0) {
        if (db_result_outcome(result) != DB_UNAVAILABLE)
            log_warn("search_feed_read_failed", "sqlstate=%s", db_result_sqlstate(result));
        fail(feed);
        return;
    }
    on_page(feed, result);
}

static struct str param_value(struct search_feed *feed, const char *name) {
    if (strcmp(name, "last") == 0)
        return feed->last.len > 0 ? buf_str(&feed->last) : STR_NONE;
    if (strcmp(name, "after_txid") == 0)
        return str_of(feed->after_txid);
    if (strcmp(name, "after_job") == 0)
        return str_of(feed->after_job);
    if (strcmp(name, "rows") == 0)
        return feed->state == INDEX_CATCHING_UP || feed->state == INDEX_READY ? STR("true")
                                                                              : STR("false");
    return STR(PAGE);
}

static void submit(struct search_feed *feed) {
    const struct db_statement *statement = &stmt_search_feed_changes;
    for (size_t i = 0; i < statement->params_count; i++)
        feed->params[i] = param_value(feed, statement->params[i]);
    feed->call = (struct db_call){.statement = statement,
                                  .params = feed->params,
                                  .deadline_ms = loop_now_ms(feed->loop) + READ_DEADLINE_MS,
                                  .on_result = on_result};
    if (db_lane_submit(feed->lane, &feed->call) != STATUS_OK)
        fail(feed);
}

static void begin(struct search_feed *feed) {
    if (feed->reading || buf_status(&feed->last) != STATUS_OK)
        return;
    loop_timer_clear(feed->loop, &feed->poll_timer);
    feed->reading = true;
    feed->again = false;
    feed->brought = false;
    if (feed->rewind) { /* what changed while the index was loaded */
        feed->rewind = false;
        feed->state = INDEX_CATCHING_UP;
        buf_clear(&feed->last);
        buf_append(&feed->last, buf_str(&feed->plan_snapshot));
    }
    *feed->covered_tail = feed->waits;
    if (feed->waits != NULL)
        feed->covered_tail = feed->waits_tail;
    feed->waits = NULL;
    feed->waits_tail = &feed->waits;
    buf_clear(&feed->target);
    (void)str_copy(STR("0"), feed->after_txid, sizeof feed->after_txid);
    (void)str_copy(STR(NO_JOB), feed->after_job, sizeof feed->after_job);
    feed->read_began_us = clock_monotonic_us();
    submit(feed);
}

void feed_read_log(struct search_feed *feed) {
    if (feed->reading)
        feed->again = true;
    else
        begin(feed);
}

/* Many changes a second are read many at a time. */
void feed_read_soon(struct search_feed *feed) {
    if (!feed->reading && clock_monotonic_us() - feed->read_began_us < PACE_US)
        poll_in(feed, 1);
    else
        feed_read_log(feed);
}

/* How the index is, for those who read logs. */
static void tell(struct search_feed *feed) {
    uint64_t now = loop_now_ms(feed->loop);
    if (feed->index == NULL || now - feed->told_ms < TELL_MS)
        return;
    const struct search_stats *stats = &feed->index_stats;
    feed->told_ms = now;
    log_info("search_state",
             "vacancies=%llu mib=%zu segments=%zu changes=%llu merges=%llu lag_us=%llu",
             (unsigned long long)stats->documents, stats->bytes / ((size_t)1024 * 1024),
             stats->segments, (unsigned long long)stats->changes, (unsigned long long)stats->merges,
             (unsigned long long)atomic_load(&feed->lag_us));
}

static void on_poll(struct loop_timer *timer) {
    struct search_feed *feed = OWNER_OF(timer, struct search_feed, poll_timer);
    feed_publish_stats(feed);
    feed_lexicon_look(feed);
    tell(feed);
    if (feed->index != NULL)
        search_index_reclaim(feed->index);
    feed_read_log(feed);
}

void feed_follow_init(struct search_feed *feed) {
    feed->poll_timer.on_due = on_poll;
    feed->wait_timer.on_due = on_wait_timer;
    feed->waits_tail = &feed->waits;
    feed->covered_tail = &feed->covered;
}
