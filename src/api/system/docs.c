/* GET /docs: the reference page. */
#include "docs_asset.h"
#include "generated/api_operations.h"
#include "segreteria/api/call.h"

enum status api_system_docs(struct api_call *call) {
    docs_asset_reply(call, STR("index.html"));
    return STATUS_OK;
}
