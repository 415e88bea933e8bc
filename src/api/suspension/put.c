/* PUT /v1/companies/{company_id}/suspension: an operator stops a company. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "suspension.h"

enum status api_suspension_put(struct api_call *call) {
    return api_submit_then(call, &stmt_suspension_put, suspension_changed);
}
