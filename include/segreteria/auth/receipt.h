/* Receipts that anybody can verify, also without this server: JSON Web Signatures (RFC 7515) with
 * Ed25519 (RFC 8037), under a key derived from a master key.
 */
#ifndef SEGRETERIA_AUTH_RECEIPT_H
#define SEGRETERIA_AUTH_RECEIPT_H

#include "segreteria/auth/keys.h"
#include "segreteria/core/arena.h"

#define RECEIPT_KEY_BYTES 32
#define RECEIPT_KEY_TEXT_SIZE 44 /* base64url without padding, and the end */

/* The public half of the signing key that a master key gives. */
void receipt_public_key(const struct key *key, unsigned char out[RECEIPT_KEY_BYTES]);
void receipt_key_text(const unsigned char key[RECEIPT_KEY_BYTES], char out[RECEIPT_KEY_TEXT_SIZE]);

/* `payload`, which is JSON, signed: the compact serialization, in the arena. STR_NONE: out of
 * memory. */
struct str receipt_sign(const struct key *key, struct str payload, struct arena *arena);

#endif
