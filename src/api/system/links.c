/* GET /links: where the links in messages lead. What a link is for stands in its fragment, which
 * never comes here. */
#include "../docs_asset.h"
#include "generated/api_operations.h"

enum status api_system_links(struct api_call *call) {
    bool italian = http_request_lang(call->request) == LANG_IT;
    links_asset_reply(call, italian ? STR("links.it.html") : STR("links.en.html"),
                      italian ? "it" : "en");
    return STATUS_OK;
}
