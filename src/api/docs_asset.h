/* A file of the reference page. */
#ifndef SEGRETERIA_API_DOCS_ASSET_H
#define SEGRETERIA_API_DOCS_ASSET_H

#include "segreteria/api/call.h"

/* Answers with the embedded file, or 404. */
void docs_asset_reply(struct api_call *call, struct str name);

#endif
