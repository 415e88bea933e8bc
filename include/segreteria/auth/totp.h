/* Time-based one-time codes (RFC 6238: SHA-1, 30 s, 6 digits, what every authenticator does) and
 * recovery codes. */
#ifndef SEGRETERIA_AUTH_TOTP_H
#define SEGRETERIA_AUTH_TOTP_H

#include <stdbool.h>
#include <stdint.h>

#include "segreteria/core/str.h"

#define TOTP_SECRET_BYTES 20 /* RFC 4226 section 4: as long as the hash */
#define TOTP_SECRET_TEXT_SIZE 33
#define TOTP_PERIOD_S 30
#define TOTP_DIGITS 6
#define RECOVERY_CODES 10
#define RECOVERY_CODE_BYTES 7 /* of which 50 bits are used */
#define RECOVERY_CODE_SIZE 12 /* "abcde-fghij" */

/* The code of a time step (Unix seconds / TOTP_PERIOD_S): a number of TOTP_DIGITS digits. */
uint32_t totp_code(const unsigned char *secret, size_t len, uint64_t step);
/* Whether text is the code of the step of unix_s or of one of its neighbours (clocks differ); which
 * step it is, the latest if several. Takes the same time whichever. */
bool totp_match(const unsigned char *secret, size_t len, struct str text, int64_t unix_s,
                int64_t *step);
/* Base32 without padding (RFC 4648), NUL-terminated: how authenticators take a secret. */
void totp_secret_text(const unsigned char secret[TOTP_SECRET_BYTES],
                      char out[TOTP_SECRET_TEXT_SIZE]);

/* From random bytes; NUL-terminated. */
void recovery_code_text(const unsigned char random[RECOVERY_CODE_BYTES],
                        char out[RECOVERY_CODE_SIZE]);
/* What is hashed of a recovery code that somebody typed: without case, spaces and dashes. False: it
 * cannot be one. */
bool recovery_code_normal(struct str text, char out[RECOVERY_CODE_SIZE]);

#endif
