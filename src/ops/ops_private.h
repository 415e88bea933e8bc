/* Inside the operators' listener. */
#ifndef OPS_PRIVATE_H
#define OPS_PRIVATE_H

#include <pthread.h>

#include "segreteria/http/server.h"
#include "segreteria/ops/ops.h"

#define OPS_TEXT_MAX ((size_t)8 * 1024 * 1024)

struct ops {
    struct ops_options options;
    struct loop *loop;
    struct http_server *http;
    struct http_application application;
    struct search_port port;
    pthread_t thread;
    bool thread_runs;
};

/* ops.c */
bool ops_ready(const struct ops *ops);

/* collect.c: all metrics, as OpenMetrics or in the text format. */
void collect(const struct ops *ops, bool open_metrics, struct buf *out);
/* collect_search.c, collect_process.c: parts of it. */
struct exposition;
void collect_search(const struct ops *ops, struct exposition *exposition);
void collect_background(const struct ops *ops, struct exposition *exposition);
void collect_process(const struct ops *ops, struct exposition *exposition);

#endif
