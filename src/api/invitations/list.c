/* GET /v1/companies/{company_id}/invitations: for its owners. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_invitations_list(struct api_call *call) {
    return api_submit(call, &stmt_invitations_list);
}
