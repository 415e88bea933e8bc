/* One blocking connection. */
#include "segreteria/db/session.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "migrate_private.h"

struct db_session {
    PGconn *connection;
    PGresult *result;
};

enum status db_session_open(const char *conninfo, const char *name, struct db_session **out,
                            struct buf *error) {
    struct db_session *session = calloc(1, sizeof *session);
    if (session == NULL)
        return STATUS_NO_MEMORY;
    enum status status = migrate_connect(conninfo, &session->connection, error);
    if (status == STATUS_OK) {
        const char *const params[] = {name};
        status = db_session_run(session,
                                "select set_config('application_name', $1, false),"
                                " set_config('timezone', 'UTC', false),"
                                " set_config('bytea_output', 'hex', false)",
                                params, 1, error);
    }
    if (status != STATUS_OK) {
        db_session_close(session);
        return status;
    }
    *out = session;
    return STATUS_OK;
}

void db_session_close(struct db_session *session) {
    if (session == NULL)
        return;
    PQclear(session->result);
    PQfinish(session->connection);
    free(session);
}

void db_session_break(const struct db_session *session) {
    if (session != NULL)
        (void)shutdown(PQsocket(session->connection), SHUT_RDWR);
}

enum status db_session_run(struct db_session *session, const char *sql, const char *const *params,
                           size_t count, struct buf *error) {
    PQclear(session->result);
    session->result = PQexecParams(session->connection, sql, (int)count, NULL, params, NULL, NULL,
                                   0);
    ExecStatusType outcome = PQresultStatus(session->result);
    if (outcome == PGRES_TUPLES_OK || outcome == PGRES_COMMAND_OK)
        return STATUS_OK;
    buf_append_text(error, "the data base says: ");
    migrate_append_result(session->result, session->connection, error);
    return PQstatus(session->connection) == CONNECTION_OK ? STATUS_INVALID : STATUS_UNAVAILABLE;
}

size_t db_session_rows(const struct db_session *session) {
    return (size_t)PQntuples(session->result);
}

struct str db_session_value(const struct db_session *session, size_t row, const char *column) {
    int number = PQfnumber(session->result, column);
    if (number < 0 || PQgetisnull(session->result, (int)row, number) != 0)
        return STR_NONE;
    return str_from(PQgetvalue(session->result, (int)row, number),
                    (size_t)PQgetlength(session->result, (int)row, number));
}
