/* Tokens already looked up, per worker, short-lived, bounded; and the epochs by which a revocation
 * on any thread makes every worker look again. A cache is its worker's thread's own; times are
 * monotonic milliseconds.
 */
#ifndef SEGRETERIA_AUTH_CACHE_H
#define SEGRETERIA_AUTH_CACHE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "segreteria/auth/principal.h"
#include "segreteria/auth/token.h"
#include "segreteria/core/status.h"

/* Shared by all workers of the process: a counter per bucket of accounts. An entry remembers the
 * counter as it was before its look-up was sent, so a revocation that overtakes the look-up makes
 * the entry stale, too. */
#define AUTH_EPOCHS 1024
struct auth_epochs {
    _Atomic uint64_t all;   /* counts bumps that concern everybody */
    _Atomic uint64_t bumps; /* counts bumps of single accounts */
    _Atomic uint64_t account[AUTH_EPOCHS];
    atomic_bool deaf; /* what other instances revoke is not heard: nothing remembered is used */
};

/* After the revocation is committed and before it is answered (or on NOTIFY). Thread-safe.
 * account_id "" or unknown text stales everything. */
void auth_epochs_bump(struct auth_epochs *epochs, struct str account_id);

/* Taken before a look-up is sent. The account is not known then, so every bump counts:
 * see cache.c. */
struct auth_snapshot {
    uint64_t all;
    uint64_t bumps;
};

struct auth_cache;
#define AUTH_CACHE_TTL_MS 10000u         /* a found token */
#define AUTH_CACHE_NEGATIVE_TTL_MS 2000u /* an unknown one */

/* epochs: borrowed. entries: how many tokens it holds at most, rounded up to a power of two. */
NODISCARD enum status auth_cache_create(struct auth_epochs *epochs, size_t entries,
                                        struct auth_cache **out);
void auth_cache_destroy(struct auth_cache *cache); /* NULL is allowed */

enum auth_cache_answer { AUTH_CACHE_MISS, AUTH_CACHE_FOUND, AUTH_CACHE_UNKNOWN };
enum auth_cache_answer auth_cache_get(struct auth_cache *cache,
                                      const unsigned char hash[TOKEN_HASH_BYTES], uint64_t now_ms,
                                      struct principal *out);
/* The key of a session's entry for a company it named: one for each, so that what it may do in one
 * company never answers for another. key: the token's hash, replaced. */
void auth_cache_key_for_company(unsigned char key[TOKEN_HASH_BYTES],
                                const char company_id[UUID_TEXT_SIZE]);
struct auth_snapshot auth_cache_snapshot(const struct auth_cache *cache);
/* principal NULL: the token is unknown. Not kept if any revocation happened since the snapshot. */
void auth_cache_put(struct auth_cache *cache, const unsigned char hash[TOKEN_HASH_BYTES],
                    struct auth_snapshot snapshot, uint64_t now_ms,
                    const struct principal *principal);

#endif
