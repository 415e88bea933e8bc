/* Secrets at rest: sealed with XChaCha20-Poly1305 under a subkey of the master key in use.
 *
 * Sealed form: id of the master key (8 bytes), nonce (24), ciphertext with tag (plain + 16). The
 * purpose and the owner (the id of the row it belongs to) are authenticated with it, so that a
 * sealed text moved to another row or column does not open.
 */
#ifndef SEGRETERIA_AUTH_SECRET_H
#define SEGRETERIA_AUTH_SECRET_H

#include "segreteria/auth/keys.h"

#define SECRET_OVERHEAD ((size_t)(KEY_ID_BYTES + 24 + 16))

enum secret_purpose { SECRET_TOTP = SUBKEY_TOTP, SECRET_DOCUMENT = SUBKEY_DOCUMENT };

/* sealed: plain.len + SECRET_OVERHEAD bytes. */
void secret_seal(const struct keys *keys, enum secret_purpose purpose, struct str owner,
                 struct str plain, unsigned char *sealed);
/* plain: sealed.len - SECRET_OVERHEAD bytes. NOT_FOUND: the ring does not hold its key; MISMATCH:
 * it is another's, of another purpose, or was changed. */
NODISCARD enum status secret_open(const struct keys *keys, enum secret_purpose purpose,
                                  struct str owner, struct str sealed, unsigned char *plain);
/* Whether it is sealed under the key in use; else it should be sealed again. */
bool secret_is_current(const struct keys *keys, struct str sealed);

#endif
