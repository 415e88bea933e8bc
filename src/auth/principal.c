/* Names of the kinds of callers and of the roles in a company. What each may do is
 * principal_scopes() in SQL. */
#include "segreteria/auth/principal.h"

static const char *const kinds[] = {"anonymous", "company", "candidate", "operator"};
static const char *const roles[] = {"", "viewer", "recruiter", "owner"};

const char *principal_kind_name(enum principal_kind kind) { return kinds[kind]; }
const char *company_role_name(enum company_role role) { return roles[role]; }

enum status principal_kind_parse(struct str name, enum principal_kind *out) {
    for (unsigned i = 0; i < 4; i++)
        if (str_eq(name, str_of(kinds[i]))) {
            *out = (enum principal_kind)i;
            return STATUS_OK;
        }
    return STATUS_INVALID;
}

enum status company_role_parse(struct str name, enum company_role *out) {
    for (unsigned i = 0; i < 4; i++)
        if (str_eq(name, str_of(roles[i]))) {
            *out = (enum company_role)i;
            return STATUS_OK;
        }
    return STATUS_INVALID;
}
