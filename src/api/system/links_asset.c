/* GET /links/{asset}: the script and style sheet of the page of links. */
#include "../docs_asset.h"
#include "generated/api_operations.h"

enum status api_system_links_asset(struct api_call *call) {
    struct str name = api_parameter(call, "asset");
    if (str_ends_with(name, STR(".html"))) /* only as /links, in the reader's language */
        api_problem(call, "not_found");
    else
        links_asset_reply(call, name, NULL);
    return STATUS_OK;
}
