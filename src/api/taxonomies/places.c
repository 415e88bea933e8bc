/* GET /v1/taxonomies/places: the gazetteer, for a field that completes names. */
#include "generated/api_operations.h"
#include "generated/statements.h"
#include "segreteria/api/call.h"

enum status api_taxonomies_places(struct api_call *call) {
    return api_submit(call, &stmt_taxonomies_places);
}
