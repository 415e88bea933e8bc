/* PUT /v1/companies/{company_id}/retention: sets how long applications are kept. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_retention_put(struct api_call *call) {
    return api_submit(call, &stmt_retention_put);
}
