/* What a lane counts. Its loop's thread writes, any thread reads (core/counter.h). */
#ifndef SEGRETERIA_DB_LANE_METRICS_H
#define SEGRETERIA_DB_LANE_METRICS_H

#include "segreteria/core/counter.h"

struct db_lane_metrics {
    struct counter waiting;   /* calls not sent yet, at the end of the loop's last turn */
    struct counter in_flight; /* calls sent, likewise */
    struct counter calls;     /* taken in */
    struct counter refused;   /* turned away: the queue was full, or there was no connection */
    struct counter up;        /* connections that serve */
    struct counter connected; /* times that one began to serve */
    struct counter lost;      /* times that one which served was lost */
};

#endif
