/* The metrics: read from where they are counted, summed over the workers where one of them alone
 * says nothing. Every label has few values: workers, lanes, the contract's operations. */
#include <stdio.h>

#include "exposition.h"
#include "ops_private.h"

#define LABELS_SIZE 160

static void worker_label(char labels[LABELS_SIZE], size_t worker) {
    (void)snprintf(labels, LABELS_SIZE, "worker=\"%zu\"", worker);
}

/* ---- HTTP ---- */

static struct str operation_name(const struct ops *ops, size_t index) {
    const struct contract *contract = ops->options.shared->contract;
    for (size_t i = 0; i < contract_operations_count(contract); i++)
        if (contract_operation_at(contract, i)->index == index)
            return contract_operation_at(contract, i)->id;
    return STR("none");
}

static uint64_t requests_of(const struct ops *ops, size_t operation, size_t class) {
    uint64_t sum = 0;
    for (size_t i = 0; i < ops->options.workers_count; i++)
        sum += counter_read(&ops->options.workers[i]->http.operations[operation].requests[class]);
    return sum;
}

static void collect_requests(const struct ops *ops, struct exposition *exposition) {
    static const char *const classes[HTTP_STATUS_CLASSES] = {"none", "1xx", "2xx",
                                                             "3xx",  "4xx", "5xx"};
    char labels[LABELS_SIZE];
    size_t count = ops->options.workers[0]->http.operations_count;
    exposition_family(exposition, "segreteria_http_requests", METRIC_COUNTER,
                      "Requests that ended, by operation and first digit of the status.");
    for (size_t operation = 0; operation < count; operation++)
        for (size_t class = 0; class < HTTP_STATUS_CLASSES; class ++) {
            uint64_t requests = requests_of(ops, operation, class);
            if (requests == 0 && class != 2)
                continue;
            (void)snprintf(labels, sizeof labels, "operation=\"%.*s\",status=\"%s\"",
                           STR_FMT(operation_name(ops, operation)), classes[class]);
            exposition_count(exposition, labels, requests);
        }
    exposition_family(exposition, "segreteria_http_request_seconds", METRIC_COUNTER,
                      "Time from the request line to the end of the answer, summed by operation.");
    for (size_t operation = 0; operation < count; operation++) {
        uint64_t us = 0;
        for (size_t i = 0; i < ops->options.workers_count; i++)
            us += counter_read(&ops->options.workers[i]->http.operations[operation].duration_us);
        (void)snprintf(labels, sizeof labels, "operation=\"%.*s\"",
                       STR_FMT(operation_name(ops, operation)));
        exposition_us(exposition, labels, us);
    }
}

static void collect_latency(const struct ops *ops, struct exposition *exposition) {
    char labels[LABELS_SIZE];
    exposition_family(exposition, "segreteria_http_request_duration_seconds", METRIC_HISTOGRAM,
                      "Time from the request line to the end of the answer, by worker.");
    for (size_t i = 0; i < ops->options.workers_count; i++) {
        const struct http_metrics *http = &ops->options.workers[i]->http;
        uint64_t counts[HTTP_LATENCY_BUCKETS + 1];
        for (size_t bucket = 0; bucket <= HTTP_LATENCY_BUCKETS; bucket++)
            counts[bucket] = counter_read(&http->latency[bucket]);
        worker_label(labels, i);
        exposition_histogram(exposition, labels, http_latency_bounds_us, counts,
                             HTTP_LATENCY_BUCKETS, counter_read(&http->latency_us));
    }
}

/* One number of each worker. */
static void collect_each(const struct ops *ops, struct exposition *exposition, const char *name,
                         enum metric_type type, const char *help,
                         const struct counter *(*of)(const struct ops_worker *)) {
    char labels[LABELS_SIZE];
    exposition_family(exposition, name, type, help);
    for (size_t i = 0; i < ops->options.workers_count; i++) {
        worker_label(labels, i);
        exposition_count(exposition, labels, counter_read(of(ops->options.workers[i])));
    }
}

#define COUNTER_OF(name, member)                                                                   \
    static const struct counter *name(const struct ops_worker *worker) { return &worker->member; }
COUNTER_OF(connections, http.connections)
COUNTER_OF(accepted, http.accepted)
COUNTER_OF(active, http.active)
COUNTER_OF(cut, http.cut)
COUNTER_OF(bytes_sent, http.bytes_sent)
COUNTER_OF(answers_entries, api->answers.entries)
COUNTER_OF(answers_bytes, api->answers.bytes)
COUNTER_OF(answers_hits, api->answers.hits)
COUNTER_OF(answers_misses, api->answers.misses)
COUNTER_OF(batches, api->batches)
COUNTER_OF(uploads, api->uploads)
COUNTER_OF(streams, api->streams)

static void collect_http(const struct ops *ops, struct exposition *exposition) {
    collect_requests(ops, exposition);
    collect_latency(ops, exposition);
    collect_each(ops, exposition, "segreteria_http_connections", METRIC_GAUGE,
                 "Connections of clients now.", connections);
    collect_each(ops, exposition, "segreteria_http_connections_accepted", METRIC_COUNTER,
                 "Connections taken: the kernel spreads them over the workers.", accepted);
    collect_each(ops, exposition, "segreteria_http_requests_active", METRIC_GAUGE,
                 "Requests not yet fully answered.", active);
    collect_each(ops, exposition, "segreteria_http_answers_cut", METRIC_COUNTER,
                 "Answers that the client did not take to the end.", cut);
    collect_each(ops, exposition, "segreteria_http_sent_bytes", METRIC_COUNTER,
                 "Bytes of answers' content.", bytes_sent);
    collect_each(ops, exposition, "segreteria_batches_active", METRIC_GAUGE,
                 "Batches of vacancies under way.", batches);
    collect_each(ops, exposition, "segreteria_uploads_active", METRIC_GAUGE,
                 "Uploads of documents under way.", uploads);
    collect_each(ops, exposition, "segreteria_streams_active", METRIC_GAUGE,
                 "Streamed listings under way.", streams);
    collect_each(ops, exposition, "segreteria_answers_kept", METRIC_GAUGE, "Rendered answers kept.",
                 answers_entries);
    collect_each(ops, exposition, "segreteria_answers_kept_bytes", METRIC_GAUGE,
                 "Memory of the rendered answers kept.", answers_bytes);
    collect_each(ops, exposition, "segreteria_answers_kept_hits", METRIC_COUNTER,
                 "Requests answered from a kept answer.", answers_hits);
    collect_each(ops, exposition, "segreteria_answers_kept_misses", METRIC_COUNTER,
                 "Requests that might have been, and were not.", answers_misses);
}

static void collect_limits(const struct ops *ops, struct exposition *exposition) {
    char labels[LABELS_SIZE];
    exposition_family(exposition, "segreteria_rate_limit_refusals", METRIC_COUNTER,
                      "Requests and lines of batches refused by a rate limit, by its class.");
    for (unsigned class = RATE_NONE + 1; class < RATE_CLASSES; class ++) {
        uint64_t sum = 0;
        for (size_t i = 0; i < ops->options.workers_count; i++)
            sum += counter_read(&ops->options.workers[i]->api->rate_refused[class]);
        (void)snprintf(labels, sizeof labels, "class=\"%s\"",
                       contract_rate_class_name((enum rate_class) class));
        exposition_count(exposition, labels, sum);
    }
}

/* ---- lanes ---- */

struct lane_family {
    const char *name;
    enum metric_type type;
    const char *help;
    size_t at; /* in struct db_lane_metrics */
};

static const struct lane_family lane_families[] = {
    {"segreteria_lane_waiting", METRIC_GAUGE, "Statements not sent to PostgreSQL yet.",
     offsetof(struct db_lane_metrics, waiting)},
    {"segreteria_lane_in_flight", METRIC_GAUGE, "Statements sent and not answered yet.",
     offsetof(struct db_lane_metrics, in_flight)},
    {"segreteria_lane_connections", METRIC_GAUGE, "Connections to PostgreSQL that serve.",
     offsetof(struct db_lane_metrics, up)},
    {"segreteria_lane_calls", METRIC_COUNTER, "Statements asked for.",
     offsetof(struct db_lane_metrics, calls)},
    {"segreteria_lane_refused", METRIC_COUNTER,
     "Statements turned away: the queue was full, or there was no connection.",
     offsetof(struct db_lane_metrics, refused)},
    {"segreteria_lane_connected", METRIC_COUNTER, "Times that a connection began to serve.",
     offsetof(struct db_lane_metrics, connected)},
    {"segreteria_lane_connections_lost", METRIC_COUNTER, "Times that one which served was lost.",
     offsetof(struct db_lane_metrics, lost)},
};

const char *const ops_lane_names[OPS_LANES] = {"read", "write", "slow"};

static void collect_lanes(const struct ops *ops, struct exposition *exposition) {
    char labels[LABELS_SIZE];
    for (size_t f = 0; f < sizeof lane_families / sizeof lane_families[0]; f++) {
        const struct lane_family *family = &lane_families[f];
        exposition_family(exposition, family->name, family->type, family->help);
        for (size_t i = 0; i < ops->options.workers_count; i++)
            for (size_t lane = 0; lane < OPS_LANES; lane++) {
                const char *metrics = (const char *)&ops->options.workers[i]->lanes[lane];
                (void)snprintf(labels, sizeof labels, "worker=\"%zu\",lane=\"%s\"", i,
                               ops_lane_names[lane]);
                exposition_count(
                    exposition, labels,
                    counter_read((const struct counter *)(const void *)(metrics + family->at)));
            }
    }
}

void collect(const struct ops *ops, bool open_metrics, struct buf *out) {
    struct exposition exposition = {.out = out, .open_metrics = open_metrics};
    collect_process(ops, &exposition);
    collect_http(ops, &exposition);
    collect_limits(ops, &exposition);
    collect_lanes(ops, &exposition);
    collect_search(ops, &exposition);
    collect_background(ops, &exposition);
    exposition_end(&exposition);
}
