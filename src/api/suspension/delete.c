/* DELETE /v1/companies/{company_id}/suspension: an operator lets a company go on. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "suspension.h"

enum status api_suspension_delete(struct api_call *call) {
    return api_submit_then(call, &stmt_suspension_delete, suspension_changed);
}
