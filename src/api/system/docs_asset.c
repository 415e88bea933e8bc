/* GET /docs/{asset}: the reference page's scripts and styles. */
#include "docs_asset.h"
#include "generated/api_operations.h"
#include "segreteria/api/call.h"

enum status api_system_docs_asset(struct api_call *call) {
    docs_asset_reply(call, api_parameter(call, "asset"));
    return STATUS_OK;
}
