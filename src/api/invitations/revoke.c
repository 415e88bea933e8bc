/* DELETE /v1/companies/{company_id}/invitations/{invitation_id}. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_invitations_revoke(struct api_call *call) {
    return api_submit(call, &stmt_invitations_revoke);
}
