/* What a worker's HTTP server counts. The worker's thread writes, any thread reads (counter.h). */
#ifndef SEGRETERIA_HTTP_METRICS_H
#define SEGRETERIA_HTTP_METRICS_H

#include <stddef.h>

#include "segreteria/core/counter.h"
#include "segreteria/core/status.h"

/* Upper bounds of the buckets of latency, in microseconds; one more is for all above. */
#define HTTP_LATENCY_BUCKETS 14
extern const uint64_t http_latency_bounds_us[HTTP_LATENCY_BUCKETS];
/* By the first digit of the status; 0: ended without an answer. */
#define HTTP_STATUS_CLASSES 6

struct http_operation_metrics {
    struct counter requests[HTTP_STATUS_CLASSES];
    struct counter duration_us; /* of all of them */
};

struct http_metrics {
    struct counter connections; /* now */
    struct counter accepted;    /* connections */
    struct counter active;      /* requests now */
    struct counter cut;         /* answers that the client did not take to the end */
    struct counter bytes_sent;  /* of answers' content */
    struct counter
        latency[HTTP_LATENCY_BUCKETS + 1]; /* from the request line to the answer's end */
    struct counter latency_us;             /* their sum */
    /* By operation->index; one more for requests that reach no operation. */
    struct http_operation_metrics *operations;
    size_t operations_count; /* with that one */
};

NODISCARD enum status http_metrics_init(struct http_metrics *metrics, size_t operations);
void http_metrics_deinit(struct http_metrics *metrics);

#endif
