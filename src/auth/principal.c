/* What each kind of caller may do at most. */
#include "segreteria/auth/principal.h"

static scope_set scope(const char *name) {
    scope_set bit = 0;
    enum status status = contract_scope_parse(str_of(name), &bit);
    return status == STATUS_OK ? bit : 0;
}

static scope_set company_scopes(enum company_role role) {
    scope_set scopes = scope("jobs:read") | scope("applications:read") | scope("company:read") | scope("profile:read");
    if (role >= ROLE_VIEWER)
        scopes |= scope("profile:write"); /* one's own name and tokens, not the company's data */
    if (role >= ROLE_RECRUITER)
        scopes |= scope("jobs:write") | scope("applications:write") | scope("tokens:write");
    if (role >= ROLE_OWNER)
        scopes |= scope("company:write") | scope("webhooks:write");
    return scopes;
}

scope_set principal_scopes_max(enum principal_kind kind, enum company_role role) {
    switch (kind) {
    case PRINCIPAL_COMPANY: return company_scopes(role);
    case PRINCIPAL_CANDIDATE:
        return scope("jobs:read") | scope("applications:read") | scope("applications:write") | scope("profile:read") |
               scope("profile:write") | scope("tokens:write");
    case PRINCIPAL_OPERATOR:
        return scope("jobs:read") | scope("company:read") | scope("profile:read") | scope("profile:write") |
               scope("tokens:write") | scope("moderation:write");
    case PRINCIPAL_ANONYMOUS: break;
    }
    return 0;
}

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
