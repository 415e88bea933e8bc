/* GET /openapi.yaml: the contract as it was written. */
#include "generated/api_operations.h"
#include "generated/assets.h"
#include "segreteria/api/call.h"

enum status api_system_openapi_yaml(struct api_call *call) {
    api_reply_text(call, 200, "application/yaml",
                   str_from((const char *)asset_openapi_yaml.data, asset_openapi_yaml.len));
    return STATUS_OK;
}
