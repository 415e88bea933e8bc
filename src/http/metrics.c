/* Counting a finished request. */
#include "segreteria/http/metrics.h"

#include <stdlib.h>

#include "internal.h"

const uint64_t http_latency_bounds_us[HTTP_LATENCY_BUCKETS] = {
    500,    1000,   2500,   5000,    10000,   25000,   50000,
    100000, 250000, 500000, 1000000, 2500000, 5000000, 10000000};

enum status http_metrics_init(struct http_metrics *metrics, size_t operations) {
    *metrics = (struct http_metrics){.operations_count = operations + 1};
    metrics->operations = calloc(operations + 1, sizeof *metrics->operations);
    return metrics->operations == NULL ? STATUS_NO_MEMORY : STATUS_OK;
}

void http_metrics_deinit(struct http_metrics *metrics) {
    free(metrics->operations);
    metrics->operations = NULL;
}

static size_t bucket_of(uint64_t us) {
    size_t bucket = 0;
    while (bucket < HTTP_LATENCY_BUCKETS && us > http_latency_bounds_us[bucket])
        bucket++;
    return bucket;
}

void metrics_request(struct http_request *request, uint64_t duration_us, bool truncated) {
    struct http_metrics *metrics = request->server->metrics;
    if (metrics == NULL)
        return;
    const struct operation *operation = request->operation;
    size_t index = operation == NULL ? metrics->operations_count - 1 : operation->index;
    int class = request->reply.status / 100;
    if (class < 0 || class >= HTTP_STATUS_CLASSES)
        class = 0;
    counter_add(&metrics->operations[index].requests[class], 1);
    counter_add(&metrics->operations[index].duration_us, duration_us);
    counter_add(&metrics->latency[bucket_of(duration_us)], 1);
    counter_add(&metrics->latency_us, duration_us);
    counter_add(&metrics->bytes_sent, request->sent_bytes);
    if (truncated)
        counter_add(&metrics->cut, 1);
}

void metrics_connections(struct http_server *server) {
    if (server->metrics != NULL)
        counter_set(&server->metrics->connections, server->connections_count);
}

void metrics_accepted(struct http_server *server) {
    if (server->metrics != NULL)
        counter_add(&server->metrics->accepted, 1);
}

void metrics_active(struct http_server *server) {
    if (server->metrics != NULL)
        counter_set(&server->metrics->active, server->active);
}
