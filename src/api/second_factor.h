/* The second factor of an account: codes that are given, codes that are made. */
#ifndef SEGRETERIA_API_SECOND_FACTOR_H
#define SEGRETERIA_API_SECOND_FACTOR_H

#include "segreteria/api/call.h"

/* Binds :totp_step and :recovery_hashes to nothing: what statements see where no code was given. */
void second_factor_none(struct api_call *call);
/* The body's totp_code or recovery_code; false: neither is there. */
bool second_factor_given(const struct api_call *call);
/* Compares the body's totp_code with a stored secret (sealed for the account, as PostgreSQL writes
 * bytea) and binds the :totp_step it is of; MISMATCH when it is not right. Of a recovery_code the
 * hash is bound as :recovery_hashes, for PostgreSQL to look for. That no code is used twice is
 * second_factor_use's in SQL. */
NODISCARD enum status second_factor_match(struct api_call *call, struct str account_id,
                                          struct str sealed);

/* A new secret for the caller's account: binds :sealed, sets call->tail to the members secret and
 * otpauth_uri (for the account's e-mail address). */
NODISCARD enum status second_factor_make(struct api_call *call, struct str email);
/* New recovery codes for the caller's account, whose stored secret is given (STR_NONE: none, then
 * no codes): binds :new_recovery_hashes, sets call->tail to the member recovery_codes. */
NODISCARD enum status second_factor_make_recovery(struct api_call *call, struct str sealed);

#endif
