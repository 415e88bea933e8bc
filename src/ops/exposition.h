/* Writing metrics in Prometheus' text format 0.0.4 or as OpenMetrics 1.0. */
#ifndef OPS_EXPOSITION_H
#define OPS_EXPOSITION_H

#include <stdbool.h>
#include <stdint.h>

#include "segreteria/core/buf.h"

enum metric_type { METRIC_GAUGE, METRIC_COUNTER, METRIC_HISTOGRAM };

struct exposition {
    struct buf *out;
    bool open_metrics;
    const char *family;
    enum metric_type type;
};

/* Begins a family. name without _total; help of one line, without a backslash. */
void exposition_family(struct exposition *exposition, const char *name, enum metric_type type,
                       const char *help);
/* A sample of the family. labels: `worker="0",lane="read"`, or "". Their values need no escapes. */
void exposition_count(struct exposition *exposition, const char *labels, uint64_t value);
void exposition_real(struct exposition *exposition, const char *labels, double value);
/* Microseconds, told in seconds. */
void exposition_us(struct exposition *exposition, const char *labels, uint64_t us);
/* A histogram of latencies: bounds and their sum in microseconds, `counts` one more than bounds. */
void exposition_histogram(struct exposition *exposition, const char *labels, const uint64_t *bounds,
                          const uint64_t *counts, size_t bounds_count, uint64_t sum_us);
void exposition_end(struct exposition *exposition);

#endif
