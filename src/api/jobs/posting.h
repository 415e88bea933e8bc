/* A vacancy as a JobPosting of schema.org. */
#ifndef SEGRETERIA_API_JOBS_POSTING_H
#define SEGRETERIA_API_JOBS_POSTING_H

#include "segreteria/core/arena.h"
#include "segreteria/core/str.h"

/* The stored public document of a vacancy as JSON-LD, in the arena; STR_NONE: out of memory. */
struct str posting_make(struct arena *arena, struct str document);

#endif
