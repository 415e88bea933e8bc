/* GET /v1/companies/{company_id}/tokens: for its owners, without the secrets. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_company_tokens_list(struct api_call *call) {
    return api_submit(call, &stmt_company_tokens_list);
}
