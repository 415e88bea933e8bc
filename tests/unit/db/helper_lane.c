/* The lane's test bench. */
#include "helper_lane.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "segreteria/core/clock.h"

#define OWNER_OF(pointer, type, member) ((type *)(void *)((char *)(pointer)-offsetof(type, member)))

const struct db_statement stmt_get = {
    .name = "get",
    .params = (const char *const[]){"id"},
    .params_count = 1,
    .kind = DB_READ,
    .merge_param = 0,
    .sql = "select id::text as key, body as value from item where id = any($1::uuid[])"};
const struct db_statement stmt_named = {
    .name = "named",
    .params = (const char *const[]){"word", "key"},
    .params_count = 2,
    .kind = DB_READ,
    .merge_param = 1,
    .sql = "select key, $1::text || note as value from note where key = any($2::text[])"};
const struct db_statement stmt_echo = {
    .name = "echo",
    .params = (const char *const[]){"a"},
    .params_count = 1,
    .kind = DB_READ,
    .merge_param = -1,
    .sql = "select $1::text as value, pg_backend_pid() as pid, nextval('runs')::text as run"};
const struct db_statement stmt_divide = {.name = "divide",
                                         .params = (const char *const[]){"a"},
                                         .params_count = 1,
                                         .kind = DB_READ,
                                         .merge_param = -1,
                                         .sql = "select (1 / $1::int)::text as value"};
const struct db_statement stmt_sleep = {.name = "sleep",
                                        .params = (const char *const[]){"a"},
                                        .params_count = 1,
                                        .kind = DB_SLOW,
                                        .merge_param = -1,
                                        .sql = "select pg_sleep($1::float8)::text as value"};
const struct db_statement stmt_insert = {
    .name = "insert",
    .params = (const char *const[]){"a"},
    .params_count = 1,
    .kind = DB_WRITE,
    .merge_param = -1,
    .sql = "insert into entry (token) values ($1::text) returning token as value"};
const struct db_statement stmt_deferred = {
    .name = "deferred",
    .params = (const char *const[]){"a"},
    .params_count = 1,
    .kind = DB_WRITE,
    .merge_param = -1,
    .sql = "insert into deferred (token) values ($1::text) returning token as value"};
const struct db_statement stmt_post = {
    .name = "post",
    .params = (const char *const[]){"a"},
    .params_count = 1,
    .kind = DB_WRITE,
    .merge_param = -1,
    .sql = "select 201 as status, post_entry($1::text) as value",
    .idempotent_name = "post_idempotent",
    .idempotent_sql =
        "with r as materialized (select 201 as status, post_entry($1::text) as value),"
        " kept as (insert into kept (key_hash, fingerprint, operation)"
        " select $2::bytea, $3::bytea, $4::text from r) select * from r"};
const struct db_statement stmt_setting = {.name = "setting",
                                          .params = (const char *const[]){"name"},
                                          .params_count = 1,
                                          .kind = DB_READ,
                                          .merge_param = -1,
                                          .sql = "select current_setting($1::text) as value"};
const struct db_statement stmt_star = {.name = "star",
                                       .params = NULL,
                                       .params_count = 0,
                                       .kind = DB_READ,
                                       .merge_param = -1,
                                       .sql = "select * from shape"};
const struct db_statement *const test_statements[] = {
    &stmt_get,    &stmt_named,    &stmt_echo, &stmt_divide, &stmt_sleep,
    &stmt_insert, &stmt_deferred, &stmt_post, &stmt_star,   &stmt_setting};
const size_t test_statements_count = sizeof test_statements / sizeof test_statements[0];

void test_schema_create(const struct pg_fixture *fixture) {
    pg_fixture_run(
        fixture,
        "create table item (id uuid primary key, body text not null);"
        "insert into item select ('00000000-0000-7000-8000-' ||"
        " lpad(to_hex(n), 12, '0'))::uuid,"
        " 'item ' || n from generate_series(0, 999) n;"
        "create table note (key text primary key, note text not null);"
        "insert into note values ('a,b', 'comma'), ('quo\"te', 'quote'),"
        " ('back\\slash', 'slash'), ('NULL', 'null'),"
        " ('', 'empty'), ('{x}', 'brace'), (' sp ', 'space'), ('plain', 'plain');"
        "create sequence runs;"
        "create table entry (token text constraint entry_token_key unique);"
        "create table deferred (token text constraint deferred_token_key unique"
        " deferrable initially deferred);"
        "create table posted (token text);"
        "create table kept (key_hash bytea primary key, fingerprint bytea not null,"
        " operation text not null);"
        "create table shape (value text); insert into shape values ('round');"
        "create function post_entry(token text) returns text language plpgsql volatile as $$"
        " begin insert into posted values (token); return token; end $$;"
        "create function idempotency_claim(keys bytea[]) returns void language plpgsql"
        " volatile as $$ begin if not pg_try_advisory_xact_lock("
        "hashtextextended(encode(keys[1], 'hex'), 0)) then"
        " raise exception 'running' using errcode = 'SG002'; end if;"
        " if exists (select 1 from kept where key_hash = any (keys)) then"
        " raise exception 'answered' using errcode = 'SG001'; end if; end $$;");
}

static bool finished(struct test_bench *bench) { return bench->until(bench); }

static uint64_t on_turn(struct loop_hook *hook) {
    struct test_bench *bench = OWNER_OF(hook, struct test_bench, hook);
    if (bench->until != NULL && finished(bench))
        loop_stop(bench->loop);
    return UINT64_MAX;
}

static void on_timeout(struct loop_timer *timer) {
    struct test_bench *bench = OWNER_OF(timer, struct test_bench, timer);
    bench->timed_out = true;
    loop_stop(bench->loop);
}

void bench_open(struct test_bench *bench, const struct pg_fixture *fixture,
                struct db_lane_options options) {
    memset(bench, 0, sizeof *bench);
    if (loop_create(&bench->loop) != STATUS_OK)
        abort();
    bench->timer.on_due = on_timeout;
    bench->hook.run = on_turn;
    loop_hook_add(bench->loop, LOOP_HTTP, &bench->hook);
    options.name = options.name == NULL ? "test" : options.name;
    options.conninfo = options.conninfo == NULL ? fixture->conninfo : options.conninfo;
    options.loop = bench->loop;
    if (options.statements == NULL) {
        options.statements = test_statements;
        options.statements_count = test_statements_count;
    }
    options.connections = options.connections == 0 ? 1 : options.connections;
    options.depth_max = options.depth_max == 0 ? 64 : options.depth_max;
    options.queue_max = options.queue_max == 0 ? 10000 : options.queue_max;
    options.statement_timeout_ms = options.statement_timeout_ms == 0 ? 5000
                                                                     : options.statement_timeout_ms;
    if (db_lane_create(&options, &bench->lane) != STATUS_OK)
        abort();
}

void bench_close(struct test_bench *bench) {
    db_lane_destroy(bench->lane);
    loop_hook_remove(bench->loop, LOOP_HTTP, &bench->hook);
    loop_destroy(bench->loop);
}

bool bench_run(struct test_bench *bench, bool (*until)(struct test_bench *bench),
               unsigned timeout_ms) {
    bench->until = until;
    bench->timed_out = false;
    loop_timer_set(bench->loop, &bench->timer, clock_monotonic_ms() + timeout_ms);
    if (!until(bench))
        loop_run(bench->loop);
    loop_timer_clear(bench->loop, &bench->timer);
    bench->until = NULL;
    return !bench->timed_out || until(bench);
}

bool bench_ready(struct test_bench *bench) { return db_lane_ready(bench->lane); }
bool bench_idle(struct test_bench *bench) { return bench->open == 0; }
bool bench_never(struct test_bench *bench) {
    (void)bench;
    return false;
}

static void on_result(struct db_call *db_call, const struct db_result *result) {
    struct test_call *call = OWNER_OF(db_call, struct test_call, call);
    call->answers++;
    call->outcome = db_result_outcome(result);
    (void)snprintf(call->sqlstate, sizeof call->sqlstate, "%s", db_result_sqlstate(result));
    (void)snprintf(call->constraint, sizeof call->constraint, "%s", db_result_constraint(result));
    call->rows = db_result_rows(result);
    struct str value = db_result_get(result, "value");
    (void)snprintf(call->value, sizeof call->value, "%.*s", STR_FMT(value));
    if (call->keep) {
        call->kept = db_result_retain(result);
        call->kept_value = value;
    }
    call->bench->open--;
    if (call->then != NULL)
        call->then(call);
}

void call_prepare(struct test_bench *bench, struct test_call *call,
                  const struct db_statement *statement, const char *first, const char *second) {
    memset(call, 0, sizeof *call);
    const char *const texts[] = {first, second};
    for (size_t i = 0; i < 2; i++) {
        if (texts[i] == NULL)
            continue;
        (void)snprintf(call->text[i], sizeof call->text[i], "%s", texts[i]);
        call->params[i] = str_of(call->text[i]);
    }
    call->bench = bench;
    call->call.statement = statement;
    call->call.params = call->params;
    call->call.deadline_ms = clock_monotonic_ms() + 10000;
    call->call.on_result = on_result;
}

enum status call_submit(struct test_call *call) {
    enum status status = db_lane_submit(call->bench->lane, &call->call);
    if (status == STATUS_OK)
        call->bench->open++;
    return status;
}

void open_ready(struct test_bench *bench, const struct pg_fixture *fixture,
                struct db_lane_options options) {
    bench_open(bench, fixture, options);
    assert_true(bench_run(bench, bench_ready, 10000));
}

void item_id(char out[40], unsigned n) {
    (void)snprintf(out, 40, "00000000-0000-7000-8000-%012x", n);
}

void assert_answer(const struct test_call *call, const char *value) {
    assert_int_equal(call->answers, 1);
    assert_int_equal(call->outcome, DB_DONE);
    assert_int_equal(call->rows, 1);
    assert_string_equal(call->value, value);
}
