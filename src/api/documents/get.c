/* GET /v1/documents/{document_id}: what it is, not its content. That a company's member sees it is
 * recorded. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_documents_get(struct api_call *call) {
    return api_submit(call, call->principal.kind == PRINCIPAL_COMPANY ? &stmt_documents_view
                                                                      : &stmt_documents_get);
}
