/* GET /v1/documents/{document_id}: what it is, not its content. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_documents_get(struct api_call *call) {
    return api_submit(call, &stmt_documents_get);
}
