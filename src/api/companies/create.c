/* POST /v1/companies: a company with its first owner, and a session for them. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "registration.h"
#include "segreteria/api/call.h"

enum status api_companies_create(struct api_call *call) {
    return registration_run(call, "owner", &stmt_companies_create);
}
