/* A last word to a server that does not answer: end what you are doing for us. Closing the socket
 * alone is not always noticed: a backend that waits for a synchronous standby would wait on, and
 * its place among max_connections with it. */
#include <stdlib.h>

#include "connection.h"
#include "segreteria/core/log.h"

struct cancellation {
    struct helper_job job; /* first: it is found by its address */
    PGcancel *cancel;
};

static void cancel_work(struct helper_job *job) {
    struct cancellation *cancellation = (struct cancellation *)(void *)job;
    char error[256];
    if (PQcancel(cancellation->cancel, error, sizeof error) != 1)
        log_debug("db_cancel_failed", "error=1");
}

static void cancel_done(struct helper_job *job) {
    struct cancellation *cancellation = (struct cancellation *)(void *)job;
    PQfreeCancel(cancellation->cancel);
    free(cancellation);
}

void db_connection_cancel(struct connection *connection) {
    if (connection->helpers == NULL || connection->pg == NULL)
        return;
    struct cancellation *cancellation = calloc(1, sizeof *cancellation);
    if (cancellation == NULL)
        return;
    cancellation->job = (struct helper_job){
        .work = cancel_work, .done = cancel_done, .loop = connection->loop};
    cancellation->cancel = PQgetCancel(connection->pg);
    if (cancellation->cancel != NULL &&
        helpers_submit(connection->helpers, &cancellation->job) == STATUS_OK)
        return;
    PQfreeCancel(cancellation->cancel);
    free(cancellation);
}
