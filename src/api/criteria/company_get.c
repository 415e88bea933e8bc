/* GET /v1/companies/{company_id}/criteria: by what the company rates applications. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_criteria_company_get(struct api_call *call) {
    return api_submit(call, &stmt_criteria_company_get);
}
