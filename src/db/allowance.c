/* Asks the data base for its limit, so that too many workers are told at start and not by refused
 * connections later. */
#include "segreteria/db/allowance.h"

#include <libpq-fe.h>

#include "segreteria/core/str.h"

static const char query[] = "select current_setting('max_connections')::int"
                            " - current_setting('superuser_reserved_connections')::int";

enum status db_connections_allowed(const char *conninfo, size_t *out, struct buf *error) {
    const char *const keywords[] = {"dbname", "connect_timeout", "application_name", NULL};
    const char *const values[] = {conninfo, "10", "segreteria start", NULL};
    PGconn *connection = PQconnectdbParams(keywords, values, 1);
    PGresult *result = NULL;
    enum status status = STATUS_UNAVAILABLE;
    if (PQstatus(connection) == CONNECTION_OK)
        result = PQexec(connection, query);
    if (PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1) {
        uint64_t value = 0;
        status = str_to_u64(str_of(PQgetvalue(result, 0, 0)), 1000000, &value);
        *out = (size_t)value;
    }
    if (status != STATUS_OK)
        buf_printf(error, "cannot ask the data base for its connection limit: %s",
                   PQerrorMessage(connection));
    PQclear(result);
    PQfinish(connection);
    return status;
}
