/* GET /livez: the process answers. Looks at nothing else, so a data base that is away does not get
 * it killed. */
#include "generated/api_operations.h"
#include "segreteria/api/call.h"

enum status api_system_livez(struct api_call *call) {
    static const char body[] = "{\"status\":\"ok\"}";
    struct http_reply reply = {.status = 200, .constant = true, .parts_count = 1};
    reply.parts[0] = str_from(body, sizeof body - 1);
    http_reply_send(call->request, &reply);
    return STATUS_OK;
}
