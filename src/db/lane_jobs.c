/* Jobs: the pool, the callers of each, and the index by which equal reads find each other before
 * they are sent. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "lane_private.h"
#include "segreteria/core/uuid.h"

/* Jobs never run out before calls do: each waiting call needs at most one, and so does each place
 * on a connection. */
enum status lane_jobs_create(struct db_lane *lane) {
    TAILQ_INIT(&lane->waiting);
    TAILQ_INIT(&lane->free);
    size_t on_wire = lane->options.connections * (lane->options.depth_max + 1) *
                     2; /* with preparing again */
    lane->jobs_count = lane->options.queue_max + on_wire * 2;
    lane->jobs = calloc(lane->jobs_count, sizeof lane->jobs[0]);
    if (lane->jobs == NULL)
        return STATUS_NO_MEMORY;
    for (size_t i = 0; i < lane->jobs_count; i++)
        TAILQ_INSERT_TAIL(&lane->free, &lane->jobs[i], entry);
    return STATUS_OK;
}

void lane_jobs_destroy(struct db_lane *lane) { free(lane->jobs); }

struct job *lane_job_take_free(struct db_lane *lane) {
    struct job *job = TAILQ_FIRST(&lane->free);
    if (job == NULL)
        return NULL;
    TAILQ_REMOVE(&lane->free, job, entry);
    assert(job->state == JOB_FREE);
    *job = (struct job){.state = JOB_WAITING};
    job->calls_tail = &job->calls;
    TAILQ_INSERT_TAIL(&lane->waiting, job, entry);
    return job;
}

/* ---- index ---- */

/* FNV-1a over eight bytes at a time: these keys are short, and nobody gains by making them collide
 * within one turn. */
uint32_t lane_hash(uint32_t seed, struct str s) {
    uint64_t hash = seed ^ UINT64_C(0xcbf29ce484222325);
    size_t at = 0;
    for (; at + 8 <= s.len; at += 8) {
        uint64_t word;
        memcpy(&word, s.ptr + at, 8);
        hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
        hash ^= hash >> 32;
    }
    for (; at < s.len; at++)
        hash = (hash ^ (unsigned char)s.ptr[at]) * UINT64_C(0x100000001b3);
    hash ^= hash >> 29;
    return (uint32_t)(hash ^ s.len);
}

static bool is_merged(const struct db_statement *statement, size_t param) {
    return statement->merge_param >= 0 && (size_t)statement->merge_param == param;
}

static uint32_t call_hash(const struct db_call *call) {
    const struct db_statement *statement = call->statement;
    uint32_t hash = lane_hash(1, str_from((const char *)&statement, sizeof statement));
    for (size_t i = 0; i < statement->params_count; i++)
        if (!is_merged(statement, i))
            hash = lane_hash(hash, call->params[i]);
    return hash;
}

static bool calls_agree(const struct db_call *a, const struct db_call *b) {
    if (a->statement != b->statement)
        return false;
    for (size_t i = 0; i < a->statement->params_count; i++)
        if (!is_merged(a->statement, i) &&
            (str_is_none(a->params[i]) != str_is_none(b->params[i]) ||
             !str_eq(a->params[i], b->params[i])))
            return false;
    return true;
}

static struct job *index_find(const struct db_lane *lane, const struct db_call *call,
                              uint32_t hash) {
    struct job *job = lane->index[hash % INDEX_SIZE];
    for (; job != NULL; job = job->index_next)
        if (job->hash == hash && job->calls != NULL && calls_agree(job->calls, call) &&
            (call->statement->merge_param < 0 || job->calls_count < MERGE_MAX))
            return job;
    return NULL;
}

static void index_add(struct db_lane *lane, struct job *job, uint32_t hash) {
    job->hash = hash;
    job->indexed = true;
    job->index_next = lane->index[hash % INDEX_SIZE];
    lane->index[hash % INDEX_SIZE] = job;
}

static void index_remove(struct db_lane *lane, struct job *job) {
    if (!job->indexed)
        return;
    struct job **link = &lane->index[job->hash % INDEX_SIZE];
    while (*link != job)
        link = &(*link)->index_next;
    *link = job->index_next;
    job->indexed = false;
}

/* ---- calls ---- */

static void call_append(struct db_lane *lane, struct job *job, struct db_call *call) {
    call->next = NULL;
    call->job = job;
    *job->calls_tail = call;
    job->calls_tail = &call->next;
    job->calls_count++;
    lane->calls_waiting++;
}

struct job *lane_job_join(struct db_lane *lane, struct db_call *call) {
    bool read = !db_statement_writes(call->statement) && call->idempotency == NULL;
    uint32_t hash = read ? call_hash(call) : 0;
    struct job *job = read ? index_find(lane, call, hash) : NULL;
    if (job == NULL) {
        job = lane_job_take_free(lane);
        if (job == NULL)
            return NULL;
        job->statement = call->statement;
        job->alone = !read;
        if (read)
            index_add(lane, job, hash);
    }
    call_append(lane, job, call);
    return job;
}

void lane_call_unlink(struct db_lane *lane, struct db_call *call) {
    struct job *job = call->job;
    struct db_call **link = &job->calls;
    while (*link != call)
        link = &(*link)->next;
    *link = call->next;
    if (call->next == NULL)
        job->calls_tail = link;
    job->calls_count--;
    *(job->state == JOB_WAITING ? &lane->calls_waiting : &lane->calls_sent) -= 1;
    call->next = NULL;
    call->job = NULL;
}

void lane_call_end(struct db_lane *lane, struct db_call *call, const struct db_result *result) {
    lane->delivered = true;
    call->on_result(call, result);
}

/* ---- moves ---- */

void lane_job_sent(struct slot *slot, struct job *job) {
    struct db_lane *lane = slot->lane;
    assert(job->state == JOB_WAITING);
    index_remove(lane, job);
    TAILQ_REMOVE(&lane->waiting, job, entry);
    if (TAILQ_EMPTY(&slot->sent))
        slot->head_since_ms = loop_now_ms(lane->options.loop);
    TAILQ_INSERT_TAIL(&slot->sent, job, entry);
    slot->depth++;
    job->state = JOB_SENT;
    job->attempts++;
    lane->calls_waiting -= job->calls_count;
    lane->calls_sent += job->calls_count;
}

/* Out of the sent list: what stood behind it is now what the server works on. */
static void leave_slot(struct slot *slot, struct job *job) {
    assert(job->state == JOB_SENT);
    TAILQ_REMOVE(&slot->sent, job, entry);
    slot->depth--;
    slot->head_since_ms = loop_now_ms(slot->lane->options.loop);
    PQclear(job->result);
    job->result = NULL;
}

void lane_job_again(struct slot *slot, struct job *job) {
    struct db_lane *lane = slot->lane;
    leave_slot(slot, job);
    job->state = JOB_WAITING;
    job->alone = true;
    job->synced = false;
    job->results_left = 0;
    TAILQ_INSERT_HEAD(&lane->waiting, job, entry);
    lane->calls_sent -= job->calls_count;
    lane->calls_waiting += job->calls_count;
}

void lane_job_free(struct db_lane *lane, struct slot *slot, struct job *job) {
    assert(job->calls == NULL);
    if (job->state == JOB_SENT) {
        leave_slot(slot, job);
    } else {
        index_remove(lane, job);
        TAILQ_REMOVE(&lane->waiting, job, entry);
    }
    job->state = JOB_FREE;
    TAILQ_INSERT_HEAD(&lane->free, job, entry);
}

/* A callback may cancel other calls of the same job or submit new ones, so the head is read afresh
 * each time; the job is out of the index first, so that none joins it. */
void lane_job_end(struct db_lane *lane, struct slot *slot, struct job *job,
                  const struct db_result *result) {
    index_remove(lane, job);
    while (job->calls != NULL) {
        struct db_call *call = job->calls;
        lane_call_unlink(lane, call);
        lane_call_end(lane, call, result);
    }
    lane_job_free(lane, slot, job);
}

struct str lane_key(struct str key, char canonical[KEY_CANONICAL_MAX]) {
    static_assert(UUID_TEXT_SIZE <= KEY_CANONICAL_MAX, "a UUID fits");
    struct uuid uuid;
    if (key.len != UUID_TEXT_SIZE - 1 || uuid_parse(key, &uuid) != STATUS_OK)
        return key;
    uuid_format(&uuid, canonical);
    return str_from(canonical, UUID_TEXT_SIZE - 1);
}
