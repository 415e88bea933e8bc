/* POST /v1/me/export: asks for a file with all of the caller's data; the background makes it. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_me_export_create(struct api_call *call) {
    return api_submit(call, &stmt_me_export_create);
}
