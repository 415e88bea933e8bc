/* GET /search/state: what the index of this process holds, for `segreteria search check`. */
#ifndef OPS_STATE_H
#define OPS_STATE_H

#include "ops_private.h"
#include "segreteria/http/request.h"

/* One line of text "segreteria-search-state 1 SERVER SNAPSHOT COUNT\n", then COUNT entries of 24
 * bytes: the vacancy's id and its digest (search/digest.h), least byte first. SERVER: PostgreSQL's
 * system identifier and timeline. SNAPSHOT (a pg_snapshot): the index shows at least what is
 * visible in it. 503 without an index that is in step. */
void answer_search_state(struct ops *ops, struct http_request *request);

#endif
