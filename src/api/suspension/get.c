/* GET /v1/companies/{company_id}/suspension: why, for operators and the company's members. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_suspension_get(struct api_call *call) {
    return api_submit(call, &stmt_suspension_get);
}
