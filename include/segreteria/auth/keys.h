/* The master key and what is derived from it. One key file (or environment variable) protects
 * everything at rest: subkeys are made with crypto_kdf (BLAKE2b), so that no two purposes share a
 * key. Immutable after start; read by all threads.
 */
#ifndef SEGRETERIA_AUTH_KEYS_H
#define SEGRETERIA_AUTH_KEYS_H

#include <stddef.h>

#include "segreteria/core/buf.h"
#include "segreteria/core/status.h"
#include "segreteria/core/str.h"

#define KEYS_SUBKEY_BYTES 32

/* Subkey numbers are for ever: changing one makes stored hashes worthless. */
struct keys {
    unsigned char token_hash[KEYS_SUBKEY_BYTES];  /* 1: stored hashes of tokens */
    unsigned char cursor[KEYS_SUBKEY_BYTES];      /* 2: signatures of page cursors */
    unsigned char idempotency[KEYS_SUBKEY_BYTES]; /* 3: idempotency keys and request fingerprints */
    unsigned char
        derive[KEYS_SUBKEY_BYTES]; /* 4: secrets of answers that may have to be given again */
    unsigned char link[KEYS_SUBKEY_BYTES]; /* 5: secrets of links sent by mail */
};

/* environment: the value of SEGRETERIA_MASTER_KEY (64 hexadecimal digits) or NULL; otherwise the
 * file <data_dir>/master.key, made (mode 0600) when it does not exist. A file others can read is
 * refused. error says what is wrong in one line. The master key itself is wiped before this
 * returns. */
NODISCARD enum status keys_load(const char *environment, const char *data_dir, struct keys *out,
                                struct buf *error);
void keys_wipe(struct keys *keys);

#endif
