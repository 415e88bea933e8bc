/* Receiving: results to their jobs, rows to their callers, failures to what they mean. */
#include <assert.h>
#include <string.h>

#include "lane_private.h"
#include "segreteria/core/log.h"

#define ROWS_TABLE (4u * MERGE_MAX) /* a power of two */

static const struct db_result unavailable = {.outcome = DB_UNAVAILABLE};
static const struct db_result unknown = {.outcome = DB_UNKNOWN};

static bool is_write(const struct job *job) { return db_statement_writes(job->statement); }

static const char *field(const PGresult *result, int code) {
    const char *text = PQresultErrorField(result, code);
    return text == NULL ? "" : text;
}

static bool is_error(const PGresult *result) {
    ExecStatusType status = PQresultStatus(result);
    return status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK;
}

/* ---- rows of a by-key read to their callers ---- */

struct row_table {
    uint16_t row[ROWS_TABLE]; /* row + 1; 0: empty */
    const PGresult *result;
};

static struct str row_key(const PGresult *result, int row) {
    return str_from(PQgetvalue(result, row, 0), (size_t)PQgetlength(result, row, 0));
}

/* The place of the key's row, or the empty place where it would stand. */
static uint32_t row_place(const struct row_table *table, struct str key) {
    uint32_t place = lane_hash(0, key) % ROWS_TABLE;
    while (table->row[place] != 0 && !str_eq(row_key(table->result, table->row[place] - 1), key))
        place = (place + 1) % ROWS_TABLE;
    return place;
}

static void row_table_fill(struct row_table *table, const PGresult *result) {
    memset(table->row, 0, sizeof table->row);
    table->result = result;
    int rows = PQntuples(result) < (int)(ROWS_TABLE / 2) ? PQntuples(result)
                                                         : (int)(ROWS_TABLE / 2);
    for (int row = 0; row < rows; row++) {
        uint32_t place = row_place(table, row_key(result, row));
        if (table->row[place] == 0)
            table->row[place] = (uint16_t)(row + 1);
    }
}

/* row: -1 for none. */
static void end_with_row(struct db_lane *lane, struct db_call *call, struct db_memory *memory,
                         int row) {
    struct db_result result = {.outcome = DB_DONE, .memory = memory};
    if (row >= 0) {
        result.first_row = row;
        result.rows = 1;
    }
    struct db_memory *own = NULL;
    if (row >= 0 && lane->budget->bytes > KEPT_MAX)
        own = db_memory_copy_row(memory, row);
    if (own != NULL) {
        result.memory = own;
        result.first_row = 0;
    }
    lane_call_end(lane, call, &result);
    db_memory_release(own);
}

static void end_merged(struct slot *slot, struct job *job, struct db_memory *memory) {
    struct db_lane *lane = slot->lane;
    struct row_table table;
    char canonical[KEY_CANONICAL_MAX];
    row_table_fill(&table, memory->rows);
    while (job->calls != NULL) {
        struct db_call *call = job->calls;
        struct str key = lane_key(call->params[call->statement->merge_param], canonical);
        uint16_t found = str_is_none(key) ? 0 : table.row[row_place(&table, key)];
        lane_call_unlink(lane, call);
        end_with_row(lane, call, memory, found - 1);
    }
    lane_job_free(lane, slot, job);
}

static void end_done(struct slot *slot, struct job *job, PGresult *rows) {
    struct db_memory *memory = db_memory_take(rows, slot->lane->budget);
    if (memory == NULL) {
        lane_job_end(slot->lane, slot, job, is_write(job) ? &unknown : &unavailable);
        return;
    }
    if (job->statement->merge_param >= 0) {
        end_merged(slot, job, memory);
    } else {
        struct db_result result = {
            .outcome = DB_DONE, .memory = memory, .rows = (size_t)PQntuples(memory->rows)};
        lane_job_end(slot->lane, slot, job, &result);
    }
    db_memory_release(memory);
}

/* ---- failures ---- */

enum verdict {
    VERDICT_REFUSED,
    VERDICT_CANCELLED,  /* statement_timeout */
    VERDICT_AGAIN,      /* nothing happened; may well succeed the next time */
    VERDICT_PREPARE,    /* the statement must be prepared again first */
    VERDICT_DISCONNECT, /* nothing happened here, and this connection is of no use any more */
    VERDICT_BROKEN      /* no SQLSTATE: libpq's own trouble */
};

static enum verdict judge(const char *sqlstate) {
    static const struct {
        const char *prefix;
        enum verdict verdict;
    } table[] = {
        {"40001", VERDICT_AGAIN},    {"40P01", VERDICT_AGAIN},   {"57014", VERDICT_CANCELLED},
        {"0A000", VERDICT_PREPARE},  {"26000", VERDICT_PREPARE}, {"25006", VERDICT_DISCONNECT},
        {"57P", VERDICT_DISCONNECT}, {"08", VERDICT_DISCONNECT}, {"25P02", VERDICT_DISCONNECT},
    };
    if (sqlstate[0] == '\0')
        return VERDICT_BROKEN;
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
        if (strncmp(sqlstate, table[i].prefix, strlen(table[i].prefix)) == 0)
            return table[i].verdict;
    return VERDICT_REFUSED;
}

/* The message of a data exception quotes the data, so it stays out of the log; so do DETAIL and
 * CONTEXT always. */
static void log_refusal(const struct slot *slot, const struct job *job, const PGresult *error) {
    const char *sqlstate = field(error, PG_DIAG_SQLSTATE);
    if (strncmp(sqlstate, "SG", 2) == 0)
        return; /* raised on purpose by our own functions, and answered as such */
    bool quotes_data = strncmp(sqlstate, "22", 2) == 0 || strncmp(sqlstate, "P0", 2) == 0;
    struct log_quoted quoted;
    log_warn(
        "db_refused", "lane=%s statement=%s sqlstate=%s constraint=%s message=%s",
        slot->connection.name, job->statement->name, sqlstate,
        field(error, PG_DIAG_CONSTRAINT_NAME),
        log_quote(&quoted, quotes_data ? STR_NONE : str_of(field(error, PG_DIAG_MESSAGE_PRIMARY))));
}

static void end_refused(struct slot *slot, struct job *job, PGresult *error,
                        enum db_outcome outcome) {
    log_refusal(slot, job, error);
    struct db_result result = {.outcome = outcome};
    const char *sqlstate = field(error, PG_DIAG_SQLSTATE);
    memcpy(result.sqlstate, sqlstate, strnlen(sqlstate, sizeof result.sqlstate - 1));
    result.memory = db_memory_take(error, slot->lane->budget);
    lane_job_end(slot->lane, slot, job, &result);
    db_memory_release(result.memory);
}

/* The job at the head has failed for good or for this time. False: the connection was lost. */
static bool end_failed(struct slot *slot, struct job *job, PGresult *error) {
    const char *sqlstate = field(error, PG_DIAG_SQLSTATE); /* gone with the error */
    enum verdict verdict = judge(sqlstate);
    bool read_only = strcmp(sqlstate, "25006") == 0;
    bool may_repeat = job->attempts < ATTEMPTS_MAX;
    switch (verdict) {
    case VERDICT_AGAIN:
    case VERDICT_PREPARE:
        if (!may_repeat)
            break;
        PQclear(error);
        lane_job_again(slot, job);
        if (verdict == VERDICT_AGAIN || job->calls == NULL || lane_send_reprepared(slot, job))
            return true;
        db_connection_lose(&slot->connection, "send");
        return false;
    case VERDICT_DISCONNECT:
        if (!read_only) { /* what was under way is unknown: lane_lost decides */
            PQclear(error);
        } else if (may_repeat) {
            PQclear(error);
            lane_job_again(slot, job);
        } else {
            end_refused(slot, job, error, DB_REFUSED);
        }
        db_connection_lose(&slot->connection, read_only ? "read_only" : "server");
        return false;
    case VERDICT_CANCELLED: end_refused(slot, job, error, DB_TIMED_OUT); return true;
    case VERDICT_BROKEN:
        PQclear(error);
        if (PQstatus(slot->connection.pg) == CONNECTION_BAD) {
            db_connection_lose(&slot->connection, "closed");
            return false;
        }
        lane_job_end(slot->lane, slot, job, is_write(job) ? &unknown : &unavailable);
        return true;
    case VERDICT_REFUSED: break;
    }
    end_refused(slot, job, error, DB_REFUSED);
    return true;
}

/* ---- results ---- */

/* The head job has all its results, and its sync where it has one. False: the connection was lost.
 */
static bool end_head(struct slot *slot, struct job *job) {
    PGresult *result = job->result;
    job->result = NULL;
    if (job->repreparing) {
        bool failed = result == NULL || is_error(result);
        if (failed)
            log_error("db_prepare_failed", "lane=%s statement=%s sqlstate=%s",
                      slot->connection.name, job->statement->name,
                      result == NULL ? "" : field(result, PG_DIAG_SQLSTATE));
        PQclear(result);
        lane_job_free(slot->lane, slot, job);
        if (failed)
            db_connection_lose(&slot->connection, "prepare");
        return !failed;
    }
    if (result == NULL ||
        PQresultStatus(result) == PGRES_PIPELINE_ABORTED) { /* a neighbour failed: run it alone */
        PQclear(result);
        if (job->attempts < ATTEMPTS_MAX)
            lane_job_again(slot, job);
        else
            lane_job_end(slot->lane, slot, job, &unavailable);
        return true;
    }
    if (is_error(result))
        return end_failed(slot, job, result);
    if (job->unsure) {
        log_error("db_replication_unsure", "lane=%s statement=%s", slot->connection.name,
                  job->statement->name);
        PQclear(result);
        lane_job_end(slot->lane, slot, job, &unknown);
        return true;
    }
    end_done(slot, job, result);
    return true;
}

/* Keeps the first failure, else the latest result: of claim and statement, the statement's; of
 * statement and commit, the commit's if that failed. */
static void keep(struct job *job, PGresult *result) {
    if (job->result != NULL && is_error(job->result)) {
        PQclear(result);
        return;
    }
    PQclear(job->result);
    job->result = result;
}

/* A write is done only when its sync has come, for the commit happens there. False: the connection
 * was lost. */
static bool take(struct slot *slot, PGresult *result) {
    struct job *job = TAILQ_FIRST(&slot->sent);
    if (PQresultStatus(result) == PGRES_PIPELINE_SYNC) {
        PQclear(result);
        if (job->results_left == 0 && job->synced)
            return end_head(slot, job);
        log_error("db_out_of_step", "lane=%s statement=%s", slot->connection.name,
                  job->statement->name);
        db_connection_lose(&slot->connection, "out_of_step");
        return false;
    }
    /* Either the next result, or a failure while committing. */
    if (job->results_left > 0)
        job->results_left--;
    keep(job, result);
    if (job->results_left == 0 && !job->synced)
        return end_head(slot, job);
    return true;
}

void lane_receive(struct slot *slot) {
    PGconn *pg = slot->connection.pg;
    bool separated = false;
    while (!TAILQ_EMPTY(&slot->sent) && PQisBusy(pg) == 0) {
        PGresult *result = PQgetResult(pg);
        if (result == NULL) {
            if (separated)
                return; /* nothing more although something is under way: the connection has ended */
            separated = true;
            continue;
        }
        separated = false;
        if (!take(slot, result))
            return;
    }
}

/* ---- loss ---- */

/* From the last to the first, because each read goes back to the head of the waiting. */
void lane_lost(struct slot *slot) {
    struct db_lane *lane = slot->lane;
    slot->unsynced = false;
    slot->unflushed = false;
    slot->setup_count = 0;
    struct job *job, *previous;
    for (job = TAILQ_LAST(&slot->sent, job_list); job != NULL; job = previous) {
        previous = TAILQ_PREV(job, job_list, entry);
        if (job->repreparing || job->calls == NULL)
            continue;
        if (!is_write(job) && job->attempts < ATTEMPTS_MAX)
            lane_job_again(slot, job);
    }
    while ((job = TAILQ_FIRST(&slot->sent)) != NULL) {
        const struct db_result *result = !is_write(job) ? &unavailable : &unknown;
        lane_job_end(lane, slot, job, result);
    }
}

/* PostgreSQL says with a warning that it gave up waiting for a standby: the commit is local, and
 * may vanish in a failover. The text is translated, so any warning of these two kinds during a
 * write counts. */
void lane_notice(void *context, const PGresult *notice) {
    struct slot *slot = context;
    const char *severity = field(notice, PG_DIAG_SEVERITY_NONLOCALIZED);
    const char *sqlstate = field(notice, PG_DIAG_SQLSTATE);
    if (strcmp(severity, "WARNING") != 0)
        return;
    log_warn("db_warning", "name=%s sqlstate=%s", slot->connection.name, sqlstate);
    struct job *job = TAILQ_FIRST(&slot->sent);
    if (job != NULL && (strcmp(sqlstate, "01000") == 0 || strcmp(sqlstate, "57P01") == 0))
        job->unsure = true;
}
