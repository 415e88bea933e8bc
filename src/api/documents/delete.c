/* DELETE /v1/documents/{document_id}: it is gone, also for those it was sent to. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_documents_delete(struct api_call *call) {
    return api_submit(call, &stmt_documents_delete);
}
