/* A lane against pgbench, reading rows of about 2 KB by id from one cluster made for the purpose:
 *
 *   lane_bench [seconds a run] [rounds]
 *
 * One loop thread keeps 64 reads outstanding. Rounds are interleaved; medians are printed, with CPU
 * time of the client and of all of PostgreSQL, since on a small machine both share the cores.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "helper_pg.h"
#include "segreteria/core/clock.h"
#include "segreteria/core/log.h"
#include "segreteria/db/lane.h"

#ifndef OUTSTANDING
#define OUTSTANDING 64u
#endif
#define ROWS 100000u
#define ROUNDS_MAX 9u

static const struct db_statement by_id = {
    .name = "by_id",
    .params = (const char *const[]){"id"},
    .params_count = 1,
    .kind = DB_READ,
    .merge_param = 0,
    .sql = "select id::text, company, body from item where id = any($1::uuid[])"};
static const struct db_statement single = {
    .name = "single",
    .params = (const char *const[]){"id"},
    .params_count = 1,
    .kind = DB_READ,
    .merge_param = -1,
    .sql = "select id::text, company, body from item where id = $1::uuid"};
static const struct db_statement *const statements[] = {&by_id, &single};

struct bench;

struct reader {
    struct db_call call;
    struct str id;
    char text[40];
    struct bench *bench;
};

struct bench {
    struct loop *loop;
    struct db_lane *lane;
    struct loop_hook hook;
    struct loop_timer end;
    struct reader readers[OUTSTANDING];
    struct reader *done[OUTSTANDING]; /* answered since the last turn: asked again in the next, as a
                                         server would */
    size_t done_count;
    const struct db_statement *statement;
    unsigned long answers, wrong;
    uint64_t random;
    uint64_t begun_us;
    bool running;
};

struct measure {
    double per_second, client_us, server_us;
};

static uint64_t next_random(struct bench *bench) {
    bench->random ^= bench->random << 13;
    bench->random ^= bench->random >> 7;
    return bench->random ^= bench->random << 17;
}

static void on_result(struct db_call *call, const struct db_result *result) {
    struct reader *reader = (struct reader *)(void *)call;
    reader->bench->answers++;
    if (db_result_outcome(result) != DB_DONE || db_result_rows(result) != 1 ||
        db_result_get(result, "body").len < 1500)
        reader->bench->wrong++;
    reader->bench->done[reader->bench->done_count++] = reader;
}

static void ask(struct bench *bench, struct reader *reader) {
    int len = snprintf(reader->text, sizeof reader->text, "00000000-0000-7000-8000-%012x",
                       (unsigned)(next_random(bench) % ROWS));
    reader->id = str_from(reader->text, (size_t)len);
    reader->bench = bench;
    reader->call = (struct db_call){.statement = bench->statement,
                                    .params = &reader->id,
                                    .deadline_ms = loop_now_ms(bench->loop) + 5000,
                                    .on_result = on_result};
    if (db_lane_submit(bench->lane, &reader->call) != STATUS_OK)
        abort();
}

static uint64_t on_turn(struct loop_hook *hook) {
    struct bench *bench = (struct bench *)(void *)((char *)hook - offsetof(struct bench, hook));
    if (!bench->running && db_lane_ready(bench->lane)) {
        printf("  connected and prepared in %.1f ms\n",
               (double)(clock_monotonic_us() - bench->begun_us) / 1000);
        loop_stop(bench->loop);
    }
    for (size_t i = 0; bench->running && i < bench->done_count; i++)
        ask(bench, bench->done[i]);
    if (bench->running)
        bench->done_count = 0;
    return UINT64_MAX;
}

static void on_end(struct loop_timer *timer) {
    struct bench *bench = (struct bench *)(void *)((char *)timer - offsetof(struct bench, end));
    loop_stop(bench->loop);
}

static double own_cpu_us(int who) {
    struct rusage usage;
    (void)getrusage(who, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e6 +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/* User and system time of the postmaster's children, in microseconds. */
static double server_cpu_us(const struct pg_fixture *fixture) {
    char path[64], line[512];
    (void)snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)fixture->postmaster,
                   (int)fixture->postmaster);
    FILE *children = fopen(path, "r");
    double ticks = 0;
    int pid;
    while (children != NULL && fscanf(children, "%d", &pid) == 1) {
        (void)snprintf(path, sizeof path, "/proc/%d/stat", pid);
        FILE *stat = fopen(path, "r");
        if (stat == NULL)
            continue;
        if (fgets(line, sizeof line, stat) != NULL) {
            char *at = strrchr(line, ')');
            for (int field = 2; at != NULL && field < 14; field++)
                at = strchr(at + 1, ' ');
            if (at != NULL) {
                ticks += (double)strtoul(at, &at, 10);
                ticks += (double)strtoul(at, NULL, 10);
            }
        }
        (void)fclose(stat);
    }
    if (children != NULL)
        (void)fclose(children);
    return ticks * 1e6 / (double)sysconf(_SC_CLK_TCK);
}

static struct measure run_lane(const struct pg_fixture *fixture,
                               const struct db_statement *statement, size_t connections,
                               unsigned seconds) {
    struct bench bench = {
        .statement = statement, .random = 88172645463325252u, .begun_us = clock_monotonic_us()};
    if (loop_create(&bench.loop) != STATUS_OK)
        abort();
    struct db_lane_options options = {.name = "bench",
                                      .conninfo = fixture->conninfo,
                                      .loop = bench.loop,
                                      .statements = statements,
                                      .statements_count = 2,
                                      .connections = connections,
                                      .depth_max = 64,
                                      .queue_max = 1000,
                                      .statement_timeout_ms = 5000};
    if (db_lane_create(&options, &bench.lane) != STATUS_OK)
        abort();
    bench.hook.run = on_turn;
    bench.end.on_due = on_end;
    loop_hook_add(bench.loop, LOOP_HTTP, &bench.hook);
    loop_run(bench.loop);
    bench.running = true;
    for (size_t i = 0; i < OUTSTANDING; i++)
        ask(&bench, &bench.readers[i]);
    usleep(300000); /* what ran before has ended */
    double cpu = own_cpu_us(RUSAGE_SELF), server = server_cpu_us(fixture);
    uint64_t begun = clock_monotonic_us();
    loop_timer_set(bench.loop, &bench.end, clock_monotonic_ms() + seconds * 1000u);
    loop_run(bench.loop);
    double elapsed = (double)(clock_monotonic_us() - begun), answers = (double)bench.answers;
    struct measure measure = {answers * 1e6 / elapsed, (own_cpu_us(RUSAGE_SELF) - cpu) / answers,
                              (server_cpu_us(fixture) - server) / answers};
    if (bench.wrong > 0)
        printf("  WRONG ANSWERS: %lu\n", bench.wrong);
    db_lane_destroy(bench.lane);
    loop_hook_remove(bench.loop, LOOP_HTTP, &bench.hook);
    loop_destroy(bench.loop);
    return measure;
}

/* pgbench's connections outlive no run, so the server's CPU time is taken from the children that
 * have ended: not known. Its own CPU time is that of our ended children. */
static struct measure run_pgbench(const struct pg_fixture *fixture, unsigned clients,
                                  unsigned seconds) {
    char command[512], line[256];
    (void)snprintf(command, sizeof command,
                   "%s/pgbench -h %s -U postgres -n -M prepared -f %s/by_id.sql"
                   " -c %u -j %u -T %u postgres 2>&1",
                   fixture->binaries, fixture->directory, fixture->directory, clients, clients,
                   seconds);
    double cpu = own_cpu_us(RUSAGE_CHILDREN);
    FILE *output = popen(command, "r");
    struct measure measure = {0};
    while (output != NULL && fgets(line, sizeof line, output) != NULL)
        if (strncmp(line, "tps = ", 6) == 0)
            measure.per_second = strtod(line + 6, NULL);
    if (output == NULL || pclose(output) != 0)
        printf("  pgbench failed: %s\n", line);
    measure.client_us = (own_cpu_us(RUSAGE_CHILDREN) - cpu) / (measure.per_second * seconds);
    return measure;
}

static void fill(const struct pg_fixture *fixture) {
    char path[128];
    pg_fixture_run(
        fixture,
        "create table item (id uuid primary key, company uuid not null, body text not null);"
        "alter table item alter column body set storage external;"
        "insert into item select ('00000000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid,"
        " gen_random_uuid(), (select string_agg(md5((n * 64 + m)::text), '')"
        " from generate_series(1, 56) m)"
        " from generate_series(0, 99999) n");
    pg_fixture_run(fixture, "vacuum analyze item");
    (void)snprintf(path, sizeof path, "%s/by_id.sql", fixture->directory);
    FILE *script = fopen(path, "w");
    if (script == NULL)
        abort();
    fputs("\\set n random(0, 99999)\n"
          "select id::text, company, body from item where id = ('00000000-0000-7000-8000-' ||"
          " lpad(to_hex(:n::int), 12, '0'))::uuid;\n",
          script);
    (void)fclose(script);
}

static int by_rate(const void *a, const void *b) {
    double left = ((const struct measure *)a)->per_second,
           right = ((const struct measure *)b)->per_second;
    return left < right ? -1 : left > right;
}

int main(int argc, char **argv) {
    unsigned seconds = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 3;
    unsigned rounds = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 3;
    rounds = rounds == 0 || rounds > ROUNDS_MAX ? 3 : rounds;
    struct pg_fixture fixture;
    log_set_level(LOG_WARN);
    if (!pg_fixture_start(&fixture)) {
        puts("no PostgreSQL on this machine");
        return 1;
    }
    fill(&fixture);
    static const char *const names[] = {"pgbench -c 2", "pgbench -c 4",
                                        "lane, merged, 1 connection", "lane, merged, 2 connections",
                                        "lane, not merged, 1 connection"};
    struct measure all[5][ROUNDS_MAX];
    for (unsigned round = 0; round < rounds; round++) {
        all[0][round] = run_pgbench(&fixture, 2, seconds);
        all[1][round] = run_pgbench(&fixture, 4, seconds);
        all[2][round] = run_lane(&fixture, &by_id, 1, seconds);
        all[3][round] = run_lane(&fixture, &by_id, 2, seconds);
        all[4][round] = run_lane(&fixture, &single, 1, seconds);
    }
    for (unsigned i = 0; i < 5; i++)
        qsort(all[i], rounds, sizeof all[i][0], by_rate);
    double base = all[0][rounds / 2].per_second;
    base = all[1][rounds / 2].per_second > base ? all[1][rounds / 2].per_second : base;
    for (unsigned i = 0; i < 5; i++) {
        const struct measure *median = &all[i][rounds / 2];
        printf("%-32s %9.0f/s  %.2f x pgbench  client %.1f us", names[i], median->per_second,
               median->per_second / base, median->client_us);
        printf(i < 2 ? "\n" : "  server %.1f us\n", median->server_us);
    }
    pg_fixture_stop(&fixture);
    return 0;
}
