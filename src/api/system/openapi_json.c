/* GET /openapi.json: the contract as programs like it; what the validator was compiled from. */
#include "generated/api_operations.h"
#include "generated/assets.h"
#include "segreteria/api/call.h"

enum status api_system_openapi_json(struct api_call *call) {
    api_reply_text(call, 200, "application/json",
                   str_from((const char *)asset_openapi_json.data, asset_openapi_json.len));
    return STATUS_OK;
}
