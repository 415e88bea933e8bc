/* A statement for the command line. */
#include "segreteria/db/command.h"

#include <libpq-fe.h>

#include "migrate_private.h"

enum status db_command(const char *conninfo, const char *sql, const char *const *params,
                       size_t params_count, struct buf *out, struct buf *error) {
    PGconn *connection = NULL;
    enum status status = migrate_connect(conninfo, &connection, error);
    if (status != STATUS_OK)
        return status;
    PGresult *result = PQexecParams(connection, sql, (int)params_count, NULL, params, NULL, NULL,
                                    0);
    if (PQresultStatus(result) != PGRES_TUPLES_OK) {
        migrate_append_result(result, connection, error);
        status = STATUS_INTERNAL;
    } else if (PQntuples(result) > 0 && PQnfields(result) > 0 && !PQgetisnull(result, 0, 0)) {
        buf_append_text(out, PQgetvalue(result, 0, 0));
        status = buf_status(out);
    }
    PQclear(result);
    PQfinish(connection);
    return status;
}
