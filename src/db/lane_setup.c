/* Setting a connection up: session settings, every statement prepared, by-key reads warmed up, in
 * one round trip, each with its own sync so that all that do not prepare are named. */
#include <stdio.h>
#include <string.h>

#include "lane_private.h"
#include "segreteria/core/log.h"

#define CLAIM_NAME "idempotency_claim"
#define CLAIM_SQL "select idempotency_claim($1::bytea[])"

/* Every statement is meant to walk an index, in its order, with one plan for all parameters: else
 * PostgreSQL may plan each call anew (ten times the cost of a by-key read), or keep a plan made
 * while a table was empty. What wants another plan says so itself (a function's SET). By set_config
 * and not as a start-up parameter: poolers refuse `options`. warning: lane_notice needs to see
 * them. */
static const char settings_sql[] =
    "select set_config(name, value, false) from (values"
    " ('statement_timeout', $1::text), ('idle_in_transaction_session_timeout', $2::text),"
    " ('client_connection_check_interval', '5s'), ('jit', 'off'),"
    " ('client_min_messages', 'warning'), ('timezone', 'UTC'), ('datestyle', 'ISO, YMD'),"
    " ('intervalstyle', 'iso_8601'), ('bytea_output', 'hex'), ('extra_float_digits', '1'),"
    " ('standard_conforming_strings', 'on'), ('plan_cache_mode', 'force_generic_plan'),"
    " ('enable_seqscan', 'off'), ('enable_bitmapscan', 'off')) as setting (name, value)";

#define IDLE_IN_TRANSACTION_MORE_MS 5000u

struct step {
    const char *name;
    const char *sql;
};

/* The steps after the settings, by number; false: there is no such step. */
static bool step_at(const struct db_lane *lane, size_t wanted, struct step *out) {
    size_t at = 0;
    for (size_t i = 0; i < lane->options.statements_count; i++) {
        const struct db_statement *statement = lane->options.statements[i];
        bool idempotent = lane->options.write && statement->idempotent_sql != NULL;
        if (wanted == at)
            *out = (struct step){statement->name, statement->sql};
        else if (idempotent && wanted == at + 1)
            *out = (struct step){statement->idempotent_name, statement->idempotent_sql};
        at += idempotent ? 2 : 1;
        if (wanted < at)
            return true;
    }
    *out = (struct step){CLAIM_NAME, CLAIM_SQL};
    return wanted == at && lane->needs_claim;
}

static bool send_settings(struct slot *slot) {
    char timeout[16], idle[16];
    unsigned timeout_ms = slot->lane->options.statement_timeout_ms;
    if (snprintf(timeout, sizeof timeout, "%u", timeout_ms) < 0 ||
        snprintf(idle, sizeof idle, "%u", timeout_ms + IDLE_IN_TRANSACTION_MORE_MS) < 0)
        return false;
    const char *const values[] = {timeout, idle};
    return PQsendQueryParams(slot->connection.pg, settings_sql, 2, NULL, values, NULL, NULL, 0) ==
           1;
}

/* By-key reads are planned before the first request comes: by a key that is NULL, which fits every
 * type and finds nothing. */
static bool send_warm_up(struct slot *slot, const struct db_statement *statement) {
    const char *values[DB_PARAMS_MAX] = {NULL};
    values[statement->merge_param] = "{NULL}";
    return PQsendQueryPrepared(slot->connection.pg, statement->name, (int)statement->params_count,
                               values, NULL, NULL, 0) == 1 &&
           PQpipelineSync(slot->connection.pg) == 1;
}

void lane_setup_send(struct slot *slot) {
    PGconn *pg = slot->connection.pg;
    (void)PQsetNoticeReceiver(pg, lane_notice, slot);
    slot->setup_done = 0;
    slot->setup_failed = false;
    bool sent = PQenterPipelineMode(pg) == 1 && send_settings(slot) && PQpipelineSync(pg) == 1;
    struct step step;
    size_t count = 0;
    for (; sent && step_at(slot->lane, count, &step); count++)
        sent = PQsendPrepare(pg, step.name, step.sql, 0, NULL) == 1 && PQpipelineSync(pg) == 1;
    slot->setup_prepared = count + 1;
    slot->setup_count = count + 1;
    for (size_t i = 0; sent && i < slot->lane->options.statements_count; i++)
        if (slot->lane->options.statements[i]->merge_param >= 0) {
            sent = send_warm_up(slot, slot->lane->options.statements[i]);
            slot->setup_count++;
        }
    if (!sent)
        db_connection_lose(&slot->connection, "send");
    else
        (void)db_connection_flush(&slot->connection);
}

static void log_failure(const struct slot *slot, const PGresult *result) {
    struct step step = {"settings", ""};
    if (slot->setup_done > 0 && !step_at(slot->lane, slot->setup_done - 1, &step))
        step.name = "?";
    const char *sqlstate = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    const char *message = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
    struct log_quoted quoted;
    log_error("db_prepare_failed", "lane=%s statement=%s sqlstate=%s message=%s",
              slot->connection.name, step.name, sqlstate == NULL ? "" : sqlstate,
              log_quote(&quoted, str_of(message == NULL ? "" : message)));
}

void lane_setup_receive(struct slot *slot) {
    PGconn *pg = slot->connection.pg;
    bool separated = false;
    while (slot->setup_done < slot->setup_count && PQisBusy(pg) == 0) {
        PGresult *result = PQgetResult(pg);
        if (result == NULL && separated)
            return;
        separated = result == NULL;
        ExecStatusType status = PQresultStatus(result);
        if (status == PGRES_PIPELINE_SYNC)
            slot->setup_done++;
        else if (result != NULL && slot->setup_done < slot->setup_prepared &&
                 status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
            slot->setup_failed = true;
            if (!slot->connection.quiet)
                log_failure(slot, result);
        }
        PQclear(result);
    }
    if (slot->setup_done < slot->setup_count)
        return;
    if (slot->setup_failed)
        db_connection_lose(&slot->connection, "prepare");
    else {
        slot->was_ready = true;
        lane_count_slot(slot, true);
        db_connection_ready(&slot->connection);
        lane_begin_next(slot->lane);
    }
}
