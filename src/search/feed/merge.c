/* Merging segments in the background: planned and installed on the feed's thread, run on a helper.
 */
#include "feed_private.h"
#include "segreteria/core/log.h"

#define MERGE_PAUSE_MS 200u /* after a change or a merge, so that several changes count as one */

static void on_done(struct helper_job *job) {
    struct search_feed *feed = OWNER_OF(job, struct search_feed, merge_job);
    struct search_merge *merge = feed->merge;
    feed->merge = NULL;
    enum status status = search_merge_install(feed->index, merge);
    if (status != STATUS_OK)
        log_warn("search_merge_failed", "reason=%s", status_name(status));
    if (atomic_load(&feed->stopping))
        return;
    if (feed->state == INDEX_CLOSING)
        feed_index_released(feed);
    else if (status == STATUS_OK)
        feed_merge_soon(feed);
}

static void on_work(struct helper_job *job) {
    struct search_feed *feed = OWNER_OF(job, struct search_feed, merge_job);
    feed->merge_status = search_merge_run(feed->merge);
}

static void on_timer(struct loop_timer *timer) {
    struct search_feed *feed = OWNER_OF(timer, struct search_feed, merge_timer);
    if (feed->state != INDEX_READY || feed->merge != NULL ||
        search_merge_plan(feed->index, &feed->merge) != STATUS_OK)
        return;
    feed->merge_job = (struct helper_job){.work = on_work, .done = on_done, .loop = feed->loop};
    if (helpers_submit(feed->yielding_helpers, &feed->merge_job) != STATUS_OK) {
        on_work(&feed->merge_job); /* there is room for a merge and a lexicon: never */
        on_done(&feed->merge_job);
    }
}

void feed_merge_soon(struct search_feed *feed) {
    if (feed->merge_timer.link == NULL)
        loop_timer_set(feed->loop, &feed->merge_timer, loop_now_ms(feed->loop) + MERGE_PAUSE_MS);
}

void feed_merge_init(struct search_feed *feed) { feed->merge_timer.on_due = on_timer; }
