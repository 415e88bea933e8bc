/* GET /v1/me/export: how far it is. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_me_export_get(struct api_call *call) {
    return api_submit(call, &stmt_me_export_get);
}
