/* Whoever gives a password: how often they may, whether it is right. One way for signing in and for
 * whatever asks a signed-in account for its password again. */
#ifndef SEGRETERIA_API_CREDENTIALS_H
#define SEGRETERIA_API_CREDENTIALS_H

#include "segreteria/api/call.h"

struct credentials {
    struct str login; /* e-mail address; STR_NONE: the caller's own account */
    struct str password;
    struct str device;      /* refresh token of an earlier session; STR_NONE: none given */
    const char *wrong_code; /* problem when the password is not right */
    /* Problems when the account has a second factor and the body (totp_code, recovery_code) has no
     * code, or not the right one. NULL: the password is enough. */
    const char *missing_code, *wrong_totp;
    void (*then)(struct api_call *call); /* it is right; :account_id and :old_hash are bound, and
                                            :totp_step and :recovery_hashes for second_factor_use */
};

/* Counts the attempt, verifies the password, makes its hash anew where the cost has risen, and goes
 * on with `then`; answers everything else itself: 429 too_many_attempts, wrong_code, 503. Uses
 * call->state until `then`. */
NODISCARD enum status credentials_check(struct api_call *call, const struct credentials *given);

enum credentials_asked {
    ASK_PASSWORD,
    ASK_PASSWORD_AND_CODE, /* the code from accounts that have a second factor */
};

/* The same for the caller's own account, whose password is the body's member `password_member`.
 * What is not right is told as wrong_password and wrong_totp_code. */
NODISCARD enum status credentials_check_own(struct api_call *call, const char *password_member,
                                            enum credentials_asked asked,
                                            void (*then)(struct api_call *call));

/* The e-mail address of the account whose password is given, once it has been looked up. */
struct str credentials_login(struct api_call *call);
/* In `then`: the account's sealed secret; STR_NONE where it has no second factor. */
struct str credentials_totp_secret(struct api_call *call);

#endif
