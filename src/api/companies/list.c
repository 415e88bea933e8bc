/* GET /v1/companies: all companies, for operators, who look for those to verify. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_companies_list(struct api_call *call) {
    return api_submit(call, &stmt_companies_list);
}
