/* GET /v1/companies/{company_id}/verification: for operators and the company's owners. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_verification_get(struct api_call *call) {
    return api_submit(call, &stmt_verification_get);
}
