/* GET /v1/companies/{company_id}: the public profile. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_companies_get(struct api_call *call) {
    return api_submit(call, &stmt_companies_get);
}
