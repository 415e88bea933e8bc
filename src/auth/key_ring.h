/* Master keys as they stand in the key file, for the files of this room that read and write it.
 * They are secret: wiped as soon as the ring has been derived or the file written. */
#ifndef SEGRETERIA_AUTH_KEY_RING_H
#define SEGRETERIA_AUTH_KEY_RING_H

#include <sodium.h>

#include "segreteria/auth/keys.h"

/* Bytes of a file: KEYS_MAX entries of less than 128 characters and a few lines of comment. */
#define KEY_TEXT_MAX ((size_t)2048)

struct master_key {
    unsigned char bytes[crypto_kdf_KEYBYTES];
    bool marks, next;
    char made[CLOCK_RFC3339_SIZE];
};

struct master_keys {
    size_t count;
    struct master_key list[KEYS_MAX];
};

/* source: what error calls the text. */
NODISCARD enum status master_keys_parse(struct str text, const char *source,
                                        struct master_keys *out, struct buf *error);
/* Appends the lines of the key file. */
void master_keys_format(const struct master_keys *masters, struct buf *out);
void master_keys_wipe(struct master_keys *masters);

/* The subkeys of all of them. */
void keys_derive(const struct master_keys *masters, struct keys *out);

#endif
