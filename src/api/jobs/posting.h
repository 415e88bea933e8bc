/* A vacancy as a JobPosting of schema.org. */
#ifndef SEGRETERIA_API_JOBS_POSTING_H
#define SEGRETERIA_API_JOBS_POSTING_H

#include "segreteria/core/arena.h"
#include "segreteria/core/str.h"

struct posting_source {
    struct str document; /* the stored public document of the vacancy */
    const char *site;    /* where people find this server, without a slash at the end; NULL: not
                            known */
    struct str website;  /* of the company; STR_NONE: none */
};
/* JSON-LD, in the arena; STR_NONE: out of memory. */
struct str posting_make(struct arena *arena, const struct posting_source *source);

#endif
