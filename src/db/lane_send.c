/* Sending: which connection, which parameters, which sync. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "lane_private.h"
#include "segreteria/core/log.h"

#define SCRATCH_KEEP_BYTES ((size_t)256 * 1024)
#define TABLE_SIZE (2u * MERGE_MAX) /* a power of two */

struct values {
    int count;
    const char *at[DB_PARAMS_MAX + 1]; /* one more: what the claim takes */
    int binary;                        /* as in db_call */
    int binary_len;
};

/* ---- array literals (PostgreSQL manual, 8.15.6) ---- */

static bool needs_no_quotes(struct str key) {
    for (size_t i = 0; i < key.len; i++) {
        char c = key.ptr[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
              c == '-' || c == '_'))
            return false;
    }
    return key.len > 0 && !str_eq_nocase(key, STR("null"));
}

static char *write_element(char *at, struct str key) {
    if (needs_no_quotes(key)) {
        memcpy(at, key.ptr, key.len);
        return at + key.len;
    }
    *at++ = '"';
    for (size_t i = 0; i < key.len; i++) {
        if (key.ptr[i] == '"' || key.ptr[i] == '\\')
            *at++ = '\\';
        *at++ = key.ptr[i];
    }
    *at++ = '"';
    return at;
}

static size_t array_size_max(const struct job *job, size_t param) {
    size_t size = 3; /* braces and NUL */
    for (const struct db_call *call = job->calls; call != NULL; call = call->next)
        size += 2 * call->params[param].len + 3;
    return size;
}

/* The different keys of all callers. Each appears once: equal keys share a row. */
static char *write_array(char *at, const struct job *job, size_t param) {
    struct str seen[TABLE_SIZE] = {0};
    char canonical[KEY_CANONICAL_MAX];
    *at++ = '{';
    bool first = true;
    for (const struct db_call *call = job->calls; call != NULL; call = call->next) {
        struct str key = call->params[param];
        if (str_is_none(key))
            continue; /* NULL equals nothing */
        uint32_t place = lane_hash(0, lane_key(key, canonical)) % TABLE_SIZE;
        while (!str_is_none(seen[place]) && !str_eq(seen[place], key))
            place = (place + 1) % TABLE_SIZE;
        if (!str_is_none(seen[place]))
            continue;
        seen[place] = key;
        if (!first)
            *at++ = ',';
        first = false;
        at = write_element(at, key);
    }
    *at++ = '}';
    *at++ = '\0';
    return at;
}

/* ---- values ---- */

static void put(struct values *values, char **at, struct str value) {
    if (str_is_none(value)) {
        values->at[values->count++] = NULL;
        return;
    }
    values->at[values->count++] = *at;
    if (value.len > 0)
        memcpy(*at, value.ptr, value.len);
    (*at)[value.len] = '\0';
    *at += value.len + 1;
}

static size_t values_size(const struct job *job) {
    const struct db_statement *statement = job->statement;
    size_t size = 0;
    for (size_t i = 0; i < statement->params_count; i++)
        size += (int)i == statement->merge_param ? array_size_max(job, i)
                                                 : job->calls->params[i].len + 1;
    const struct db_idempotency *idempotency = job->calls->idempotency;
    if (idempotency != NULL)
        size += idempotency->key_hash.len + idempotency->fingerprint.len +
                idempotency->operation.len + idempotency->key_hashes.len + 4;
    return size;
}

/* libpq wants every text NUL-terminated; a str is not. All values of a job go into one buffer, and
 * libpq copies them. */
NODISCARD static enum status bind(struct db_lane *lane, const struct job *job,
                                  struct values *values) {
    buf_clear(&lane->scratch);
    char *at = buf_reserve(&lane->scratch, values_size(job) + 1);
    if (at == NULL)
        return buf_status(&lane->scratch);
    const struct db_call *call = job->calls;
    values->count = 0;
    values->binary = call->binary_param;
    if (values->binary > 0)
        values->binary_len = (int)call->params[values->binary - 1].len;
    for (size_t i = 0; i < job->statement->params_count; i++) {
        if ((int)i != job->statement->merge_param) {
            put(values, &at, call->params[i]);
            continue;
        }
        values->at[values->count++] = at;
        at = write_array(at, job, i);
    }
    if (call->idempotency != NULL) {
        put(values, &at, call->idempotency->key_hash);
        put(values, &at, call->idempotency->fingerprint);
        put(values, &at, call->idempotency->operation);
        put(values, &at, call->idempotency->key_hashes);
    }
    return STATUS_OK;
}

static bool send_prepared(struct slot *slot, const char *name, int count,
                          const char *const *values) {
    return PQsendQueryPrepared(slot->connection.pg, name, count, values, NULL, NULL, 0) == 1;
}

static bool send_values(struct slot *slot, const char *name, int count,
                        const struct values *values) {
    if (values->binary == 0)
        return send_prepared(slot, name, count, values->at);
    int lengths[DB_PARAMS_MAX + 3] = {0},
                                formats[DB_PARAMS_MAX + 3] = {0}; /* with what keeps the answer */
    lengths[values->binary - 1] = values->binary_len;
    formats[values->binary - 1] = 1;
    return PQsendQueryPrepared(slot->connection.pg, name, count, values->at, lengths, formats, 0) ==
           1;
}

bool lane_send_sync(struct slot *slot) {
    struct job *last = TAILQ_LAST(&slot->sent, job_list);
    if (last != NULL)
        last->synced = true;
    slot->unsynced = false;
#ifdef LIBPQ_HAS_SEND_PIPELINE_SYNC
    return PQsendPipelineSync(slot->connection.pg) == 1;
#else
    return PQpipelineSync(slot->connection.pg) == 1;
#endif
}

/* A job of its own ends what was gathered before it with a sync, and is followed by one. */
bool lane_send_job(struct slot *slot, struct job *job) {
    struct db_lane *lane = slot->lane;
    struct values values = {0};
    if (bind(lane, job, &values) != STATUS_OK) {
        const struct db_result none = {.outcome = DB_UNAVAILABLE};
        lane_job_end(lane, NULL, job, &none);
        return true;
    }
    if (job->alone && slot->unsynced && !lane_send_sync(slot))
        return false;
    bool sent;
    if (job->calls->idempotency == NULL) {
        job->results_left = 1;
        sent = send_values(slot, job->statement->name, values.count, &values);
    } else {
        const int count = values.count - 1;
        job->results_left = 2;
        sent = send_prepared(slot, "idempotency_claim", 1, values.at + count) &&
               send_values(slot, job->statement->idempotent_name, count, &values);
    }
    if (lane->scratch.capacity > SCRATCH_KEEP_BYTES)
        buf_deinit(&lane->scratch);
    if (!sent)
        return false;
    lane_job_sent(slot, job);
    slot->unsynced = true;
    slot->unflushed = true;
    return !job->alone || lane_send_sync(slot);
}

bool lane_send_reprepared(struct slot *slot, struct job *job) {
    PGconn *pg = slot->connection.pg;
    const struct db_statement *statement = job->statement;
    bool idempotent = job->calls != NULL && job->calls->idempotency != NULL;
    const char *name = idempotent ? statement->idempotent_name : statement->name;
    struct job *prepare = lane_job_take_free(slot->lane);
    if (prepare == NULL)
        return false;
    prepare->repreparing = true;
    prepare->statement = statement;
    prepare->results_left = 2;
    char forget[128];
    int len = snprintf(forget, sizeof forget, "deallocate \"%s\"", name);
    if (len < 0 || (size_t)len >= sizeof forget || (slot->unsynced && !lane_send_sync(slot)) ||
        PQsendQueryParams(pg, forget, 0, NULL, NULL, NULL, NULL, 0) != 1 ||
        PQsendPrepare(pg, name, idempotent ? statement->idempotent_sql : statement->sql, 0, NULL) !=
            1) {
        lane_job_free(slot->lane, NULL, prepare);
        return false;
    }
    lane_job_sent(slot, prepare);
    return lane_send_sync(slot) && lane_send_job(slot, job);
}

static bool is_read(const struct job *job) { return job->statement->kind == DB_READ; }

/* The least loaded connection that can take the job. Reads wait while their connection is at work:
 * PostgreSQL would not begin with them before that is done, and until then more can join them. */
static struct slot *choose_slot(struct db_lane *lane, const struct job *job) {
    struct slot *best = NULL;
    for (size_t i = 0; i < lane->options.connections; i++) {
        struct slot *slot = &lane->slots[i];
        if (slot->connection.state == CONN_READY && !slot->connection.output_pending &&
            slot->depth < lane->options.depth_max && !(slot->at_work && is_read(job)) &&
            (best == NULL || slot->depth < best->depth))
            best = slot;
    }
    return best;
}

void lane_send_waiting(struct db_lane *lane) {
    struct job *job = TAILQ_FIRST(&lane->waiting), *next;
    for (size_t i = 0; i < lane->options.connections; i++)
        lane->slots[i].at_work = lane->slots[i].depth > 0;
    for (; job != NULL; job = next) {
        next = TAILQ_NEXT(job, entry);
        if (job->calls == NULL) {
            lane_job_free(lane, NULL, job);
            continue;
        }
        struct slot *slot = choose_slot(lane, job);
        if (slot == NULL)
            break;
        if (!lane_send_job(slot, job)) {
            db_connection_lose(&slot->connection, "send");
            lane->delivered = true; /* the lists have changed: go on in another turn */
            break;
        }
    }
    for (size_t i = 0; i < lane->options.connections; i++) {
        struct slot *slot = &lane->slots[i];
        if (slot->connection.state != CONN_READY || !slot->unflushed)
            continue;
        slot->unflushed = false;
        if (slot->unsynced && !lane_send_sync(slot))
            db_connection_lose(&slot->connection, "send");
        else
            (void)db_connection_flush(&slot->connection);
    }
}
