/* A last word to a server that does not answer: end what you are doing for us. Closing the socket
 * alone is not always noticed: a backend that waits for a synchronous standby would wait on, and
 * its place among max_connections with it.
 *
 * libpq's cancel waits until the server hangs up, which one that is stopped or cut off never does.
 * So it gets a thread of its own: the pool's threads have passwords to check. */
#include "connection.h"
#include "segreteria/core/log.h"

static void cancel_work(void *data) {
    PGcancel *cancel = data;
    char error[256];
    if (PQcancel(cancel, error, sizeof error) != 1)
        log_debug("db_cancel_failed", "error=1");
    PQfreeCancel(cancel);
}

void db_connection_cancel(struct connection *connection) {
    if (connection->helpers == NULL || connection->pg == NULL)
        return;
    PGcancel *cancel = PQgetCancel(connection->pg);
    if (cancel == NULL)
        return;
    if (helpers_detach(connection->helpers, cancel_work, cancel) != STATUS_OK)
        PQfreeCancel(cancel);
}
