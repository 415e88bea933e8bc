/* GET /v1/applications/{application_id}: each side's own view. That a company's member sees a
 * candidate is recorded. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_applications_get(struct api_call *call) {
    return api_submit(call, call->principal.kind == PRINCIPAL_COMPANY ? &stmt_applications_view
                                                                      : &stmt_applications_get);
}
