/* What the lane's tests share: a loop with one lane, calls that note their answers, statements over
 * two small tables. */
#ifndef TESTS_UNIT_DB_HELPER_LANE_H
#define TESTS_UNIT_DB_HELPER_LANE_H

#include <stdbool.h>
#include <stdint.h>

#include "helper_pg.h"
#include "segreteria/db/lane.h"

extern const struct db_statement stmt_get; /* by-key read of item: key, body */
extern const struct db_statement
    stmt_named; /* by-key read with a second parameter: key, greeting || body */
extern const struct db_statement stmt_echo;   /* read: $1, backend pid */
extern const struct db_statement stmt_divide; /* read: 1 / $1; fails for 0 */
extern const struct db_statement stmt_sleep;  /* slow read: sleeps $1 seconds */
extern const struct db_statement stmt_insert; /* write: $1 into entry (unique token) */
extern const struct db_statement
    stmt_deferred; /* write into deferred: refused at commit when $1 is taken */
extern const struct db_statement stmt_post;    /* write with its idempotent form: $1 into posted */
extern const struct db_statement stmt_star;    /* read: select * from shape */
extern const struct db_statement stmt_setting; /* read: the session's setting of the name $1 */
extern const struct db_statement *const test_statements[];
extern const size_t test_statements_count;

#define TEST_PARAMS_MAX 4

struct test_call {
    struct db_call call;
    struct str params[TEST_PARAMS_MAX];
    char text[TEST_PARAMS_MAX][64];
    struct db_idempotency idempotency;
    int answers; /* must become 1 */
    enum db_outcome outcome;
    char sqlstate[6];
    char constraint[64];
    size_t rows;
    char value[128]; /* first row, column "value" */
    struct test_bench *bench;
    bool keep; /* retains the result */
    struct db_memory *kept;
    struct str kept_value;
    void (*then)(struct test_call *call); /* may be NULL */
    void *context;
};

struct test_bench {
    struct loop *loop;
    struct db_lane *lane;
    size_t open; /* calls not answered yet */
    struct loop_timer timer;
    bool timed_out;
    bool (*until)(struct test_bench *bench);
    struct loop_hook hook;
};

void test_schema_create(const struct pg_fixture *fixture);

/* The lane of `options` with name, loop, statements and conninfo filled in where empty. */
void bench_open(struct test_bench *bench, const struct pg_fixture *fixture,
                struct db_lane_options options);
void bench_close(struct test_bench *bench);
/* Turns of the loop until `until` holds; false: not within timeout_ms. */
bool bench_run(struct test_bench *bench, bool (*until)(struct test_bench *bench),
               unsigned timeout_ms);
bool bench_ready(struct test_bench *bench);
bool bench_idle(struct test_bench *bench); /* no call is open */
bool bench_never(struct test_bench *bench);

/* bench_open, then waits until the lane is ready. */
void open_ready(struct test_bench *bench, const struct pg_fixture *fixture,
                struct db_lane_options options);
void item_id(char out[40], unsigned n); /* of the n-th row of item */
/* Answered once, done, with one row of that value. */
void assert_answer(const struct test_call *call, const char *value);

/* Fills a call in; params by text, up to the statement's count; NULL is NULL. Deadline 10 s from
 * now. */
void call_prepare(struct test_bench *bench, struct test_call *call,
                  const struct db_statement *statement, const char *first, const char *second);
enum status call_submit(struct test_call *call);

#endif
