/* Bearer tokens: `sgr_` + base62 of 32 random bytes + base62 CRC-32. The checksum lets secret
 * scanners find leaked tokens and lets the server refuse typing errors without a look-up; it is no
 * secret. Refresh tokens begin with `sgrr_`, the secrets of links sent by mail with `sgrl_`; else
 * they are alike. Thread-safe.
 */
#ifndef SEGRETERIA_AUTH_TOKEN_H
#define SEGRETERIA_AUTH_TOKEN_H

#include "segreteria/auth/keys.h"
#include "segreteria/core/arena.h"
#include "segreteria/core/status.h"
#include "segreteria/core/str.h"

#define TOKEN_SECRET_BYTES 32
#define TOKEN_BODY_CHARS 43 /* base62 of 32 bytes, left-padded with '0' */
#define TOKEN_CHECK_CHARS 6 /* base62 of a CRC-32, left-padded with '0' */
#define TOKEN_TEXT_SIZE 56  /* the longer prefix, body, check and a NUL, rounded up */
#define TOKEN_HASH_BYTES 32
#define TOKEN_HASH_TEXT_SIZE                                                                       \
    (2 + 2 * TOKEN_HASH_BYTES + 1) /* "\\x" + hexadecimal: PostgreSQL's bytea text form */

enum token_type { TOKEN_ACCESS, TOKEN_REFRESH, TOKEN_LINK };

/* From 32 bytes (random, or derived for an idempotent answer). out is NUL-terminated. */
void token_format(enum token_type type, const unsigned char secret[TOKEN_SECRET_BYTES],
                  char out[TOKEN_TEXT_SIZE]);
/* Prefix, length, alphabet and checksum: OK, or INVALID. */
NODISCARD enum status token_check(enum token_type type, struct str text);
/* Keyed BLAKE2b of the whole text, as it is stored: 192 bits and the key's id (256 bits under a key
 * that does not mark its hashes). token_hash: under the key in use. */
void token_hash(const struct keys *keys, struct str text, unsigned char out[TOKEN_HASH_BYTES]);
void token_hash_with(const struct key *key, struct str text, unsigned char out[TOKEN_HASH_BYTES]);
void token_hash_text(const unsigned char hash[TOKEN_HASH_BYTES], char out[TOKEN_HASH_TEXT_SIZE]);
/* The hashes a stored token may have, as PostgreSQL's text of a bytea[]: under the key in use
 * first, then under the others of the ring. A look-up takes all of them in one statement, so that
 * it finds a token whose hash another instance renews at that moment. STR_NONE: out of memory. */
struct str token_hashes_text(const struct keys *keys, struct str text, struct arena *arena);

#endif
