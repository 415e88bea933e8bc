/* Token buckets as what each owes (the generic cell rate algorithm): a bucket is the moment at
 * which it will be full again, so that it needs no filling and fits into one word with a tag that
 * tells whose it is.
 *
 * A word: 20 bits of tag, 44 bits of time in steps of 2 microseconds since the table was made. Time
 * runs round once in 13 months; a moment that is further ahead than any rule allows is one that has
 * passed. Two holders share a bucket if tag and set agree by chance: about one in 10^5 of those
 * that are active at the same time in a full table.
 *
 * The hash is keyed, so nobody can choose the set it comes to.
 */
#include "segreteria/auth/rate.h"

#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "segreteria/core/clock.h"

#define WAYS 8 /* words of a set: one cache line */
#define TAG_BITS 20
#define TIME_BITS (64 - TAG_BITS)
#define TIME_MASK (((uint64_t)1 << TIME_BITS) - 1)
#define STEPS_A_SECOND 500000u
#define POLICY_SIZE 64

struct policy {
    uint64_t interval_256; /* steps a unit takes to come back, times 256 */
    uint64_t capacity;     /* steps an empty bucket takes to be full */
    uint32_t burst;
    char name[24], text[POLICY_SIZE];
};

struct rate_limiter {
    uint64_t started_us;
    uint64_t longest; /* capacity of the largest bucket */
    size_t set_mask;
    unsigned char key[crypto_shorthash_KEYBYTES];
    bool on[RATE_CLASSES];
    struct policy policies[RATE_CLASSES][RATE_HOLDERS];
    _Atomic uint64_t *words;
};

static uint64_t cost_of(const struct policy *policy, uint64_t units) {
    return (units * policy->interval_256 + 255) / 256;
}

static void set_policy(struct rate_limiter *limiter, enum rate_class class, enum rate_holder holder,
                       const struct rate_rule *rule) {
    static const char *const suffixes[RATE_HOLDERS] = {"", "-account", ""};
    struct policy *policy = &limiter->policies[class][holder];
    uint32_t factor = holder == RATE_ACCOUNT ? RATE_ACCOUNT_FACTOR : 1;
    uint64_t steps = (uint64_t)rule->period_s * STEPS_A_SECOND * 256;
    policy->interval_256 = steps / ((uint64_t)rule->count * factor);
    if (policy->interval_256 == 0)
        policy->interval_256 = 1;
    policy->burst = rule->burst * factor;
    policy->capacity = cost_of(policy, policy->burst);
    uint64_t window_s = (policy->capacity + STEPS_A_SECOND - 1) / STEPS_A_SECOND;
    const char *class_name = contract_rate_class_name(class);
    (void)snprintf(policy->name, sizeof policy->name, "\"%s%s\"", class_name, suffixes[holder]);
    (void)snprintf(policy->text, sizeof policy->text, "\"%s%s\";q=%u;w=%llu", class_name,
                   suffixes[holder], policy->burst,
                   (unsigned long long)(window_s == 0 ? 1 : window_s));
    if (policy->capacity > limiter->longest)
        limiter->longest = policy->capacity;
}

enum status rate_limiter_create(const struct rate_rules *rules, size_t buckets,
                                struct rate_limiter **out) {
    size_t sets = 1;
    while (sets * WAYS < buckets)
        sets *= 2;
    struct rate_limiter *limiter = calloc(1, sizeof *limiter);
    size_t bytes = sets * WAYS * sizeof limiter->words[0];
    void *words = limiter == NULL ? NULL : aligned_alloc(64, bytes);
    if (words == NULL) {
        free(limiter);
        return STATUS_NO_MEMORY;
    }
    memset(words, 0, bytes);
    limiter->words = words;
    limiter->set_mask = sets - 1;
    limiter->started_us = clock_monotonic_us();
    randombytes_buf(limiter->key, sizeof limiter->key);
    for (unsigned class = RATE_NONE + 1; class < RATE_CLASSES; class ++) {
        limiter->on[class] = rules->classes[class].on;
        for (unsigned holder = 0; limiter->on[class] && holder < RATE_HOLDERS; holder++)
            set_policy(limiter, (enum rate_class) class, (enum rate_holder)holder,
                       &rules->classes[class]);
    }
    *out = limiter;
    return STATUS_OK;
}

void rate_limiter_destroy(struct rate_limiter *limiter) {
    if (limiter == NULL)
        return;
    free(limiter->words);
    free(limiter);
}

bool rate_limiter_on(const struct rate_limiter *limiter, enum rate_class class) {
    return limiter->on[class];
}

/* Steps until the bucket of that word is full. */
static uint64_t owed(const struct rate_limiter *limiter, uint64_t word, uint64_t now) {
    uint64_t ahead = ((word & TIME_MASK) - now) & TIME_MASK;
    return word == 0 || ahead > limiter->longest ? 0 : ahead;
}

struct place {
    _Atomic uint64_t *word;
    uint64_t value; /* as it was read */
    uint64_t owed;
};

/* The holder's own word, or the one of the set that owes least. */
static struct place find(const struct rate_limiter *limiter, _Atomic uint64_t *set, uint64_t tag,
                         uint64_t now) {
    struct place least = {.owed = UINT64_MAX};
    for (size_t i = 0; i < WAYS; i++) {
        uint64_t value = atomic_load_explicit(&set[i], memory_order_relaxed);
        uint64_t debt = owed(limiter, value, now);
        if (value >> TIME_BITS == tag && value != 0)
            return (struct place){&set[i], value, debt};
        if (debt < least.owed)
            least = (struct place){&set[i], value, debt};
    }
    return least;
}

static uint32_t seconds_up(uint64_t steps) {
    return (uint32_t)((steps + STEPS_A_SECOND - 1) / STEPS_A_SECOND);
}

static uint64_t hash_of(const struct rate_limiter *limiter, enum rate_class class,
                        enum rate_holder holder, struct str id) {
    unsigned char input[64], out[crypto_shorthash_BYTES];
    uint64_t hash;
    size_t len = id.len > sizeof input - 2 ? sizeof input - 2 : id.len;
    input[0] = (unsigned char)class;
    input[1] = (unsigned char)holder;
    if (len > 0)
        memcpy(input + 2, id.ptr, len);
    (void)crypto_shorthash(out, input, len + 2, limiter->key);
    memcpy(&hash, out, sizeof hash);
    return hash;
}

struct rate_verdict rate_take(struct rate_limiter *limiter, enum rate_class class,
                              enum rate_holder holder, struct str id, uint32_t units,
                              uint64_t now_us) {
    const struct policy *policy = &limiter->policies[class][holder];
    const uint64_t now = (now_us - limiter->started_us) / 2 & TIME_MASK;
    const uint64_t hash = hash_of(limiter, class, holder, id);
    const uint64_t tag = hash >> TIME_BITS, cost = cost_of(policy, units);
    _Atomic uint64_t *set = &limiter->words[(hash & limiter->set_mask) * WAYS];
    struct rate_verdict verdict = {.policy = str_of(policy->text), .name = str_of(policy->name)};
    struct place place;
    do {
        place = find(limiter, set, tag, now);
        verdict.allowed = place.owed + cost <= policy->capacity;
        if (!verdict.allowed || units == 0)
            break;
    } while (!atomic_compare_exchange_weak_explicit(
        place.word, &place.value, tag << TIME_BITS | ((now + place.owed + cost) & TIME_MASK),
        memory_order_relaxed, memory_order_relaxed));
    uint64_t debt = place.owed + (verdict.allowed ? cost : 0);
    if (!verdict.allowed)
        verdict.wait_s = seconds_up(place.owed + cost - policy->capacity);
    if (debt < policy->capacity)
        verdict.remaining = (uint32_t)((policy->capacity - debt) * 256 / policy->interval_256);
    if (verdict.remaining > policy->burst)
        verdict.remaining = policy->burst;
    verdict.full_s = seconds_up(debt);
    return verdict;
}
