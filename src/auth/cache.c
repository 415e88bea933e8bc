/* The per-worker token cache: two-way set associative, so that it is bounded without lists or
 * eviction work.
 *
 * Staleness. A found entry belongs to an account, so it is compared with that account's epoch.
 * During a look-up the account is unknown; therefore every bump, whichever the account, also counts
 * in `bumps`, and an answer whose look-up saw any bump is used once but not kept. Revocations are
 * rare, so next to nothing is lost.
 */
#include "segreteria/auth/cache.h"

#include <sodium.h>
#include <stdlib.h>

struct entry {
    uint64_t valid_until_ms; /* 0: empty */
    uint64_t all, account_epoch;
    bool known;
    unsigned char hash[TOKEN_HASH_BYTES];
    struct principal principal;
};

struct auth_cache {
    struct auth_epochs *epochs;
    size_t mask;
    struct entry entries[];
};

static unsigned bucket_of(struct str account_id) {
    uint32_t h = 2166136261u; /* FNV-1a: spread only, not security */
    for (size_t i = 0; i < account_id.len; i++)
        h = (h ^ (unsigned char)account_id.ptr[i]) * 16777619u;
    return h % AUTH_EPOCHS;
}

void auth_epochs_bump(struct auth_epochs *epochs, struct str account_id) {
    if (account_id.len != UUID_TEXT_SIZE - 1) {
        (void)atomic_fetch_add(&epochs->all, 1);
    } else {
        /* In this order: whoever sees the new epoch of the account has to see the bump, too. */
        (void)atomic_fetch_add(&epochs->bumps, 1);
        (void)atomic_fetch_add(&epochs->account[bucket_of(account_id)], 1);
    }
}

enum status auth_cache_create(struct auth_epochs *epochs, size_t entries, struct auth_cache **out) {
    size_t count = 2;
    while (count < entries)
        count *= 2;
    struct auth_cache *cache = calloc(1, sizeof *cache + count * sizeof cache->entries[0]);
    if (cache == NULL)
        return STATUS_NO_MEMORY;
    cache->epochs = epochs;
    cache->mask = count - 1;
    *out = cache;
    return STATUS_OK;
}

void auth_cache_destroy(struct auth_cache *cache) { free(cache); }

static size_t set_of(const struct auth_cache *cache, const unsigned char hash[TOKEN_HASH_BYTES]) {
    uint64_t h;
    memcpy(&h, hash, sizeof h);
    return (size_t)h & cache->mask & ~(size_t)1;
}

static bool fresh(const struct auth_cache *cache, const struct entry *entry, uint64_t now_ms) {
    if (entry->valid_until_ms <= now_ms || entry->all != atomic_load(&cache->epochs->all) ||
        atomic_load(&cache->epochs->deaf))
        return false;
    unsigned bucket = bucket_of(str_of(entry->principal.account_id));
    return !entry->known || entry->account_epoch == atomic_load(&cache->epochs->account[bucket]);
}

enum auth_cache_answer auth_cache_get(struct auth_cache *cache,
                                      const unsigned char hash[TOKEN_HASH_BYTES], uint64_t now_ms,
                                      struct principal *out) {
    size_t set = set_of(cache, hash);
    for (size_t way = 0; way < 2; way++) {
        const struct entry *entry = &cache->entries[set + way];
        if (sodium_memcmp(entry->hash, hash, TOKEN_HASH_BYTES) != 0 || !fresh(cache, entry, now_ms))
            continue;
        if (!entry->known)
            return AUTH_CACHE_UNKNOWN;
        *out = entry->principal;
        return AUTH_CACHE_FOUND;
    }
    return AUTH_CACHE_MISS;
}

void auth_cache_key_for_company(unsigned char key[TOKEN_HASH_BYTES],
                                const char company_id[UUID_TEXT_SIZE]) {
    unsigned char token[TOKEN_HASH_BYTES];
    memcpy(token, key, sizeof token);
    (void)crypto_generichash(key, TOKEN_HASH_BYTES, (const unsigned char *)company_id,
                             UUID_TEXT_SIZE - 1, token, sizeof token);
}

struct auth_snapshot auth_cache_snapshot(const struct auth_cache *cache) {
    return (struct auth_snapshot){.all = atomic_load(&cache->epochs->all),
                                  .bumps = atomic_load(&cache->epochs->bumps)};
}

void auth_cache_put(struct auth_cache *cache, const unsigned char hash[TOKEN_HASH_BYTES],
                    struct auth_snapshot snapshot, uint64_t now_ms,
                    const struct principal *principal) {
    uint64_t account_epoch =
        principal == NULL
            ? 0
            : atomic_load(&cache->epochs->account[bucket_of(str_of(principal->account_id))]);
    /* Read after the epoch: a bump before that is seen here, one after it changes the epoch. */
    if (snapshot.all != atomic_load(&cache->epochs->all) ||
        snapshot.bumps != atomic_load(&cache->epochs->bumps))
        return;
    size_t set = set_of(cache, hash);
    struct entry *entry = &cache->entries[set];
    if (memcmp(entry->hash, hash, TOKEN_HASH_BYTES) != 0 &&
        cache->entries[set + 1].valid_until_ms < entry->valid_until_ms)
        entry = &cache->entries[set + 1]; /* the one that ends sooner makes room */
    *entry = (struct entry){
        .all = snapshot.all, .account_epoch = account_epoch, .known = principal != NULL};
    entry->valid_until_ms = now_ms +
                            (principal != NULL ? AUTH_CACHE_TTL_MS : AUTH_CACHE_NEGATIVE_TTL_MS);
    memcpy(entry->hash, hash, TOKEN_HASH_BYTES);
    if (principal != NULL)
        entry->principal = *principal;
}
