/* GET /readyz: this instance should get requests: every worker's lanes are connected with all
 * statements prepared, and it is not shutting down. */
#include "generated/api_operations.h"
#include "segreteria/api/call.h"

enum status api_system_readyz(struct api_call *call) {
    static const char body[] = "{\"status\":\"ok\"}";
    if (!api_worker_ready(call->worker))
        return STATUS_UNAVAILABLE;
    struct http_reply reply = {.status = 200, .constant = true, .parts_count = 1};
    reply.parts[0] = str_from(body, sizeof body - 1);
    http_reply_send(call->request, &reply);
    return STATUS_OK;
}
