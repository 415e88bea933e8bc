/* GET /v1/documents: the candidate's own. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_documents_list(struct api_call *call) {
    return api_submit(call, &stmt_documents_list);
}
