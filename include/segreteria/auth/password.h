/* Passwords: Argon2id through libsodium, always on a helper thread. */
#ifndef SEGRETERIA_AUTH_PASSWORD_H
#define SEGRETERIA_AUTH_PASSWORD_H

#include <stdbool.h>

#include "segreteria/core/status.h"
#include "segreteria/core/str.h"
#include "segreteria/worker/helpers.h"

#define PASSWORD_MIN_BYTES 10
#define PASSWORD_MAX_BYTES 1024
#define PASSWORD_HASH_SIZE 128 /* crypto_pwhash_STRBYTES */
/* OWASP's first recommendation for Argon2id: 19 MiB, two passes, one lane. */
#define PASSWORD_MEMORY_BYTES ((size_t)19 * 1024 * 1024)
#define PASSWORD_PASSES 2

/* One hash to make or to verify, in memory of its own: `done` is called on the loop that submitted,
 * and until then the struct must stay, although the request that asked may have ended. The password
 * is copied at submit and wiped when the work is done. */
struct password_job {
    struct helper_job helper;
    void (*done)(struct password_job *job);
    void *context;
    /* results */
    enum status status;            /* NO_MEMORY: Argon2id could not get its memory */
    bool matches;                  /* verify */
    bool needs_rehash;             /* verify: matches, but was made at a lower cost */
    char hash[PASSWORD_HASH_SIZE]; /* hash: the encoded hash; verify: what to compare with */
    /* private */
    bool verify;
    bool unknown; /* the account does not exist: spend the same time, match never */
    size_t password_len;
    char password[PASSWORD_MAX_BYTES];
};

/* The hash of a password, on this thread: for the command line. NO_MEMORY: Argon2id could not get
 * its memory. */
NODISCARD enum status password_hash_now(struct str password, char out[PASSWORD_HASH_SIZE]);
/* Milliseconds that one hash takes on this thread now; 0 when there is no memory for it. */
double password_measure_ms(void);

NODISCARD enum status password_hash_submit(struct helpers *helpers, struct loop *loop,
                                           struct password_job *job, struct str password);
/* hash: the stored one, or STR_NONE where no account has been found: a dummy is verified, so that
 * both take as long. */
NODISCARD enum status password_verify_submit(struct helpers *helpers, struct loop *loop,
                                             struct password_job *job, struct str password,
                                             struct str hash);

#endif
