/* Sealing and opening secrets that are kept. */
#include "segreteria/auth/secret.h"

#include <sodium.h>

#define NONCE_BYTES crypto_aead_xchacha20poly1305_ietf_NPUBBYTES
#define TAG_BYTES crypto_aead_xchacha20poly1305_ietf_ABYTES
_Static_assert(SECRET_OVERHEAD == KEY_ID_BYTES + NONCE_BYTES + TAG_BYTES, "the sealed form");

/* What is authenticated beside the text: the purpose's number and a hash of the owner, which has no
 * maximum. */
struct bound {
    unsigned char purpose;
    unsigned char owner[crypto_generichash_BYTES];
};

static struct bound bind_to(enum secret_purpose purpose, struct str owner) {
    struct bound bound = {.purpose = (unsigned char)purpose};
    (void)crypto_generichash(bound.owner, sizeof bound.owner, (const unsigned char *)owner.ptr,
                             owner.len, NULL, 0);
    return bound;
}

void secret_seal(const struct keys *keys, enum secret_purpose purpose, struct str owner,
                 struct str plain, unsigned char *sealed) {
    const struct key *key = keys_current(keys);
    const struct bound bound = bind_to(purpose, owner);
    unsigned char *nonce = sealed + KEY_ID_BYTES;
    memcpy(sealed, key->id, KEY_ID_BYTES);
    randombytes_buf(nonce, NONCE_BYTES);
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(
        nonce + NONCE_BYTES, NULL, (const unsigned char *)plain.ptr, plain.len,
        (const unsigned char *)&bound, sizeof bound, NULL, nonce,
        key_subkey(key, (enum subkey)purpose));
}

enum status secret_open(const struct keys *keys, enum secret_purpose purpose, struct str owner,
                        struct str sealed, unsigned char *plain) {
    if (sealed.len < SECRET_OVERHEAD)
        return STATUS_MISMATCH;
    const unsigned char *bytes = (const unsigned char *)sealed.ptr, *nonce = bytes + KEY_ID_BYTES;
    const struct key *key = keys_find(keys, bytes);
    if (key == NULL)
        return STATUS_NOT_FOUND;
    const struct bound bound = bind_to(purpose, owner);
    return crypto_aead_xchacha20poly1305_ietf_decrypt(
               plain, NULL, NULL, nonce + NONCE_BYTES, sealed.len - KEY_ID_BYTES - NONCE_BYTES,
               (const unsigned char *)&bound, sizeof bound, nonce,
               key_subkey(key, (enum subkey)purpose)) == 0
               ? STATUS_OK
               : STATUS_MISMATCH;
}

bool secret_is_current(const struct keys *keys, struct str sealed) {
    return sealed.len >= KEY_ID_BYTES &&
           memcmp(sealed.ptr, keys_current(keys)->id, KEY_ID_BYTES) == 0;
}
