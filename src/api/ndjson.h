/* Items of a listing as lines of newline-delimited JSON. */
#ifndef SEGRETERIA_API_NDJSON_H
#define SEGRETERIA_API_NDJSON_H

#include "segreteria/core/buf.h"
#include "segreteria/core/str.h"

/* Replaces out's content with `items`, JSON values joined by commas, one a line. None: nothing.
 * buf_status says if it did not fit. */
void ndjson_lines(struct buf *out, struct str items);

#endif
