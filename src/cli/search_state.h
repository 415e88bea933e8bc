/* Asking a running server for the state of its index. */
#ifndef SEGRETERIA_CLI_SEARCH_STATE_H
#define SEGRETERIA_CLI_SEARCH_STATE_H

#include "segreteria/core/buf.h"

/* Appends the answer to GET http://ADDRESS/search/state. On failure `error` has one line for a
 * person. UNAVAILABLE: no answer, or the server has no index now. */
NODISCARD enum status cli_search_state(const char *address, struct buf *out, struct buf *error);

#endif
