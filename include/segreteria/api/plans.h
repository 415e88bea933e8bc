/* Plans of searches, kept by what was asked, so that a search that comes again, or its next page,
 * needs no statement for it. Bounded; one a worker; its thread's own. */
#ifndef SEGRETERIA_API_PLANS_H
#define SEGRETERIA_API_PLANS_H

#include <stdint.h>

#include "segreteria/core/status.h"
#include "segreteria/core/str.h"

struct plans;

/* Names may get other meanings (a gazetteer is loaded): what is kept is not older than this. */
#define PLANS_TTL_MS 60000u

/* places: how many texts at most, a power of two, 4 or more; bytes_max: of one, with its key. */
NODISCARD enum status plans_create(size_t places, size_t bytes_max, struct plans **out);
void plans_destroy(struct plans *plans); /* NULL is allowed */
/* STR_NONE: none is kept. Valid until the next put. */
struct str plans_get(struct plans *plans, struct str key, uint64_t now_ms);
/* Kept unless it is large. */
void plans_put(struct plans *plans, struct str key, struct str plan, uint64_t now_ms);

#endif
