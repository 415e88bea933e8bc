/* GET /v1/applications/{application_id}/events: the history, each side's own view. That a company's
 * member sees a candidate is recorded. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_applications_events(struct api_call *call) {
    return api_submit(call, call->principal.kind == PRINCIPAL_COMPANY
                                ? &stmt_applications_view_events
                                : &stmt_applications_events);
}
