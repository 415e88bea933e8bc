/* Who calls. */
#ifndef SEGRETERIA_AUTH_PRINCIPAL_H
#define SEGRETERIA_AUTH_PRINCIPAL_H

#include <stdbool.h>
#include <stdint.h>

#include "segreteria/contract/contract.h"
#include "segreteria/core/status.h"
#include "segreteria/core/uuid.h"

/* Ids in text form, "" where there is none: they are bound into statements as they are. */
struct principal {
    enum principal_kind kind;
    enum company_role role;
    scope_set scopes;
    int64_t expires_unix_ms; /* INT64_MAX: never */
    char account_id[UUID_TEXT_SIZE];
    bool api_token;         /* false: a session's */
    bool former_secret;     /* of a token that was rotated with grace */
    bool several_companies; /* a session's account has more than one: company_id is the chosen one,
                               "" without a choice */
    bool suspended;         /* company_id's company is: see company_admits */
    char company_id[UUID_TEXT_SIZE];
    char candidate_id[UUID_TEXT_SIZE];
    char token_id[UUID_TEXT_SIZE]; /* API token, or the session's id */
};

const char *principal_kind_name(enum principal_kind kind); /* "company" */
NODISCARD enum status principal_kind_parse(struct str name, enum principal_kind *out);
const char *company_role_name(enum company_role role); /* "owner"; "" for ROLE_NONE */
NODISCARD enum status company_role_parse(struct str name, enum company_role *out);

#endif
