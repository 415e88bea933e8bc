/* The master keys and what is derived from them. Every secret the server keeps is protected by the
 * master key in use: subkeys are made with crypto_kdf (BLAKE2b), so that no two purposes share a
 * key. Keys that were in use before stay in the ring, so that what they protected can still be
 * read, until they are retired. A ring is immutable; a changed key file makes a new one.
 */
#ifndef SEGRETERIA_AUTH_KEYS_H
#define SEGRETERIA_AUTH_KEYS_H

#include <stdbool.h>
#include <stddef.h>

#include "segreteria/core/buf.h"
#include "segreteria/core/clock.h"
#include "segreteria/core/status.h"
#include "segreteria/core/str.h"

#define KEYS_MAX 8
#define KEYS_SUBKEY_BYTES 32
#define KEYS_SUBKEYS 8
#define KEY_ID_BYTES 8
#define KEY_ID_SIZE (2 * KEY_ID_BYTES + 1)

/* Subkey numbers are for ever: changing one makes what is stored worthless. */
enum subkey {
    SUBKEY_TOKEN_HASH = 1, /* stored hashes of tokens */
    SUBKEY_CURSOR,         /* signatures of page cursors */
    SUBKEY_IDEMPOTENCY,    /* idempotency keys and request fingerprints */
    SUBKEY_DERIVE,         /* secrets of answers that may have to be given again */
    SUBKEY_LINK,           /* secrets of links in mails */
    SUBKEY_TOTP,           /* sealed secrets of the second factor */
    SUBKEY_DOCUMENT,       /* sealed documents */
    SUBKEY_RECEIPT         /* receipts and signatures */
};

struct key {
    unsigned char id[KEY_ID_BYTES]; /* derived from the key; no secret */
    char id_text[KEY_ID_SIZE];      /* hexadecimal */
    /* Hashes that are stored end with the id, so that it can be told which key they need. False
     * for a key in the form of the first release, whose hashes bear nothing. */
    bool marks;
    bool next; /* known, and not in use yet: other instances are still to learn of it */
    char made[CLOCK_RFC3339_SIZE];                          /* "": not known */
    unsigned char subkeys[KEYS_SUBKEYS][KEYS_SUBKEY_BYTES]; /* see key_subkey */
};

struct keys {
    size_t count, current;
    struct key list[KEYS_MAX]; /* newest first */
};

static inline const struct key *keys_current(const struct keys *keys) {
    return &keys->list[keys->current];
}
/* KEYS_SUBKEY_BYTES bytes. */
static inline const unsigned char *key_subkey(const struct key *key, enum subkey subkey) {
    return key->subkeys[subkey - 1];
}
/* The i-th of the order in which keys are tried: the one in use first. i < count. */
static inline const struct key *keys_nth(const struct keys *keys, size_t i) {
    return &keys->list[i == 0 ? keys->current : i <= keys->current ? i - 1 : i];
}
/* NULL: not in the ring. */
const struct key *keys_find(const struct keys *keys, const unsigned char id[KEY_ID_BYTES]);

/* environment: the value of SEGRETERIA_MASTER_KEY or NULL; otherwise the file
 * <data_dir>/master.key, made (mode 0600) when it does not exist. A file others can read is
 * refused. One key an entry, entries divided by line breaks (in the file) or commas, newest first:
 * `sgk_` and 64 hexadecimal digits (or the digits alone, the form of the first release), then
 * optionally the time it was made and `next`. The first that is not `next` is in use. error says
 * what is wrong in one line. The master keys themselves are wiped before this returns. */
NODISCARD enum status keys_load(const char *environment, const char *data_dir, struct keys *out,
                                struct buf *error);
void keys_wipe(struct keys *keys);

/* The key file alone, which is not made. NOT_FOUND: there is none. */
NODISCARD enum status keys_file_read(const char *data_dir, struct keys *out, struct buf *error);

/* Changes of the key file, each in one step that a crash leaves done or not done. */

/* Adds a new key as `next`; one that is there already is left. TOO_LARGE: the ring is full. */
NODISCARD enum status keys_file_add(const char *data_dir, struct keys *out, struct buf *error);
/* Puts the `next` key in use; OK where there is none. */
NODISCARD enum status keys_file_promote(const char *data_dir, struct keys *out, struct buf *error);
/* Takes a key out. NOT_FOUND; EXISTS: it is the one in use. */
NODISCARD enum status keys_file_remove(const char *data_dir, const char *id_text, struct keys *out,
                                       struct buf *error);

#endif
