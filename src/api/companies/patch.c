/* PATCH /v1/companies/{company_id}, by an owner of it. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_companies_patch(struct api_call *call) {
    api_publishes(call); /* its vacancies show its name */
    return api_patch(call, &stmt_companies_patch_read, &stmt_companies_patch);
}
