/* GET /v1/applications/{application_id}/events: the history, each side's own view. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_applications_events(struct api_call *call) {
    return api_submit(call, &stmt_applications_events);
}
