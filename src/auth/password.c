/* Argon2id on the helper threads. */
#include "segreteria/auth/password.h"

#include <sodium.h>
#include <stddef.h>
#include <time.h>

/* Verified where no account has been found. Made from random bytes at the cost above; no password
 * is known for it. */
static const char dummy_hash[] = "$argon2id$v=19$m=19456,t=2,p=1$4CD7qvYYxrWu96MOG4+9cw$"
                                 "rvW0FqFYAdTGGdAXOoero5tN5UVG2w6SCjdT9PkEKtM";

static void work(struct helper_job *helper) {
    struct password_job *job =
        (struct password_job *)(void *)((char *)helper - offsetof(struct password_job, helper));
    job->status = STATUS_OK;
    if (job->verify) {
        int wrong = crypto_pwhash_str_verify(job->hash, job->password, job->password_len);
        job->matches = wrong == 0 && !job->unknown;
        job->needs_rehash = job->matches &&
                            crypto_pwhash_str_needs_rehash(job->hash, PASSWORD_PASSES,
                                                           PASSWORD_MEMORY_BYTES) != 0;
    } else if (crypto_pwhash_str_alg(job->hash, job->password, job->password_len, PASSWORD_PASSES,
                                     PASSWORD_MEMORY_BYTES, crypto_pwhash_ALG_ARGON2ID13) != 0) {
        job->status = STATUS_NO_MEMORY;
    }
    sodium_memzero(job->password, sizeof job->password);
}

enum status password_hash_now(struct str password, char out[PASSWORD_HASH_SIZE]) {
    return crypto_pwhash_str_alg(out, password.ptr, password.len, PASSWORD_PASSES,
                                 PASSWORD_MEMORY_BYTES, crypto_pwhash_ALG_ARGON2ID13) == 0
               ? STATUS_OK
               : STATUS_NO_MEMORY;
}

double password_measure_ms(void) {
    static const char password[] = "a password to measure with";
    char hash[crypto_pwhash_STRBYTES];
    struct timespec from, to;
    (void)clock_gettime(CLOCK_MONOTONIC, &from);
    if (crypto_pwhash_str_alg(hash, password, sizeof password - 1, PASSWORD_PASSES,
                              PASSWORD_MEMORY_BYTES, crypto_pwhash_ALG_ARGON2ID13) != 0)
        return 0;
    (void)clock_gettime(CLOCK_MONOTONIC, &to);
    return (double)(to.tv_sec - from.tv_sec) * 1e3 + (double)(to.tv_nsec - from.tv_nsec) / 1e6;
}

static void done(struct helper_job *helper) {
    struct password_job *job =
        (struct password_job *)(void *)((char *)helper - offsetof(struct password_job, helper));
    job->done(job);
}

static enum status submit(struct helpers *helpers, struct loop *loop, struct password_job *job,
                          struct str password) {
    if (password.len > sizeof job->password)
        return STATUS_TOO_LARGE;
    memcpy(job->password, password.ptr, password.len);
    job->password_len = password.len;
    job->helper = (struct helper_job){.work = work, .done = done, .loop = loop};
    enum status status = helpers_submit(helpers, &job->helper);
    if (status != STATUS_OK)
        sodium_memzero(job->password, sizeof job->password);
    return status;
}

enum status password_hash_submit(struct helpers *helpers, struct loop *loop,
                                 struct password_job *job, struct str password) {
    job->verify = false;
    return submit(helpers, loop, job, password);
}

enum status password_verify_submit(struct helpers *helpers, struct loop *loop,
                                   struct password_job *job, struct str password, struct str hash) {
    job->verify = true;
    job->unknown = str_is_none(hash) || hash.len >= sizeof job->hash;
    struct str stored = job->unknown ? STR(dummy_hash) : hash;
    memset(job->hash, 0, sizeof job->hash);
    memcpy(job->hash, stored.ptr, stored.len);
    return submit(helpers, loop, job, password);
}
