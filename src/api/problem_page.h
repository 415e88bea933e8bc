/* The catalogue of problems as pages and as JSON. */
#ifndef SEGRETERIA_API_PROBLEM_PAGE_H
#define SEGRETERIA_API_PROBLEM_PAGE_H

#include "segreteria/api/call.h"

#define PROBLEM_PAGE_MAX ((size_t)256 * 1024)

/* True when the client would rather have a page than JSON. */
bool problem_page_wanted(struct api_call *call);
void problem_page_json(struct buf *out, const struct problem_type *type, enum lang lang);
void problem_page_head(struct buf *out, struct str title, enum lang lang);
void problem_page_entry(struct buf *out, const struct problem_type *type, enum lang lang);
/* Sends what was written and frees it; 503 if it did not fit or memory ran out. */
void problem_page_send(struct api_call *call, struct buf *out, bool html);

#endif
