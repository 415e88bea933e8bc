/* Secrets of links sent by mail: `sgrl_` and the form of every token. They are derived from the
 * master key, the purpose and the link's id, so that the data base holds a hash only and a message
 * can be written at any time by any instance. Thread-safe.
 */
#ifndef SEGRETERIA_AUTH_LINK_H
#define SEGRETERIA_AUTH_LINK_H

#include "segreteria/auth/keys.h"
#include "segreteria/auth/token.h"
#include "segreteria/core/str.h"
#include "segreteria/core/uuid.h"

/* A new link's secret as text, NUL-terminated. Wipe it. */
void link_secret(const struct key *key, struct str purpose, const struct uuid *id,
                 char out[TOKEN_TEXT_SIZE]);
/* The secret of a link whose stored hash is this one, under whichever key of the ring it was made.
 * NOT_FOUND: its key has been retired. */
NODISCARD enum status link_secret_stored(const struct keys *keys, struct str purpose,
                                         const struct uuid *id,
                                         const unsigned char hash[TOKEN_HASH_BYTES],
                                         char out[TOKEN_TEXT_SIZE]);

#endif
