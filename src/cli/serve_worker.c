/* A worker's life: made on the main thread, runs on its own, drained by message, joined. */
#include "serve_worker.h"

#include "generated/statements.h"
#include "segreteria/api/answers.h"
#include "segreteria/api/cards.h"
#include "segreteria/api/plans.h"
#include "segreteria/core/log.h"

/* Reads are merged and answered in a fraction of a millisecond, so one connection serves all of a
 * worker's; writes wait for the disk, where several commits at a time cost no more than one. */
#define READ_CONNECTIONS 1
#define SLOW_CONNECTIONS 1
#define TOKEN_CACHE_ENTRIES 4096
#define PLANS 1024
#define PLAN_BYTES_MAX ((size_t)8 * 1024)
#define MEANINGS 8192
#define MEANING_BYTES_MAX ((size_t)2 * 1024)
#define READY_EVERY_MS 250
#define DRAIN_EVERY_MS 20

size_t serve_worker_connections(const struct serve_options *options) {
    return READ_CONNECTIONS + SLOW_CONNECTIONS + options->write_connections;
}

static void *thread_main(void *context) {
    struct serve_worker *worker = context;
    loop_run(worker->api.loop);
    return NULL;
}

static void on_ready_timer(struct loop_timer *timer) {
    struct serve_worker *worker =
        (struct serve_worker *)(void *)((char *)timer - offsetof(struct serve_worker, ready_timer));
    (void)api_worker_ready(&worker->api);
    loop_timer_set(worker->api.loop, timer, loop_now_ms(worker->api.loop) + READY_EVERY_MS);
}

/* Becoming ready is noticed in the turn it happens. */
static uint64_t on_turn(struct loop_hook *hook) {
    struct serve_worker *worker =
        (struct serve_worker *)(void *)((char *)hook - offsetof(struct serve_worker, ready_hook));
    if (!worker->api.was_ready)
        (void)api_worker_ready(&worker->api);
    return UINT64_MAX;
}

static void on_drain_timer(struct loop_timer *timer) {
    struct serve_worker *worker =
        (struct serve_worker *)(void *)((char *)timer - offsetof(struct serve_worker, drain_timer));
    uint64_t now = loop_now_ms(worker->api.loop);
    if (http_server_active(worker->http) == 0 || now >= worker->drain_until_ms)
        loop_stop(worker->api.loop);
    else
        loop_timer_set(worker->api.loop, timer, now + DRAIN_EVERY_MS);
}

static void on_drain(struct loop_message *message) {
    struct serve_worker *worker = (struct serve_worker *)(void *)((char *)message -
                                                                  offsetof(struct serve_worker,
                                                                           drain_message));
    worker->drain_until_ms = loop_now_ms(worker->api.loop) + worker->options->drain_ms;
    http_server_drain(worker->http);
    worker->drain_timer.on_due = on_drain_timer;
    loop_timer_set(worker->api.loop, &worker->drain_timer, loop_now_ms(worker->api.loop));
}

static enum status select_statements(struct serve_worker *worker) {
    for (size_t i = 0; i < db_statements_all_count; i++) {
        if (str_starts_with(str_of(db_statements_all[i]->name), STR("search_feed_")))
            continue; /* on connections of the feed's own */
        enum db_statement_kind kind = db_statements_all[i]->kind;
        struct serve_statements *selected =
            &worker->statements[kind == DB_SLOW_WRITE ? DB_SLOW : kind];
        if (selected->count == SERVE_STATEMENTS_MAX)
            return STATUS_INTERNAL;
        selected->list[selected->count++] = db_statements_all[i];
    }
    return STATUS_OK;
}

struct lane_plan {
    const char *name;
    enum db_statement_kind kind;
    size_t connections, depth;
    unsigned timeout_ms;
    struct db_lane_metrics *metrics;
};

static enum status lane_open(struct serve_worker *worker, const char *conninfo,
                             const struct lane_plan *plan, struct db_lane **out) {
    const struct db_lane_options lane = {.name = plan->name,
                                         .conninfo = conninfo,
                                         .loop = worker->api.loop,
                                         .helpers = worker->api.shared->helpers,
                                         .statements = worker->statements[plan->kind].list,
                                         .statements_count = worker->statements[plan->kind].count,
                                         .connections = plan->connections,
                                         .depth_max = plan->depth,
                                         .queue_max = 4096,
                                         .statement_timeout_ms = plan->timeout_ms,
                                         .write = true,
                                         .metrics = plan->metrics};
    return db_lane_create(&lane, out);
}

static enum status lanes_open(struct serve_worker *worker, const char *conninfo) {
    struct db_lane_metrics *lanes = worker->counted.lanes; /* in the order of ops_lane_names */
    size_t writes = worker->options->write_connections;
    const struct lane_plan read = {"read", DB_READ, READ_CONNECTIONS, 256, 2000, &lanes[0]};
    const struct lane_plan write = {"write", DB_WRITE, writes, 8, 5000, &lanes[1]};
    const struct lane_plan slow = {"slow", DB_SLOW, SLOW_CONNECTIONS, 4, 5000, &lanes[2]};
    struct api_worker *api = &worker->api;
    enum status status = select_statements(worker);
    if (status == STATUS_OK)
        status = lane_open(worker, conninfo, &read, &api->read);
    if (status == STATUS_OK)
        status = lane_open(worker, conninfo, &write, &api->write);
    return status != STATUS_OK ? status : lane_open(worker, conninfo, &slow, &api->slow);
}

static enum status http_open(struct serve_worker *worker, int listen_fd) {
    const struct serve_options *options = worker->options;
    struct http_server_options http = {.loop = worker->api.loop,
                                       .listen_fd = listen_fd,
                                       .limits = http_limits_default(),
                                       .contract = worker->api.shared->contract,
                                       .application = &worker->api.application,
                                       .cors_origins = options->cors_origins,
                                       .cors_origins_count = options->cors_origins_count,
                                       .trusted_proxies = options->trusted_proxies,
                                       .trusted_proxies_count = options->trusted_proxies_count,
                                       .access_log = options->access_log,
                                       .metrics = &worker->counted.http};
    http.limits.connections_max = (unsigned)options->connections_max;
    return http_server_create(&http, &worker->http);
}

enum status serve_worker_start(struct serve_worker *worker, struct api_shared *shared,
                               const struct serve_options *options, const char *conninfo,
                               int listen_fd) {
    worker->options = options;
    struct loop *loop = NULL;
    enum status status = loop_create(&loop);
    if (status != STATUS_OK)
        return status;
    api_worker_init(&worker->api, shared, loop);
    worker->counted.api = &worker->api.metrics;
    status = http_metrics_init(&worker->counted.http, contract_operations_count(shared->contract));
    if (status == STATUS_OK)
        status = auth_cache_create(&shared->epochs, TOKEN_CACHE_ENTRIES, &worker->api.tokens);
    if (status == STATUS_OK)
        status = search_port_attach(shared->feed, &worker->api.search, loop);
    if (status == STATUS_OK)
        status = plans_create(PLANS, PLAN_BYTES_MAX, &worker->api.plans);
    if (status == STATUS_OK)
        status = plans_create(MEANINGS, MEANING_BYTES_MAX, &worker->api.meanings);
    if (status == STATUS_OK)
        status = cards_create(&worker->api.cards);
    if (status == STATUS_OK)
        status = answers_create(&worker->api.metrics, &worker->api.answers);
    if (status == STATUS_OK)
        status = lanes_open(worker, conninfo);
    if (status == STATUS_OK)
        status = http_open(worker, listen_fd);
    if (status != STATUS_OK)
        return status;
    worker->ready_hook.run = on_turn;
    loop_hook_add(loop, LOOP_LAST, &worker->ready_hook);
    worker->ready_timer.on_due = on_ready_timer;
    loop_timer_set(loop, &worker->ready_timer, loop_now_ms(loop));
    worker->thread_runs = pthread_create(&worker->thread, NULL, thread_main, worker) == 0;
    return worker->thread_runs ? STATUS_OK : STATUS_NO_MEMORY;
}

void serve_worker_drain(struct serve_worker *worker) {
    if (!worker->thread_runs || worker->draining)
        return;
    worker->draining = true;
    worker->drain_message.deliver = on_drain;
    loop_post(worker->api.loop, &worker->drain_message);
}

void serve_worker_join(struct serve_worker *worker) {
    if (worker->thread_runs)
        (void)pthread_join(worker->thread, NULL);
    worker->thread_runs = false;
    if (worker->http != NULL) {
        http_server_drain(worker->http);
        http_server_destroy(worker->http);
    }
    struct db_lane *lanes[] = {worker->api.read, worker->api.write, worker->api.slow};
    for (size_t i = 0; i < sizeof lanes / sizeof lanes[0]; i++)
        if (lanes[i] != NULL)
            db_lane_destroy(lanes[i]);
    auth_cache_destroy(worker->api.tokens);
    plans_destroy(worker->api.plans);
    plans_destroy(worker->api.meanings);
    cards_destroy(worker->api.cards);
    answers_destroy(worker->api.answers);
}

void serve_worker_destroy(struct serve_worker *worker) {
    loop_destroy(worker->api.loop);
    http_metrics_deinit(&worker->counted.http);
}
