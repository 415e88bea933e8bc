/* GET /openapi.yaml: the contract as it was written. */
#include "generated/api_operations.h"
#include "generated/assets.h"
#include "segreteria/api/call.h"

enum status api_system_openapi_yaml(struct api_call *call) {
    struct http_reply reply = {
        .status = 200, .content_type = "application/yaml", .parts_count = 1, .fixed = true};
    reply.parts[0] = str_from((const char *)asset_openapi_yaml.data, asset_openapi_yaml.len);
    http_reply_send(call->request, &reply);
    return STATUS_OK;
}
