/* A statement's rows one by one: libpq's single-row mode, waited for with poll so that the end of
 * the process is never waited for. */
#include "segreteria/db/stream.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>

#include "conninfo.h"
#include "segreteria/core/clock.h"
#include "segreteria/core/log.h"

#define LOOK_MS 200
#define CONNECT_MS 10000u

/* As in a lane, but for the time limit: the rows come for as long as they come. */
static const char settings_sql[] =
    "set statement_timeout = 0; set jit = off; set timezone = 'UTC'; set datestyle = 'ISO, YMD';"
    " set bytea_output = hex; set extra_float_digits = 1; set enable_seqscan = off;"
    " set enable_sort = off; set max_parallel_workers_per_gather = 0";

struct db_stream {
    struct db_stream_options options;
    struct conninfo *conninfo;
    PGconn *pg;
    PGresult *row;
};

/* False: cancelled, or the time is over. */
static bool wait_for(const struct db_stream *stream, short events, uint64_t until_ms) {
    for (;;) {
        struct pollfd fd = {.fd = PQsocket(stream->pg), .events = events};
        if (stream->options.cancelled(stream->options.context) || clock_monotonic_ms() >= until_ms)
            return false;
        int ready = poll(&fd, 1, LOOK_MS);
        if (ready > 0 || (ready < 0 && errno != EINTR))
            return true;
    }
}

static void complain(const struct db_stream *stream, const char *step) {
    struct log_quoted quoted;
    const char *message = PQerrorMessage(stream->pg);
    log_warn("db_stream_failed", "step=%s message=%s", step,
             log_quote(&quoted, str_from(message, strcspn(message, "\n"))));
}

static void ignore_notice(void *context, const PGresult *notice) {
    (void)context;
    (void)notice;
}

static enum status connect_to(struct db_stream *stream) {
    struct addresses addresses = stream->conninfo->hosts;
    uint64_t until_ms = clock_monotonic_ms() + CONNECT_MS;
    if (stream->conninfo->needs_resolving &&
        conninfo_resolve(stream->conninfo, &addresses) != STATUS_OK)
        return STATUS_UNAVAILABLE;
    stream->pg = conninfo_connect_start(stream->conninfo, &addresses, 0, "segreteria load", true);
    if (stream->pg == NULL)
        return STATUS_NO_MEMORY;
    (void)PQsetNoticeReceiver(stream->pg, ignore_notice, NULL);
    PostgresPollingStatusType polled = PGRES_POLLING_WRITING;
    while (PQstatus(stream->pg) != CONNECTION_BAD && polled != PGRES_POLLING_OK &&
           polled != PGRES_POLLING_FAILED) {
        if (!wait_for(stream, polled == PGRES_POLLING_READING ? POLLIN : POLLOUT, until_ms))
            return STATUS_TIMEOUT;
        polled = PQconnectPoll(stream->pg);
    }
    if (polled == PGRES_POLLING_OK)
        return STATUS_OK;
    complain(stream, "connect");
    return STATUS_UNAVAILABLE;
}

/* The next result; NULL: none follows. */
static enum status next_result(struct db_stream *stream, PGresult **out) {
    while (PQisBusy(stream->pg) == 1) {
        if (!wait_for(stream, POLLIN, UINT64_MAX))
            return STATUS_TIMEOUT;
        if (PQconsumeInput(stream->pg) != 1) {
            complain(stream, "read");
            return STATUS_UNAVAILABLE;
        }
    }
    *out = PQgetResult(stream->pg);
    return STATUS_OK;
}

/* The results of what is not a read, all to be successes. */
static enum status drain(struct db_stream *stream) {
    PGresult *result = NULL;
    enum status status, worst = STATUS_OK;
    while ((status = next_result(stream, &result)) == STATUS_OK && result != NULL) {
        if (PQresultStatus(result) != PGRES_COMMAND_OK) {
            complain(stream, "settings");
            worst = STATUS_UNAVAILABLE;
        }
        PQclear(result);
    }
    return status != STATUS_OK ? status : worst;
}

static enum status send_statement(struct db_stream *stream) {
    const struct db_statement *statement = stream->options.statement;
    const char *values[DB_PARAMS_MAX] = {NULL};
    for (size_t i = 0; i < statement->params_count; i++)
        values[i] = stream->options.params[i].ptr;
    if (PQsendQueryParams(stream->pg, statement->sql, (int)statement->params_count, NULL, values,
                          NULL, NULL, stream->options.binary ? 1 : 0) == 1 &&
        PQsetSingleRowMode(stream->pg) == 1)
        return STATUS_OK;
    complain(stream, "send");
    return STATUS_UNAVAILABLE;
}

enum status db_stream_open(const struct db_stream_options *options, struct db_stream **out) {
    struct db_stream *stream = calloc(1, sizeof *stream);
    if (stream == NULL)
        return STATUS_NO_MEMORY;
    stream->options = *options;
    enum status status = conninfo_create(options->conninfo, &stream->conninfo);
    if (status == STATUS_OK)
        status = connect_to(stream);
    if (status == STATUS_OK && PQsendQuery(stream->pg, settings_sql) != 1)
        status = STATUS_UNAVAILABLE;
    if (status == STATUS_OK)
        status = drain(stream);
    if (status == STATUS_OK)
        status = send_statement(stream);
    if (status != STATUS_OK)
        db_stream_close(stream);
    else
        *out = stream;
    return status;
}

enum status db_stream_next(struct db_stream *stream) {
    PQclear(stream->row);
    stream->row = NULL;
    PGresult *result = NULL;
    enum status status = next_result(stream, &result);
    if (status != STATUS_OK)
        return status;
    if (PQresultStatus(result) == PGRES_SINGLE_TUPLE) {
        stream->row = result;
        return STATUS_OK;
    }
    bool complete = result != NULL && PQresultStatus(result) == PGRES_TUPLES_OK;
    if (!complete)
        complain(stream, "rows");
    PQclear(result);
    return complete ? STATUS_NOT_FOUND : STATUS_UNAVAILABLE;
}

struct str db_stream_value(const struct db_stream *stream, int column) {
    if (stream->row == NULL || column < 0 || PQgetisnull(stream->row, 0, column) == 1)
        return STR_NONE;
    return str_from(PQgetvalue(stream->row, 0, column),
                    (size_t)PQgetlength(stream->row, 0, column));
}

int db_stream_column(const struct db_stream *stream, const char *name) {
    return PQfnumber(stream->row, name);
}

void db_stream_close(struct db_stream *stream) {
    if (stream == NULL)
        return;
    PQclear(stream->row);
    if (stream->pg != NULL)
        PQfinish(stream->pg);
    conninfo_destroy(stream->conninfo);
    free(stream);
}
