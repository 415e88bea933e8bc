/* Counting what waits in tables. A failure changes nothing: the numbers stay, and say when they
 * were taken. */
#include "counts.h"

#include "generated/statements.h"
#include "segreteria/core/clock.h"

#define EVERY_MS 15000u
#define FIRST_MS 500u

static void again_in(struct counts *counts, unsigned ms) {
    loop_timer_set(counts->loop, &counts->timer, loop_now_ms(counts->loop) + ms);
}

static void take(struct counter *counter, const struct db_result *result, const char *column) {
    uint64_t value;
    if (str_to_u64(db_result_get(result, column), INT64_MAX, &value) == STATUS_OK)
        counter_set(counter, value);
}

static void on_result(struct db_call *call, const struct db_result *result) {
    struct counts *counts = (struct counts *)(void *)((char *)call - offsetof(struct counts, call));
    struct background_metrics *metrics = counts->metrics;
    counts->running = false;
    if (db_result_outcome(result) == DB_DONE && db_result_rows(result) == 1) {
        take(&metrics->mail_waiting, result, "mail_waiting");
        take(&metrics->mail_dead, result, "mail_dead");
        take(&metrics->mail_late_s, result, "mail_late_s");
        counter_set(&metrics->counted_unix, (uint64_t)clock_unix_ms() / 1000);
    }
    again_in(counts, EVERY_MS);
}

static void on_due(struct loop_timer *timer) {
    struct counts *counts = (struct counts *)(void *)((char *)timer -
                                                      offsetof(struct counts, timer));
    counts->call = (struct db_call){.statement = &stmt_background_counts,
                                    .deadline_ms = loop_now_ms(counts->loop) + EVERY_MS,
                                    .on_result = on_result};
    counts->running = db_lane_submit(counts->lane, &counts->call) == STATUS_OK;
    if (!counts->running)
        again_in(counts, EVERY_MS);
}

void counts_start(struct counts *counts, struct loop *loop, struct db_lane *lane,
                  struct background_metrics *metrics) {
    *counts = (struct counts){.loop = loop, .lane = lane, .metrics = metrics};
    counts->timer.on_due = on_due;
    again_in(counts, FIRST_MS);
}

void counts_stop(struct counts *counts) {
    if (counts->lane != NULL && counts->running)
        db_lane_cancel(counts->lane, &counts->call);
    counts->running = false;
}
