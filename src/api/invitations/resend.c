/* POST /v1/companies/{company_id}/invitations/{invitation_id}/resend: a new link; the old one is
 * void. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_invitations_resend(struct api_call *call) {
    enum status status = api_link_prepare(call, "invitation");
    return status != STATUS_OK ? status : api_submit(call, &stmt_invitations_resend);
}
