/* PATCH /v1/companies/{company_id}/verification: what an operator found about a company. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_verification_patch(struct api_call *call) {
    return api_patch(call, &stmt_verification_patch_read, &stmt_verification_patch);
}
