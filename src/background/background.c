/* The background thread: a loop, one lane for its statements, one listening connection, and a timer
 * for each chore. */
#include "segreteria/background/background.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "counts.h"
#include "exporter.h"
#include "generated/statements.h"
#include "key_watch.h"
#include "scanner.h"
#include "segreteria/core/clock.h"
#include "segreteria/core/log.h"
#include "segreteria/db/lane.h"
#include "segreteria/db/listen.h"
#include "segreteria/worker/loop.h"

#define ROWS_AT_ONCE "500" /* of one statement: short transactions, short locks */
#define CHORES 16
#define STATEMENTS (CHORES + COURIER_STATEMENTS + KEY_WATCH_STATEMENTS + SCANNER_STATEMENTS + 1)
#define MAIL_DRAIN_MS 5000
#define CHORE_PARAMS_MAX 2

_Static_assert(CHORES <= BACKGROUND_CHORES_MAX, "the metrics have room for every chore");

struct chore {
    const struct db_statement *statement;
    unsigned every_ms;
    struct background *background;
    struct loop_timer timer;
    struct db_call call;
    struct str params[CHORE_PARAMS_MAX];
    struct background_chore_metrics *metrics;
    bool running;
};

struct background {
    struct loop *loop;
    struct db_lane *lane;
    struct db_listener *listener;
    struct auth_epochs *epochs;
    pthread_t thread;
    bool thread_runs;
    struct chore chores[CHORES];
    const struct db_statement *statements[STATEMENTS];
    char audit_days[16];
    struct courier *courier;
    struct key_watch *key_watch;
    struct scanner *scanner; /* NULL: none is configured */
    struct exporter *exporter;
    struct background_metrics metrics;
    struct counts counts;
    bool mail_idle, told; /* at the end */
    struct loop_message stop;
    struct loop_timer stop_timer;
};

static void *thread_main(void *context) {
    struct background *background = context;
    loop_run(background->loop);
    return NULL;
}

/* ---- chores ---- */

static void again_in(struct chore *chore, unsigned ms) {
    struct loop *loop = chore->background->loop;
    loop_timer_set(loop, &chore->timer, loop_now_ms(loop) + ms);
}

/* A full hand means there is more: at once again; anything else waits for the next turn of the
 * clock. */
static void on_result(struct db_call *call, const struct db_result *result) {
    struct chore *chore = (struct chore *)(void *)((char *)call - offsetof(struct chore, call));
    chore->running = false;
    bool more = false;
    counter_add(&chore->metrics->runs, 1);
    if (db_result_outcome(result) == DB_DONE) {
        struct str count = db_result_get(result, "out_count");
        uint64_t rows = 0;
        bool some = count.len > 0 && !str_eq(count, STR("0"));
        more = str_eq(count, STR(ROWS_AT_ONCE));
        if (str_to_u64(count, UINT32_MAX, &rows) == STATUS_OK)
            counter_add(&chore->metrics->rows, rows);
        counter_set(&chore->metrics->last_unix, (uint64_t)clock_unix_ms() / 1000);
        if (some && chore->statement == &stmt_background_exports_due)
            exporter_wake(chore->background->exporter); /* it does them; here they are counted */
        else if (some)
            log_info("chore_done", "statement=%s rows=%.*s", chore->statement->name,
                     STR_FMT(count));
    } else {
        counter_add(&chore->metrics->failures, 1);
        log_warn("chore_failed", "statement=%s sqlstate=%s", chore->statement->name,
                 db_result_sqlstate(result));
    }
    again_in(chore, more ? 1 : chore->every_ms);
}

static void on_due(struct loop_timer *timer) {
    struct chore *chore = (struct chore *)(void *)((char *)timer - offsetof(struct chore, timer));
    struct background *background = chore->background;
    for (size_t i = 0; i < chore->statement->params_count && i < CHORE_PARAMS_MAX; i++)
        chore->params[i] = strcmp(chore->statement->params[i], "days") == 0
                               ? str_of(background->audit_days)
                               : STR(ROWS_AT_ONCE);
    chore->call = (struct db_call){.statement = chore->statement,
                                   .params = chore->params,
                                   .deadline_ms = loop_now_ms(background->loop) + 60000,
                                   .on_result = on_result};
    chore->running = db_lane_submit(background->lane, &chore->call) == STATUS_OK;
    if (!chore->running) {
        counter_add(&chore->metrics->failures, 1);
        again_in(chore, chore->every_ms);
    }
}

/* ---- what other instances did ---- */

static void on_notify(void *context, const char *channel, const char *payload) {
    struct background *background = context;
    if (strcmp(channel, "segreteria_auth") == 0)
        auth_epochs_bump(background->epochs, str_of(payload));
    else if (strcmp(channel, "segreteria_keys") == 0)
        key_watch_now(background->key_watch);
    else
        courier_wake(background->courier);
}

static void on_listening(void *context) {
    struct background *background = context;
    auth_epochs_bump(background->epochs,
                     STR_NONE); /* what was missed while nobody listened is unknown */
    atomic_store(&background->epochs->deaf, false);
    courier_wake(background->courier);
    key_watch_now(background->key_watch);
}

/* What others revoke from now on is not heard: every token is looked up until it is again. */
static void on_deaf(void *context) {
    struct background *background = context;
    atomic_store(&background->epochs->deaf, true);
}

/* ---- life ---- */

static enum status open_connections(struct background *background,
                                    const struct background_options *options) {
    static const char *const channels[] = {"segreteria_auth", "segreteria_mail", "segreteria_keys"};
    const struct db_lane_options lane = {.name = "background",
                                         .conninfo = options->conninfo,
                                         .loop = background->loop,
                                         .helpers = options->helpers,
                                         .statements = background->statements,
                                         .statements_count = STATEMENTS,
                                         .connections = 1,
                                         .depth_max = 8,
                                         .queue_max = 32,
                                         .statement_timeout_ms = 30000,
                                         .write = true};
    const struct db_listener_options listener = {.conninfo = options->conninfo,
                                                 .loop = background->loop,
                                                 .helpers = options->helpers,
                                                 .channels = channels,
                                                 .channels_count = sizeof channels /
                                                                   sizeof channels[0],
                                                 .context = background,
                                                 .on_notify = on_notify,
                                                 .on_listening = on_listening,
                                                 .on_deaf = on_deaf};
    enum status status = db_lane_create(&lane, &background->lane);
    if (status == STATUS_OK)
        status = courier_create(&options->mail, options->keys, background->loop, background->lane,
                                &background->courier);
    const struct key_watch_options key_watch = {
        .data_dir = options->keys_dir,
        .source = options->keys_source,
        .fixed = strcmp(options->keys_source, "environment") == 0,
        .keys = options->keys};
    if (status == STATUS_OK)
        status = key_watch_create(&key_watch, background->loop, background->lane,
                                  &background->key_watch);
    if (status == STATUS_OK)
        status = scanner_create(&options->clamd, options->keys, background->loop, background->lane,
                                &background->scanner);
    return status != STATUS_OK ? status : db_listener_create(&listener, &background->listener);
}

/* What is done again and again, and how often. */
static const struct {
    const struct db_statement *statement;
    unsigned every_ms;
} chores[CHORES] = {
    {&stmt_background_application_words, 1000},
    {&stmt_background_jobs_expire, 30000},
    {&stmt_background_idempotency_purge, 300000},
    {&stmt_background_sessions_purge, 3600000},
    {&stmt_background_sign_in_purge, 60000},
    {&stmt_background_mail_purge, 3600000},
    {&stmt_background_changes_purge, 60000},
    {&stmt_background_invitations_purge, 3600000},
    {&stmt_background_audit_purge, 3600000},
    {&stmt_background_search_resume, 2000},
    {&stmt_background_documents_purge, 600000},
    {&stmt_background_exports_due, 2000},
    {&stmt_background_exports_purge, 600000},
    {&stmt_background_applications_purge, 600000},
    {&stmt_background_documents_unattached_purge, 3600000},
    {&stmt_background_applications_remind, 60000},
};

static void start_chores(struct background *background) {
    for (size_t i = 0; i < CHORES; i++) {
        struct chore *chore = &background->chores[i];
        *chore = (struct chore){.statement = background->statements[i],
                                .every_ms = chores[i].every_ms,
                                .background = background,
                                .metrics = &background->metrics.chores[i],
                                .timer = {.on_due = on_due}};
        chore->metrics->name = chore->statement->name + strlen("background_");
        again_in(chore, 2000 + 1000 * (unsigned)i);
    }
    background->metrics.chores_count = CHORES;
}

static void select_statements(struct background *background) {
    for (size_t i = 0; i < CHORES; i++)
        background->statements[i] = chores[i].statement;
    for (size_t i = 0; i < COURIER_STATEMENTS; i++)
        background->statements[CHORES + i] = courier_statements[i];
    for (size_t i = 0; i < KEY_WATCH_STATEMENTS; i++)
        background->statements[CHORES + COURIER_STATEMENTS + i] = key_watch_statements[i];
    for (size_t i = 0; i < SCANNER_STATEMENTS; i++)
        background->statements[STATEMENTS - 1 - SCANNER_STATEMENTS + i] = scanner_statements[i];
    background->statements[STATEMENTS - 1] = &stmt_background_counts;
}

enum status background_start(const struct background_options *options, struct background **out) {
    struct background *background = calloc(1, sizeof *background);
    if (background == NULL)
        return STATUS_NO_MEMORY;
    *out = background;
    background->epochs = options->epochs;
    on_deaf(background); /* until LISTEN holds */
    (void)snprintf(background->audit_days, sizeof background->audit_days, "%u",
                   options->audit_retention_days);
    select_statements(background);
    enum status status = loop_create(&background->loop);
    if (status == STATUS_OK)
        status = open_connections(background, options);
    if (status != STATUS_OK)
        return status;
    const struct exporter_options exporter = {
        .conninfo = options->conninfo, .keys = options->keys, .max_mib = options->export_max_mib};
    status = exporter_start(&exporter, &background->exporter);
    if (status != STATUS_OK)
        return status;
    start_chores(background);
    if (options->counts)
        counts_start(&background->counts, background->loop, background->lane, &background->metrics);
    background->thread_runs = pthread_create(&background->thread, NULL, thread_main, background) ==
                              0;
    return background->thread_runs ? STATUS_OK : STATUS_NO_MEMORY;
}

static void stop_when_done(struct background *background) {
    if (background->mail_idle && background->told)
        loop_stop(background->loop);
}

static void on_idle(void *context) {
    struct background *background = context;
    background->mail_idle = true;
    stop_when_done(background);
}

static void on_told(void *context) {
    struct background *background = context;
    background->told = true;
    stop_when_done(background);
}

static void on_too_late(struct loop_timer *timer) {
    struct background *background =
        (struct background *)(void *)((char *)timer - offsetof(struct background, stop_timer));
    loop_stop(background->loop);
}

/* A message whose text is on its way to the mail server would otherwise end with an unknown
 * outcome. */
static void on_stop(struct loop_message *message) {
    struct background *background =
        (struct background *)(void *)((char *)message - offsetof(struct background, stop));
    background->stop_timer.on_due = on_too_late;
    loop_timer_set(background->loop, &background->stop_timer,
                   loop_now_ms(background->loop) + MAIL_DRAIN_MS);
    courier_drain(background->courier, on_idle, background);
    key_watch_leave(background->key_watch, on_told, background);
}

void background_stop(struct background *background) {
    if (background == NULL)
        return;
    if (background->thread_runs) {
        background->stop.deliver = on_stop;
        loop_post(background->loop, &background->stop);
        (void)pthread_join(background->thread, NULL);
    }
    background->thread_runs = false;
    exporter_stop(background->exporter);
    background->exporter = NULL;
    db_listener_destroy(background->listener);
    for (size_t i = 0; i < CHORES; i++)
        if (background->chores[i].running)
            db_lane_cancel(background->lane, &background->chores[i].call);
    counts_stop(&background->counts);
    scanner_destroy(background->scanner);
    courier_destroy(background->courier);
    key_watch_stop(background->key_watch);
    db_lane_destroy(background->lane);
    background->courier = NULL;
    background->scanner = NULL;
    background->listener = NULL;
    background->lane = NULL;
}

const struct background_metrics *background_metrics(const struct background *background) {
    return &background->metrics;
}

void background_destroy(struct background *background) {
    if (background == NULL)
        return;
    loop_destroy(background->loop);
    key_watch_free(background->key_watch);
    free(background);
}
