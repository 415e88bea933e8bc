/* GET /livez: the process answers. Looks at nothing else, so a data base that is away does not get it killed. */
#include "generated/api_operations.h"
#include "segreteria/api/call.h"

enum status api_system_livez(struct api_call *call) {
    api_reply_text(call, 200, "application/json", STR("{\"status\":\"ok\"}"));
    return STATUS_OK;
}
