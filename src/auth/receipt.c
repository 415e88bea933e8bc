/* Signed receipts. */
#include "segreteria/auth/receipt.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define VARIANT sodium_base64_VARIANT_URLSAFE_NO_PADDING
_Static_assert(RECEIPT_KEY_BYTES == crypto_sign_PUBLICKEYBYTES, "an Ed25519 key");
_Static_assert(KEYS_SUBKEY_BYTES == crypto_sign_SEEDBYTES, "a subkey is a seed");

static void key_pair(const struct key *key, unsigned char public_key[crypto_sign_PUBLICKEYBYTES],
                     unsigned char secret_key[crypto_sign_SECRETKEYBYTES]) {
    (void)crypto_sign_seed_keypair(public_key, secret_key, key_subkey(key, SUBKEY_RECEIPT));
}

void receipt_public_key(const struct key *key, unsigned char out[RECEIPT_KEY_BYTES]) {
    unsigned char secret_key[crypto_sign_SECRETKEYBYTES];
    key_pair(key, out, secret_key);
    sodium_memzero(secret_key, sizeof secret_key);
}

void receipt_key_text(const unsigned char key[RECEIPT_KEY_BYTES], char out[RECEIPT_KEY_TEXT_SIZE]) {
    (void)sodium_bin2base64(out, RECEIPT_KEY_TEXT_SIZE, key, RECEIPT_KEY_BYTES, VARIANT);
}

/* Appends base64url text; *at counts the characters so far. out is large enough. */
static void append(char *out, size_t *at, const void *bytes, size_t len) {
    size_t size = sodium_base64_encoded_len(len, VARIANT);
    (void)sodium_bin2base64(out + *at, size, bytes, len, VARIANT);
    *at += size - 1;
}

struct str receipt_sign(const struct key *key, struct str payload, struct arena *arena) {
    unsigned char public_key[crypto_sign_PUBLICKEYBYTES], secret_key[crypto_sign_SECRETKEYBYTES];
    unsigned char signature[crypto_sign_BYTES];
    char header[64 + KEY_ID_SIZE];
    int header_len = snprintf(header, sizeof header, "{\"alg\":\"EdDSA\",\"kid\":\"%s\"}",
                              key->id_text);
    size_t at = 0;
    char *out = arena_alloc(arena, sodium_base64_encoded_len((size_t)header_len, VARIANT) +
                                       sodium_base64_encoded_len(payload.len, VARIANT) +
                                       sodium_base64_encoded_len(sizeof signature, VARIANT));
    if (out == NULL)
        return STR_NONE;
    append(out, &at, header, (size_t)header_len);
    out[at++] = '.';
    append(out, &at, payload.ptr, payload.len);
    key_pair(key, public_key, secret_key);
    (void)crypto_sign_detached(signature, NULL, (const unsigned char *)out, at, secret_key);
    sodium_memzero(secret_key, sizeof secret_key);
    out[at++] = '.';
    append(out, &at, signature, sizeof signature);
    return str_from(out, at);
}
