/* What waits in tables, counted every so often for the metrics: one small statement. */
#ifndef SEGRETERIA_BACKGROUND_COUNTS_H
#define SEGRETERIA_BACKGROUND_COUNTS_H

#include "segreteria/background/background.h"
#include "segreteria/db/lane.h"
#include "segreteria/worker/loop.h"

struct counts {
    struct loop *loop;
    struct db_lane *lane; /* NULL: not started */
    struct background_metrics *metrics;
    struct loop_timer timer;
    struct db_call call;
    bool running;
};

/* The lane has stmt_background_counts prepared. */
void counts_start(struct counts *counts, struct loop *loop, struct db_lane *lane,
                  struct background_metrics *metrics);
/* After the loop has ended, before the lane is destroyed. */
void counts_stop(struct counts *counts);

#endif
