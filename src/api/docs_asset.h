/* Pages and their files, embedded at build. */
#ifndef SEGRETERIA_API_DOCS_ASSET_H
#define SEGRETERIA_API_DOCS_ASSET_H

#include "generated/assets.h"
#include "segreteria/api/call.h"

/* Answers with the file of that name among the assets, or 404. policy: its Content-Security-Policy;
 * language: its Content-Language, NULL for none. Both static. */
void asset_reply(struct api_call *call, const struct asset *assets, size_t count, struct str name,
                 const char *policy, const char *language);

/* A file of the reference page. */
void docs_asset_reply(struct api_call *call, struct str name);
/* A file of the page of links in mail. */
void links_asset_reply(struct api_call *call, struct str name, const char *language);

#endif
