/* GET /v1/taxonomies/{name}: terms with their labels. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_taxonomies_get(struct api_call *call) {
    return api_submit(call, &stmt_taxonomies_get);
}
