/* GET /v1/applications: those a candidate sent, or a company received. That a company's member sees
 * candidates is recorded. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_applications_list(struct api_call *call) {
    return api_submit(call, call->principal.kind == PRINCIPAL_COMPANY ? &stmt_applications_view_list
                                                                      : &stmt_applications_list);
}
