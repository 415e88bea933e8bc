/* The lane itself: made and unmade, calls taken in, what is late swept out. The rest is in
 * lane_jobs.c (which calls share a statement), lane_send.c, lane_receive.c and lane_setup.c. */
#include "segreteria/db/lane.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include "lane_private.h"
#include "segreteria/core/log.h"

#define SWEEP_MS 50u
#define GRACE_UNAVAILABLE_MS                                                                       \
    1000u                   /* without any connection for this long, calls are refused at once */
#define GRACE_HEAD_MS 1000u /* beyond statement_timeout: the server does not answer any more */
#define CALL_BYTES_MAX ((size_t)4 * 1024 * 1024)
#define KEY_BYTES_MAX 1024u
#define SCRATCH_MAX ((size_t)8 * 1024 * 1024)

static struct slot *slot_of(struct connection *connection) {
    return OWNER_OF(connection, struct slot, connection);
}

static void on_connected(struct connection *connection) { lane_setup_send(slot_of(connection)); }

static void on_input(struct connection *connection) {
    if (connection->state == CONN_PREPARING)
        lane_setup_receive(slot_of(connection));
    else
        lane_receive(slot_of(connection));
}

static void on_lost(struct connection *connection) {
    struct slot *slot = slot_of(connection);
    if (slot->was_ready) {
        slot->lane->last_ready_ms = loop_now_ms(connection->loop);
        lane_count_slot(slot, false);
    }
    slot->was_ready = false;
    lane_lost(slot);
}

void lane_count_slot(const struct slot *slot, bool up) {
    struct db_lane_metrics *metrics = slot->lane->options.metrics;
    if (metrics == NULL)
        return;
    counter_add(up ? &metrics->connected : &metrics->lost, 1);
    counter_set(&metrics->up, counter_read(&metrics->up) + (up ? 1 : UINT64_MAX));
}

/* ---- every turn and every so often ---- */

static uint64_t on_flush(struct loop_hook *hook) {
    struct db_lane *lane = OWNER_OF(hook, struct db_lane, hook);
    lane->delivered = false;
    lane_send_waiting(lane);
    if (lane->options.metrics != NULL) {
        counter_set(&lane->options.metrics->waiting, lane->calls_waiting);
        counter_set(&lane->options.metrics->in_flight, lane->calls_sent);
    }
    if (lane->calls_waiting + lane->calls_sent > 0 && lane->sweep_timer.link == NULL)
        loop_timer_set(lane->options.loop, &lane->sweep_timer,
                       loop_now_ms(lane->options.loop) + SWEEP_MS);
    return lane->delivered ? 0 : UINT64_MAX; /* answers given here are sent in another turn */
}

/* Answers the calls of one list whose deadline has passed; their jobs stay. Begins afresh after
 * each answer, because its callback may change the lists. */
static void sweep_list(struct db_lane *lane, struct job_list *list, enum db_outcome outcome) {
    const struct db_result late = {.outcome = outcome};
    uint64_t now = loop_now_ms(lane->options.loop);
again:;
    struct job *job;
    TAILQ_FOREACH(job, list, entry) {
        for (struct db_call *call = job->calls; call != NULL; call = call->next)
            if (call->deadline_ms <= now) {
                lane_call_unlink(lane, call);
                lane_call_end(lane, call, &late);
                goto again;
            }
    }
}

/* A waiting call was never sent, so its outcome is certain: nothing happened. */
static void on_sweep(struct loop_timer *timer) {
    struct db_lane *lane = OWNER_OF(timer, struct db_lane, sweep_timer);
    uint64_t now = loop_now_ms(lane->options.loop);
    sweep_list(lane, &lane->waiting, DB_UNAVAILABLE);
    for (struct job *job = TAILQ_FIRST(&lane->waiting), *next; job != NULL; job = next) {
        next = TAILQ_NEXT(job, entry);
        if (job->calls == NULL)
            lane_job_free(lane, NULL, job);
    }
    for (size_t i = 0; i < lane->options.connections; i++) {
        struct slot *slot = &lane->slots[i];
        sweep_list(lane, &slot->sent, DB_TIMED_OUT);
        if (slot->connection.state == CONN_READY && !TAILQ_EMPTY(&slot->sent) &&
            lane->options.statement_timeout_ms > 0 &&
            now > slot->head_since_ms + lane->options.statement_timeout_ms + GRACE_HEAD_MS) {
            db_connection_cancel(&slot->connection);
            db_connection_lose(&slot->connection, "stuck");
        }
    }
    bool busy = lane->calls_waiting > 0 || !TAILQ_EMPTY(&lane->waiting);
    for (size_t i = 0; i < lane->options.connections; i++)
        busy = busy || !TAILQ_EMPTY(&lane->slots[i].sent);
    if (busy)
        loop_timer_set(lane->options.loop, &lane->sweep_timer, now + SWEEP_MS);
}

/* ---- made and unmade ---- */

static void find_claim(struct db_lane *lane) {
    bool used = false, present = false;
    for (size_t i = 0; i < lane->options.statements_count; i++) {
        used = used || lane->options.statements[i]->idempotent_sql != NULL;
        present = present || strcmp(lane->options.statements[i]->name, "idempotency_claim") == 0;
    }
    lane->needs_claim = lane->options.write && used && !present;
}

static void begin_slots(struct db_lane *lane) {
    for (size_t i = 0; i < lane->options.connections; i++) {
        struct slot *slot = &lane->slots[i];
        slot->lane = lane;
        TAILQ_INIT(&slot->sent);
        db_connection_init(&slot->connection, &lane->owner, lane->conninfo, lane->options.loop,
                           lane->options.helpers, lane->options.name);
    }
    db_connection_begin(&lane->slots[0].connection);
}

/* One after another: a connection to begin with is soon there when it need not share the machine
 * with a dozen that prepare the same statements. */
void lane_begin_next(struct db_lane *lane) {
    for (size_t i = 0; i < lane->options.connections; i++)
        if (lane->slots[i].connection.state == CONN_IDLE) {
            db_connection_begin(&lane->slots[i].connection);
            return;
        }
}

enum status db_lane_create(const struct db_lane_options *options, struct db_lane **out) {
    if (options->connections == 0 || options->depth_max == 0)
        return STATUS_INVALID;
    struct db_lane *lane = calloc(1, sizeof *lane);
    if (lane == NULL)
        return STATUS_NO_MEMORY;
    lane->options = *options;
    lane->last_ready_ms = loop_now_ms(options->loop);
    lane->hook.run = on_flush;
    lane->sweep_timer.on_due = on_sweep;
    buf_init(&lane->scratch, SCRATCH_MAX);
    enum status status = STATUS_NO_MEMORY;
    int len = snprintf(lane->application_name, sizeof lane->application_name, "segreteria %s",
                       options->name);
    if (len < 0 || (size_t)len >= sizeof lane->application_name)
        lane->application_name[sizeof lane->application_name - 1] = '\0';
    lane->owner = (struct connection_owner){on_connected, on_input, on_lost, lane->application_name,
                                            options->write};
    lane->budget = db_budget_create();
    lane->slots = calloc(options->connections, sizeof lane->slots[0]);
    if (lane->slots == NULL || lane->budget == NULL)
        goto fail;
    status = lane_jobs_create(lane);
    if (status == STATUS_OK)
        status = conninfo_create(options->conninfo, &lane->conninfo);
    if (status != STATUS_OK)
        goto fail;
    if (lane->conninfo->needs_resolving && options->helpers == NULL) {
        status = STATUS_INVALID;
        goto fail;
    }
    find_claim(lane);
    loop_hook_add(options->loop, LOOP_FLUSH, &lane->hook);
    begin_slots(lane);
    *out = lane;
    return STATUS_OK;
fail:
    conninfo_destroy(lane->conninfo);
    lane_jobs_destroy(lane);
    db_budget_release(lane->budget);
    free(lane->slots);
    free(lane);
    return status;
}

void db_lane_destroy(struct db_lane *lane) {
    if (lane == NULL)
        return;
    static const struct db_result unavailable = {.outcome = DB_UNAVAILABLE},
                                  unknown = {.outcome = DB_UNKNOWN};
    lane->closing = true;
    loop_hook_remove(lane->options.loop, LOOP_FLUSH, &lane->hook);
    loop_timer_clear(lane->options.loop, &lane->sweep_timer);
    for (size_t i = 0; i < lane->options.connections; i++)
        db_connection_close(&lane->slots[i].connection);
    for (size_t i = 0; i < lane->options.connections; i++) {
        struct slot *slot = &lane->slots[i];
        for (struct job *job; (job = TAILQ_FIRST(&slot->sent)) != NULL;)
            lane_job_end(lane, slot, job,
                         db_statement_writes(job->statement) ? &unknown : &unavailable);
    }
    for (struct job *job; (job = TAILQ_FIRST(&lane->waiting)) != NULL;)
        lane_job_end(lane, NULL, job, &unavailable);
    conninfo_destroy(lane->conninfo);
    lane_jobs_destroy(lane);
    buf_deinit(&lane->scratch);
    db_budget_release(lane->budget);
    free(lane->slots);
    free(lane);
}

bool db_lane_ready(const struct db_lane *lane) {
    for (size_t i = 0; i < lane->options.connections; i++)
        if (lane->slots[i].connection.state == CONN_READY)
            return true;
    return false;
}

size_t db_lane_load(const struct db_lane *lane) { return lane->calls_waiting + lane->calls_sent; }

/* ---- calls ---- */

/* A NUL byte would end a value early without a word; PostgreSQL cannot hold one anyway. */
NODISCARD static enum status check_call(const struct db_lane *lane, const struct db_call *call) {
    const struct db_statement *statement = call->statement;
    assert(statement->params_count <= DB_PARAMS_MAX);
    if (db_statement_writes(statement) && !lane->options.write)
        return STATUS_INTERNAL;
    if (call->idempotency != NULL && (statement->idempotent_sql == NULL || !lane->options.write))
        return STATUS_INTERNAL;
    size_t bytes = 0;
    for (size_t i = 0; i < statement->params_count; i++) {
        struct str value = call->params[i];
        if (value.len > 0 && (int)i + 1 != call->binary_param &&
            memchr(value.ptr, 0, value.len) != NULL)
            return STATUS_INVALID;
        if ((int)i == statement->merge_param && value.len > KEY_BYTES_MAX)
            return STATUS_TOO_LARGE;
        bytes += value.len;
    }
    return bytes > CALL_BYTES_MAX ? STATUS_TOO_LARGE : STATUS_OK;
}

static bool is_down(struct db_lane *lane) {
    uint64_t now = loop_now_ms(lane->options.loop);
    if (db_lane_ready(lane))
        lane->last_ready_ms = now;
    return now > lane->last_ready_ms + GRACE_UNAVAILABLE_MS;
}

static enum status take(struct db_lane *lane, struct db_call *call) {
    if (lane->closing || is_down(lane))
        return STATUS_UNAVAILABLE;
    if (lane->calls_waiting >= lane->options.queue_max || lane_job_join(lane, call) == NULL)
        return STATUS_BUSY;
    return STATUS_OK;
}

enum status db_lane_submit(struct db_lane *lane, struct db_call *call) {
    enum status status = check_call(lane, call);
    if (status != STATUS_OK)
        return status;
    status = take(lane, call);
    struct db_lane_metrics *metrics = lane->options.metrics;
    if (metrics != NULL)
        counter_add(status == STATUS_OK ? &metrics->calls : &metrics->refused, 1);
    return status;
}

void db_lane_cancel(struct db_lane *lane, struct db_call *call) {
    if (call->job != NULL)
        lane_call_unlink(lane, call);
}
