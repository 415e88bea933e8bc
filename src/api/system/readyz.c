/* GET /readyz: this instance should get requests: every worker's lanes are connected with all statements prepared, and it
 * is not shutting down. */
#include "generated/api_operations.h"
#include "segreteria/api/call.h"

enum status api_system_readyz(struct api_call *call) {
    if (api_worker_ready(call->worker))
        api_reply_text(call, 200, "application/json", STR("{\"status\":\"ok\"}"));
    else
        api_fail(call, STATUS_UNAVAILABLE);
    return STATUS_OK;
}
