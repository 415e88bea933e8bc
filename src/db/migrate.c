/* The migration runner.
 *
 * Every step is one transaction that first takes the lock, then reads the table, then applies the
 * next migration: the lock goes with the transaction, so a lost connection or a pooler in between
 * cannot leave it behind, and an instance that waited sees what the other one did.
 */
#include "segreteria/db/migrate.h"

#include <libpq-fe.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "generated/migrations.h"
#include "migrate_private.h"
#include "segreteria/core/clock.h"
#include "segreteria/core/log.h"

#define ADVISORY_LOCK "7310030127423041" /* this program's, of no meaning */
#define OLDEST_VERSION 150000
#define RECORDS_MAX 9999

/* Whether trying again later may help: the server went away, stops, starts or has no room (classes
 * 08, 53, 57). */
static enum status failure_status(const PGresult *result, const PGconn *connection) {
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    if (PQstatus(connection) != CONNECTION_OK || state == NULL || strncmp(state, "08", 2) == 0 ||
        strncmp(state, "53", 2) == 0 || strncmp(state, "57", 2) == 0) {
        return STATUS_UNAVAILABLE;
    }
    return STATUS_INTERNAL;
}

static enum status run_sql(PGconn *connection, const char *sql, struct buf *error) {
    PGresult *result = PQexec(connection, sql);
    ExecStatusType kind = PQresultStatus(result);
    bool good = kind == PGRES_COMMAND_OK || kind == PGRES_TUPLES_OK;
    if (!good) {
        migrate_append_result(result, connection, error);
    }
    enum status status = good ? STATUS_OK : failure_status(result, connection);
    PQclear(result);
    return status;
}

/* ---- The server ---- */

static enum status check_server(PGconn *connection, bool writing, struct buf *error) {
    int version = PQserverVersion(connection);
    if (version < OLDEST_VERSION) {
        buf_printf(error, "the data base server is PostgreSQL %d; 15 or later is needed",
                   version / 10000);
        return STATUS_UNSUPPORTED;
    }
    const char *encoding = PQparameterStatus(connection, "server_encoding");
    if (encoding == NULL || strcmp(encoding, "UTF8") != 0) {
        buf_printf(
            error,
            "the data base's encoding is %s; UTF8 is needed (create database ... encoding 'UTF8')",
            encoding == NULL ? "unknown" : encoding);
        return STATUS_UNSUPPORTED;
    }
    const char *standby = PQparameterStatus(connection, "in_hot_standby");
    const char *read_only = PQparameterStatus(connection, "default_transaction_read_only");
    bool is_standby = standby != NULL && strcmp(standby, "on") == 0;
    if (writing && (is_standby || (read_only != NULL && strcmp(read_only, "on") == 0))) {
        buf_printf(error,
                   "the data base server is %s: name the primary, or all servers of the cluster",
                   is_standby ? "a standby, which cannot be written to" : "read-only");
        return STATUS_UNAVAILABLE;
    }
    return STATUS_OK;
}

static enum status server_open(const struct migrate_options *options, bool writing, PGconn **out,
                               struct buf *error) {
    PGconn *connection = NULL;
    enum status status = migrate_connect(options->conninfo, &connection, error);
    if (status != STATUS_OK) {
        return status;
    }
    status = check_server(connection, writing, error);
    /* The role's or the server's own limits are meant for requests; a migration may take its time,
     * but not wait for ever behind somebody's open transaction while all others queue behind it. */
    if (status == STATUS_OK) {
        status = run_sql(connection,
                         "set statement_timeout = 0; set idle_in_transaction_session_timeout = 0; "
                         "set client_min_messages = warning; set timezone = 'UTC'",
                         error);
    }
    if (status != STATUS_OK) {
        PQfinish(connection);
        return status;
    }
    *out = connection;
    return STATUS_OK;
}

/* ---- What was recorded ---- */

static enum status records_read(PGconn *connection, struct migrate_records *records,
                                struct buf *error) {
    *records = (struct migrate_records){0};
    PGresult *result = PQexec(connection, "select to_regclass('schema_migrations') is not null");
    bool good = PQresultStatus(result) == PGRES_TUPLES_OK;
    bool exists = good && strcmp(PQgetvalue(result, 0, 0), "t") == 0;
    if (good && exists) {
        PQclear(result);
        result = PQexec(connection,
                        "select number, name, checksum, duration_ms, "
                        "to_char(applied_at at time zone 'UTC', 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"') "
                        "from schema_migrations order by number");
        good = PQresultStatus(result) == PGRES_TUPLES_OK;
    }
    if (!good) {
        migrate_append_result(result, connection, error);
        enum status status = failure_status(result, connection);
        PQclear(result);
        return status;
    }
    if (!exists || PQntuples(result) == 0) {
        PQclear(result);
        return STATUS_OK;
    }
    size_t rows = (size_t)PQntuples(result);
    struct migrate_record *list = rows > RECORDS_MAX ? NULL : calloc(rows, sizeof *list);
    if (list == NULL) {
        buf_append_text(error, "out of memory");
        PQclear(result);
        return STATUS_NO_MEMORY;
    }
    for (size_t i = 0; i < rows; i++) {
        uint64_t number = 0;
        if (str_to_u64(str_of(PQgetvalue(result, (int)i, 0)), INT32_MAX, &number) != STATUS_OK) {
            number = 0; /* unknown to every version: refused as such */
        }
        list[i].number = (int)number;
        snprintf(list[i].name, sizeof list[i].name, "%s", PQgetvalue(result, (int)i, 1));
        snprintf(list[i].checksum, sizeof list[i].checksum, "%s", PQgetvalue(result, (int)i, 2));
        snprintf(list[i].duration_ms, sizeof list[i].duration_ms, "%s",
                 PQgetvalue(result, (int)i, 3));
        snprintf(list[i].applied_at, sizeof list[i].applied_at, "%s",
                 PQgetvalue(result, (int)i, 4));
    }
    PQclear(result);
    records->list = list;
    records->count = rows;
    return STATUS_OK;
}

static const struct migration *find(const struct migrate_options *options, int number) {
    for (size_t i = 0; i < options->count; i++) {
        if (options->migrations[i].number == number) {
            return &options->migrations[i];
        }
    }
    return NULL;
}

static const struct migrate_record *find_record(const struct migrate_records *records, int number) {
    for (size_t i = 0; i < records->count; i++) {
        if (records->list[i].number == number) {
            return &records->list[i];
        }
    }
    return NULL;
}

void migrate_checksum(const char *sql, char out[MIGRATE_CHECKSUM_SIZE]) {
    unsigned char hash[32];
    crypto_generichash(hash, sizeof hash, (const unsigned char *)sql, strlen(sql), NULL, 0);
    sodium_bin2hex(out, MIGRATE_CHECKSUM_SIZE, hash, sizeof hash);
}

static bool is_changed(const struct migration *migration, const struct migrate_record *record) {
    char checksum[MIGRATE_CHECKSUM_SIZE];
    migrate_checksum(migration->sql, checksum);
    return strcmp(checksum, record->checksum) != 0;
}

/* Whether what was run is a beginning of what this version knows. */
static enum status check_history(const struct migrate_options *options,
                                 const struct migrate_records *records, struct buf *error) {
    int last = 0;
    for (size_t i = 0; i < records->count; i++) {
        const struct migrate_record *record = &records->list[i];
        const struct migration *migration = find(options, record->number);
        last = record->number;
        if (migration == NULL) {
            buf_printf(error,
                       "the data base has migration %04d_%s, which this version of segreteria "
                       "does not know: "
                       "run the newer version, or restore a backup from before it",
                       record->number, record->name);
            return STATUS_MISMATCH;
        }
        if (is_changed(migration, record)) {
            buf_printf(error,
                       "migration %04d_%s is not the one that was run on this data base "
                       "(its text has changed since "
                       "%s): run the version it came from; a change belongs into a new migration",
                       record->number, migration->name, record->applied_at);
            return STATUS_MISMATCH;
        }
    }
    for (size_t i = 0; i < options->count; i++) {
        const struct migration *migration = &options->migrations[i];
        if (migration->number < last && find_record(records, migration->number) == NULL) {
            buf_printf(error,
                       "migration %04d_%s was never run on this data base, but later ones were: "
                       "it must get a number "
                       "after %04d",
                       migration->number, migration->name, last);
            return STATUS_MISMATCH;
        }
    }
    return STATUS_OK;
}

/* ---- One step ---- */

static enum status record_insert(PGconn *connection, const struct migration *migration,
                                 uint64_t duration_ms, struct buf *error) {
    char number[16];
    char duration[24];
    char checksum[MIGRATE_CHECKSUM_SIZE];
    snprintf(number, sizeof number, "%d", migration->number);
    snprintf(duration, sizeof duration, "%llu", (unsigned long long)duration_ms);
    migrate_checksum(migration->sql, checksum);
    const char *const values[] = {number, migration->name, checksum, duration};
    PGresult *result = PQexecParams(
        connection,
        "insert into schema_migrations (number, name, checksum, duration_ms) "
        "values ($1, $2, $3, $4)",
        4, NULL, values, NULL, NULL, 0);
    bool good = PQresultStatus(result) == PGRES_COMMAND_OK;
    if (!good) {
        migrate_append_result(result, connection, error);
    }
    enum status status = good ? STATUS_OK : failure_status(result, connection);
    PQclear(result);
    return status;
}

static enum status apply(PGconn *connection, const struct migration *migration, struct buf *error) {
    uint64_t begin = clock_monotonic_ms();
    PGresult *result = PQexec(connection, migration->sql);
    ExecStatusType kind = PQresultStatus(result);
    if (kind != PGRES_COMMAND_OK && kind != PGRES_TUPLES_OK && kind != PGRES_EMPTY_QUERY) {
        buf_printf(error, "migration %04d_%s failed", migration->number, migration->name);
        migrate_append_position(result, migration->sql, error);
        migrate_append_result(result, connection, error);
        buf_append_text(error, "; nothing of it was kept");
        enum status status = failure_status(result, connection);
        PQclear(result);
        return status;
    }
    PQclear(result);
    if (PQtransactionStatus(connection) != PQTRANS_INTRANS) {
        buf_printf(error, "migration %04d_%s ends its transaction, which is not its to end",
                   migration->number, migration->name);
        return STATUS_INTERNAL;
    }
    uint64_t duration_ms = clock_monotonic_ms() - begin;
    enum status status = record_insert(connection, migration, duration_ms, error);
    if (status == STATUS_OK) {
        log_info("migrated", "number=%d name=%s ms=%llu", migration->number, migration->name,
                 (unsigned long long)duration_ms);
    }
    return status;
}

/* The lock is asked for, not waited for: whoever waits inside a statement cannot be told to stop.
 */
#define LOCK_EVERY_NS (20L * 1000 * 1000)

static const char lock_sql[] = "begin isolation level read committed read write; "
                               "select pg_try_advisory_xact_lock(" ADVISORY_LOCK ")";

static enum status lock(PGconn *connection, const struct migrate_options *options,
                        struct buf *error) {
    const struct timespec pause = {.tv_nsec = LOCK_EVERY_NS};
    for (;;) {
        PGresult *result = PQexec(connection, lock_sql);
        bool good = PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) == 1;
        bool locked = good && strcmp(PQgetvalue(result, 0, 0), "t") == 0;
        enum status status = good ? STATUS_OK : failure_status(result, connection);
        if (!good) {
            migrate_append_result(result, connection, error);
        }
        PQclear(result);
        if (status == STATUS_OK && !locked) {
            status = run_sql(connection, "rollback", error);
        }
        if (status != STATUS_OK || locked) {
            return status;
        }
        if (options->cancelled != NULL && options->cancelled(options->context)) {
            buf_append_text(error, "stopped while another instance migrates the data base");
            return STATUS_TIMEOUT;
        }
        (void)nanosleep(&pause, NULL);
    }
}

static const char step_begin[] = "set local lock_timeout = '30s'; "
                                 "create table if not exists schema_migrations ("
                                 "number integer primary key check (number > 0), "
                                 "name text not null, "
                                 "checksum text not null, "
                                 "applied_at timestamptz not null default clock_timestamp(), "
                                 "duration_ms bigint not null)";

static const struct migration *next_pending(const struct migrate_options *options,
                                            const struct migrate_records *records) {
    for (size_t i = 0; i < options->count; i++) {
        if (find_record(records, options->migrations[i].number) == NULL) {
            return &options->migrations[i];
        }
    }
    return NULL;
}

/* Applies the next migration; *done when there is none. */
static enum status step(PGconn *connection, const struct migrate_options *options, bool *done,
                        struct buf *error) {
    struct migrate_records records = {0};
    enum status status = lock(connection, options, error);
    if (status == STATUS_OK) {
        status = run_sql(connection, step_begin, error);
    }
    if (status == STATUS_OK) {
        status = records_read(connection, &records, error);
    }
    if (status == STATUS_OK) {
        status = check_history(options, &records, error);
    }
    if (status == STATUS_OK) {
        const struct migration *next = next_pending(options, &records);
        *done = next == NULL;
        if (next != NULL) {
            status = apply(connection, next, error);
        }
    }
    free(records.list);
    if (status == STATUS_OK) {
        return run_sql(connection, "commit", error);
    }
    struct buf ignored;
    buf_init(&ignored, 1024);
    if (run_sql(connection, "rollback", &ignored) != STATUS_OK) {
        log_debug("migrate_rollback_failed", "%s",
                  ""); /* the connection is gone, and the transaction with it */
    }
    buf_deinit(&ignored);
    return status;
}

/* Without the lock and without a write: has everything been run? Spares a server that starts the
 * lock and the write, and lets it start while the table is locked by somebody else. */
static enum status look(PGconn *connection, const struct migrate_options *options,
                        struct migrate_records *records, struct buf *error) {
    enum status status = records_read(connection, records, error);
    if (status == STATUS_OK) {
        status = check_history(options, records, error);
    }
    return status;
}

enum status migrate_run(const struct migrate_options *options, size_t *applied, struct buf *error) {
    PGconn *connection = NULL;
    enum status status = server_open(options, true, &connection, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct migrate_records records = {0};
    status = look(connection, options, &records, error);
    bool done = status == STATUS_OK && next_pending(options, &records) == NULL;
    free(records.list);
    size_t count = 0;
    while (status == STATUS_OK && !done) {
        status = step(connection, options, &done, error);
        count += status == STATUS_OK && !done ? 1 : 0;
    }
    PQfinish(connection);
    if (status == STATUS_OK) {
        *applied = count;
    }
    return status;
}

enum status migrate_dry_run(const struct migrate_options *options, size_t *pending, struct buf *out,
                            struct buf *error) {
    PGconn *connection = NULL;
    enum status status = server_open(options, true, &connection, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct migrate_records records = {0};
    status = look(connection, options, &records, error);
    size_t count = 0;
    for (size_t i = 0; status == STATUS_OK && i < options->count; i++) {
        const struct migration *migration = &options->migrations[i];
        if (find_record(&records, migration->number) == NULL) {
            buf_printf(out, "would run %04d_%s\n", migration->number, migration->name);
            count++;
        }
    }
    free(records.list);
    PQfinish(connection);
    if (status == STATUS_OK) {
        *pending = count;
    }
    return status;
}

/* ---- The table for people ---- */

static void status_line(struct buf *out, const struct migration *migration,
                        const struct migrate_record *record) {
    int number = record != NULL ? record->number : migration->number;
    const char *name = migration != NULL ? migration->name : record->name;
    const char *state = record == NULL                  ? "pending"
                        : migration == NULL             ? "unknown"
                        : is_changed(migration, record) ? "changed"
                                                        : "applied";
    buf_printf(out, "%04d    %-32s  %-8s", number, name, state);
    if (record != NULL) {
        buf_printf(out, "  %-20s  %s ms", record->applied_at, record->duration_ms);
    }
    buf_append_char(out, '\n');
}

enum status migrate_status(const struct migrate_options *options, bool *current, struct buf *out,
                           struct buf *error) {
    PGconn *connection = NULL;
    enum status status = server_open(options, false, &connection, error);
    if (status != STATUS_OK) {
        return status;
    }
    struct migrate_records records = {0};
    status = records_read(connection, &records, error);
    PQfinish(connection);
    if (status != STATUS_OK) {
        return status;
    }
    buf_printf(out, "%-6s  %-32s  %-8s  %-20s  %s\n", "number", "name", "state", "applied at",
               "took");
    for (size_t i = 0; i < options->count; i++) {
        status_line(out, &options->migrations[i],
                    find_record(&records, options->migrations[i].number));
    }
    for (size_t i = 0; i < records.count; i++) {
        if (find(options, records.list[i].number) == NULL) {
            status_line(out, NULL, &records.list[i]);
        }
    }
    struct buf ignored;
    buf_init(&ignored, 1024);
    *current = check_history(options, &records, &ignored) == STATUS_OK &&
               next_pending(options, &records) == NULL;
    buf_deinit(&ignored);
    free(records.list);
    return buf_status(out);
}
