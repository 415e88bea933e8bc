/* Which passwords may be chosen (NIST SP 800-63B, ASVS 5.0 section 6.2): no rules of composition,
 * but not those that are tried first. Lengths are the contract's. */
#ifndef SEGRETERIA_AUTH_PASSWORD_CHOICE_H
#define SEGRETERIA_AUTH_PASSWORD_CHOICE_H

#include "segreteria/core/str.h"

enum password_choice {
    PASSWORD_FINE,
    PASSWORD_COMMON, /* among the 6,000 most common of ten characters and more, or a mere pattern */
    PASSWORD_CONTEXT /* little more than the e-mail address or the service's name */
};

/* email: of the account; may be STR_NONE. Case does not matter. Takes some microseconds. */
enum password_choice password_choice_check(struct str password, struct str email);

#endif
