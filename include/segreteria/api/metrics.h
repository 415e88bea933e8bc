/* What a worker's operations count beyond what HTTP does. The worker's thread writes, any thread
 * reads (core/counter.h). */
#ifndef SEGRETERIA_API_METRICS_H
#define SEGRETERIA_API_METRICS_H

#include "segreteria/contract/contract.h"
#include "segreteria/core/counter.h"

struct api_metrics {
    struct counter searches_by_index;      /* given to the index */
    struct counter searches_by_postgresql; /* without an index in step, or beyond what it takes */
    struct counter rate_refused[RATE_CLASSES]; /* by enum rate_class */
    struct {
        struct counter entries, bytes; /* now */
        struct counter hits, misses;
    } answers;                                /* kept ones: answers.h */
    struct counter batches, uploads, streams; /* running */
};

#endif
