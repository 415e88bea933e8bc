/* POST /v1/companies/{company_id}/invitations. The answer holds no secret: the link goes by mail.
 */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_invitations_create(struct api_call *call) {
    enum status status = api_link_prepare(call, "invitation");
    return status != STATUS_OK ? status : api_submit(call, &stmt_invitations_create);
}
