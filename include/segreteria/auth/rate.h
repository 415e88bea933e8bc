/* Rate limits: a token bucket for each API token or session, each account and each address, by the
 * class of the operation. One table for all workers of the process: a request costs a hash and an
 * atomic exchange of one word for each bucket, no lock. Other instances count for themselves.
 *
 * The table has a fixed size. A bucket that is full again is as good as none, so its place is free
 * for the next; where all places a newcomer may take hold buckets in use, it takes the one nearest
 * to full, and what that owes with it. So nobody's own bucket ever gets fuller because many others
 * come: whoever returns owes at least what it did. Thread-safe.
 */
#ifndef SEGRETERIA_AUTH_RATE_H
#define SEGRETERIA_AUTH_RATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "segreteria/contract/contract.h"
#include "segreteria/core/status.h"
#include "segreteria/core/str.h"

/* count in period_s on average, up to burst at once. */
struct rate_rule {
    bool on;
    uint32_t count, period_s, burst;
};

struct rate_rules {
    struct rate_rule classes[RATE_CLASSES]; /* by enum rate_class; RATE_NONE has none */
};
void rate_rules_default(struct rate_rules *out);
/* "write=1200/minute,12000" (class, count, period second, minute, hour or day, burst; without a
 * burst: the count), "read=off", or "off" for all. INVALID: it is not that, or it would take more
 * than a day to fill the bucket. */
NODISCARD enum status rate_rules_parse(struct str text, struct rate_rules *out);

/* What an account may do with all its tokens and sessions together, as a multiple of the rule. */
#define RATE_ACCOUNT_FACTOR 4

enum rate_holder { RATE_TOKEN, RATE_ACCOUNT, RATE_ADDRESS };
#define RATE_HOLDERS 3

struct rate_verdict {
    bool allowed;
    uint32_t remaining; /* what could be taken now */
    uint32_t full_s;    /* seconds until the bucket is full, rounded up */
    uint32_t wait_s;    /* refused: seconds until as much can be taken, rounded up */
    struct str policy;  /* value of RateLimit-Policy; lives as long as the limiter */
    struct str name;    /* of the policy, quoted */
};

struct rate_limiter;
/* buckets: rounded up to a power of two; 8 bytes each. */
NODISCARD enum status rate_limiter_create(const struct rate_rules *rules, size_t buckets,
                                          struct rate_limiter **out);
void rate_limiter_destroy(struct rate_limiter *limiter); /* NULL does nothing */
bool rate_limiter_on(const struct rate_limiter *limiter, enum rate_class class);
/* Takes units (0: looks only) from a bucket, or nothing where there are fewer. The class's rule
 * must be on. id: whose bucket, any bytes. now_us: monotonic. */
struct rate_verdict rate_take(struct rate_limiter *limiter, enum rate_class class,
                              enum rate_holder holder, struct str id, uint32_t units,
                              uint64_t now_us);

#endif
