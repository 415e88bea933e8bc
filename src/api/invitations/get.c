/* GET /v1/companies/{company_id}/invitations/{invitation_id}: for the company's owners. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_invitations_get(struct api_call *call) {
    return api_submit(call, &stmt_invitations_get);
}
