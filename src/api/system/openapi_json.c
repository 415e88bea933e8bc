/* GET /openapi.json: the contract as programs like it; what the validator was compiled from. */
#include "generated/api_operations.h"
#include "generated/assets.h"
#include "segreteria/api/call.h"

enum status api_system_openapi_json(struct api_call *call) {
    struct http_reply reply = {
        .status = 200, .content_type = "application/json", .parts_count = 1, .fixed = true};
    reply.parts[0] = str_from((const char *)asset_openapi_json.data, asset_openapi_json.len);
    http_reply_send(call->request, &reply);
    return STATUS_OK;
}
