/* Public answers kept as they were rendered, so that what many ask is made once. One a worker; its
 * thread's own; bounded in entries and bytes.
 *
 * An entry is right as long as no public vacancy has changed since before it was made (the feed's
 * epoch: all entries go at once) and the feed is live; and for a few seconds at most, since some
 * answers say how old things are. */
#ifndef SEGRETERIA_API_ANSWERS_H
#define SEGRETERIA_API_ANSWERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "segreteria/core/status.h"
#include "segreteria/core/str.h"

struct answers;
struct api_metrics;
struct http_reply;

/* metrics: what to count in, in api_metrics.answers; outlives it. */
NODISCARD enum status answers_create(struct api_metrics *metrics, struct answers **out);
/* No reply of its may be under way. NULL is allowed. */
void answers_destroy(struct answers *answers);

/* Fills reply from the entry, which stays until the reply is released. False: there is none. */
bool answers_get(struct answers *answers, struct str key, uint64_t epoch, uint64_t now_ms,
                 struct http_reply *reply);
/* Keeps a copy of a reply's body and Link field. epoch: from before the answer was made. */
void answers_put(struct answers *answers, struct str key, uint64_t epoch, uint64_t now_ms,
                 const struct http_reply *reply);

#endif
