/* The private cluster: what is made, how it starts, what is left when somebody is killed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cluster_private.h"
#include "helper_cluster.h"
#include "segreteria/core/clock.h"

static char data_dir[64]; /* one cluster for all tests: initdb takes its time */

static int set_up(void **state) {
    (void)state;
    test_data_dir(data_dir);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    test_data_dir_remove(data_dir);
    return 0;
}

static void write_text(const char *root, const char *path, const char *text) {
    char full[256];
    (void)snprintf(full, sizeof full, "%s/%s", root, path);
    for (char *at = strchr(full + strlen(root) + 1, '/'); at != NULL; at = strchr(at + 1, '/')) {
        *at = '\0';
        (void)mkdir(full, 0755);
        *at = '/';
    }
    FILE *file = fopen(full, "w");
    assert_non_null(file);
    (void)fputs(text, file);
    (void)fclose(file);
}

static void test_memory(void **state) {
    (void)state;
    char root[64];
    test_data_dir(root);
    assert_int_equal(cluster_memory_bytes(root), UINT64_C(1) << 30); /* nothing known */
    write_text(root, "proc/meminfo", "MemTotal:        2048000 kB\nMemFree: 1 kB\n");
    assert_int_equal(cluster_memory_bytes(root), UINT64_C(2048000) * 1024);

    write_text(root, "proc/self/cgroup", "0::/a/b\n");
    write_text(root, "sys/fs/cgroup/a/b/memory.max", "max\n");
    assert_int_equal(cluster_memory_bytes(root), UINT64_C(2048000) * 1024);
    write_text(root, "sys/fs/cgroup/a/memory.max", "536870912\n"); /* a group above counts */
    assert_int_equal(cluster_memory_bytes(root), 536870912);

    write_text(root, "proc/self/cgroup", "5:memory:/x\n4:cpu:/x\n");
    write_text(root, "sys/fs/cgroup/memory/memory.limit_in_bytes", "268435456\n");
    assert_int_equal(cluster_memory_bytes(root), 268435456);
    test_data_dir_remove(root);
}

static void test_version(void **state) {
    (void)state;
    assert_int_equal(cluster_version_parse(STR("postgres (PostgreSQL) 15.20 (Debian 15.20-0)\n")),
                     15);
    assert_int_equal(cluster_version_parse(STR("postgres (PostgreSQL) 18beta1\n")), 18);
    assert_int_equal(cluster_version_parse(STR("postgres (PostgreSQL) \n")), 0);
    assert_int_equal(cluster_version_parse(STR("mysqld  Ver 8\n")), 0);
}

static void assert_cause(const char *output, const char *expected) {
    struct cluster cluster = {
        .data_dir = (char *)(uintptr_t) "/data", .prefix = "/proc/self/fd/7", .dir_fd = -1};
    struct buf error;
    buf_init(&error, 4096);
    cluster_cause(&cluster, str_of(output), &error);
    assert_string_equal(error.data, expected);
    buf_deinit(&error);
}

static void test_cause(void **state) {
    (void)state;
    assert_cause("", "it gave no reason");
    assert_cause("LOG:  a\nFATAL:  first\nPANIC:  second\n", "first");
    assert_cause("initdb: error: no \"/proc/self/fd/7/x\"\n", "no \"/data/x\"");
    assert_cause("one\ntwo\n", "one two");
    assert_cause("LOG:  bad \"x\" line 3\nFATAL:  file contains errors\n",
                 "bad \"x\" line 3; file contains errors");
}

static mode_t mode_of(const char *name) {
    char path[256];
    struct stat file;
    (void)snprintf(path, sizeof path, "%s/%s", data_dir, name);
    assert_int_equal(stat(path, &file), 0);
    return file.st_mode & 0777;
}

static void test_start(void **state) {
    (void)state;
    struct cluster *cluster = test_cluster_start(data_dir);
    assert_true(cluster_is_ready(cluster));
    assert_true(cluster_major(cluster) >= CLUSTER_OLDEST_MAJOR);
    assert_int_equal(mode_of(""), 0700);
    assert_int_equal(mode_of("run"), 0700);
    assert_int_equal(mode_of("log"), 0700);
    assert_int_equal(mode_of(cluster->name), 0700);

    static const char *const settings[][2] = {
        {"listen_addresses", ""},
        {"fsync", "on"},
        {"synchronous_commit", "on"},
        {"data_checksums", "on"},
        {"jit", "off"},
        {"TimeZone", "UTC"},
        {"server_encoding", "UTF8"},
        {"unix_socket_permissions", "0700"},
    };
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++) {
        char sql[96];
        char value[64];
        (void)snprintf(sql, sizeof sql, "show %s", settings[i][0]);
        test_sql(cluster_conninfo(cluster), sql, value, sizeof value);
        assert_string_equal(value, settings[i][1]);
    }
    char value[64];
    test_sql(cluster_conninfo(cluster),
             "select lower('CITTÀ') || (rolsuper)::text from pg_roles where rolname = user", value,
             sizeof value);
    assert_string_equal(value, "cittàfalse");
    test_sql(cluster_conninfo(cluster),
             "select 'è' collate \"it-x-icu\" < 'f' collate \"it-x-icu\"", value, sizeof value);
    assert_string_equal(value, "t");
    test_sql(cluster_conninfo(cluster), "create table kept as select 1 as x", NULL, 0);
    pid_t pid = cluster_pid(cluster);
    cluster_close(cluster);
    assert_int_equal(kill(pid, 0), -1);
}

static void test_start_again(void **state) {
    (void)state;
    uint64_t begin = clock_monotonic_ms();
    struct cluster *cluster = test_cluster_start(data_dir);
    print_message("an existing cluster was ready in %llu ms\n",
                  (unsigned long long)(clock_monotonic_ms() - begin));
    char value[64];
    test_sql(cluster_conninfo(cluster), "select x from kept", value, sizeof value);
    assert_string_equal(value, "1");
    cluster_close(cluster);
}

static void test_lock(void **state) {
    (void)state;
    struct buf error;
    buf_init(&error, 4096);
    const struct cluster_options options = {.data_dir = data_dir};
    const struct cluster_options shared = {.data_dir = data_dir, .shared = true};
    struct cluster *first = NULL;
    struct cluster *second = NULL;
    assert_int_equal(cluster_open(&options, &first, &error), STATUS_OK);
    assert_int_equal(cluster_open(&options, &second, &error), STATUS_BUSY);
    char pid[16];
    (void)snprintf(pid, sizeof pid, "%d", (int)getpid());
    assert_non_null(strstr(error.data, pid));
    assert_non_null(strstr(error.data, data_dir));
    assert_int_equal(cluster_open(&shared, &second, &error), STATUS_OK);
    assert_int_equal(cluster_start(second, &error), STATUS_INVALID);
    cluster_close(second);
    cluster_close(first);
    buf_clear(&error);
    assert_int_equal(cluster_open(&options, &first, &error), STATUS_OK);
    cluster_close(first);
    buf_deinit(&error);
}

static void test_attach(void **state) {
    (void)state;
    struct cluster *cluster = test_cluster_start(data_dir);
    struct cluster *other = NULL;
    struct buf error;
    buf_init(&error, 4096);
    assert_int_equal(
        cluster_attach(&(struct cluster_options){.data_dir = data_dir}, &other, &error), STATUS_OK);
    char value[8];
    test_sql(cluster_conninfo(other), "select 1", value, sizeof value);
    cluster_close(other);
    assert_int_equal(
        cluster_attach(&(struct cluster_options){.data_dir = "/tmp/none/here"}, &other, &error),
        STATUS_NOT_FOUND);
    buf_deinit(&error);
    test_sql(cluster_conninfo(cluster), "select 1", value,
             sizeof value); /* the first one still runs */
    cluster_close(cluster);
}

static void poll_until_ready(struct cluster *cluster) {
    uint64_t until = clock_monotonic_ms() + 30000;
    do {
        assert_true(clock_monotonic_ms() < until);
        cluster_sleep_ms((unsigned)cluster_poll(cluster) < 20 ? 5 : 20);
    } while (!cluster_is_ready(cluster));
}

static void test_postgres_killed(void **state) {
    (void)state;
    struct cluster *cluster = test_cluster_start(data_dir);
    test_sql(cluster_conninfo(cluster), "insert into kept values (2)", NULL, 0);
    pid_t pid = cluster_pid(cluster);
    (void)kill(pid, SIGKILL);
    for (int i = 0; i < 1000 && cluster_is_ready(cluster); i++) {
        cluster_sleep_ms(5);
        (void)cluster_poll(cluster);
    }
    assert_false(cluster_is_ready(cluster));
    poll_until_ready(cluster);
    assert_int_not_equal(cluster_pid(cluster), pid);
    char value[64];
    test_sql(cluster_conninfo(cluster), "select count(*) from kept where x = 2", value,
             sizeof value);
    assert_string_equal(value, "1");
    cluster_close(cluster);
}

/* Another process starts the cluster and is killed; returns PostgreSQL's pid. `freeze` stops
 * PostgreSQL first, so that it outlives what the kernel sends it. */
static pid_t start_and_kill(bool freeze) {
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    pid_t server = fork();
    if (server == 0) {
        struct cluster *cluster = test_cluster_start(data_dir);
        pid_t pid = cluster_pid(cluster);
        if (freeze)
            (void)kill(pid, SIGSTOP);
        (void)!write(fds[1], &pid, sizeof pid);
        for (;;)
            pause();
    }
    pid_t pid = 0;
    assert_int_equal(read(fds[0], &pid, sizeof pid), sizeof pid);
    (void)close(fds[0]);
    (void)close(fds[1]);
    (void)kill(server, SIGKILL);
    (void)waitpid(server, NULL, 0);
    return pid;
}

static void test_server_killed(void **state) {
    (void)state;
    pid_t pid = start_and_kill(false);
    for (int i = 0; i < 2000 && kill(pid, 0) == 0; i++)
        cluster_sleep_ms(5);
    assert_int_equal(kill(pid, 0), -1); /* the kernel told it */
    cluster_close(test_cluster_start(data_dir));
}

static void test_orphan(void **state) {
    (void)state;
    pid_t orphan = start_and_kill(true);
    assert_int_equal(kill(orphan, 0), 0);
    pid_t waker = fork();
    if (waker == 0) {
        cluster_sleep_ms(500);
        (void)kill(orphan, SIGCONT);
        _exit(0);
    }
    struct cluster *cluster = test_cluster_start(data_dir);
    assert_int_not_equal(cluster_pid(cluster), orphan);
    cluster_close(cluster);
    (void)waitpid(waker, NULL, 0);
}

static void stale_pid_file(long pid) {
    struct cluster *cluster = NULL;
    struct buf error;
    buf_init(&error, 4096);
    assert_int_equal(
        cluster_attach(&(struct cluster_options){.data_dir = data_dir}, &cluster, &error),
        STATUS_OK);
    char path[64];
    char text[256];
    (void)snprintf(path, sizeof path, "postgresql-%d/postmaster.pid", cluster_major(cluster));
    (void)snprintf(text, sizeof text, "%ld\n/x\n1\n5432\n/x\n\n 1 1\nready   \n", pid);
    write_text(data_dir, path, text);
    cluster_close(cluster);
    buf_deinit(&error);
    cluster_close(test_cluster_start(data_dir));
}

static void test_stale_pid_file(void **state) {
    (void)state;
    stale_pid_file(4194300);        /* nobody's */
    stale_pid_file((long)getpid()); /* somebody else's by now */
}

static void assert_start_refused(enum status expected, const char *says) {
    struct cluster *cluster = NULL;
    struct buf error;
    buf_init(&error, 4096);
    enum status status = cluster_open(&(struct cluster_options){.data_dir = data_dir}, &cluster,
                                      &error);
    if (status == STATUS_OK)
        status = cluster_start(cluster, &error);
    assert_int_equal(status, expected);
    assert_null(error.data == NULL ? NULL : strchr(error.data, '\n'));
    if (strstr(error.data, says) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", error.data, says);
    cluster_close(cluster);
    buf_deinit(&error);
}

static void test_other_version(void **state) {
    (void)state;
    char from[96];
    char to[96];
    struct cluster *cluster = test_cluster_start(data_dir);
    (void)snprintf(from, sizeof from, "%s/%s", data_dir, cluster->name);
    cluster_close(cluster);
    (void)snprintf(to, sizeof to, "%s/postgresql-9", data_dir);
    assert_int_equal(rename(from, to), 0);
    assert_start_refused(STATUS_MISMATCH, "install postgresql-9");
    assert_int_equal(mkdir(from, 0700), 0);
    assert_start_refused(STATUS_MISMATCH, "holds the clusters of PostgreSQL 9 and");
    assert_int_equal(rmdir(from), 0);
    assert_int_equal(rename(to, from), 0);
    cluster_close(test_cluster_start(data_dir));
}

static void test_wrong_setting(void **state) {
    (void)state;
    struct cluster *cluster = test_cluster_start(data_dir);
    char path[128];
    (void)snprintf(path, sizeof path, "%s/%s/postgresql.conf", data_dir, cluster->name);
    cluster_close(cluster);
    struct stat before;
    assert_int_equal(stat(path, &before), 0);
    FILE *file = fopen(path, "a");
    assert_non_null(file);
    (void)fputs("nonsense = 1\n", file);
    (void)fclose(file);
    assert_start_refused(STATUS_UNAVAILABLE, "unrecognized configuration parameter \"nonsense\"");
    assert_int_equal(truncate(path, before.st_size), 0);
}

static void test_leftover_of_initdb(void **state) {
    (void)state;
    char other[64];
    test_data_dir(other);
    char path[128];
    for (int major = CLUSTER_OLDEST_MAJOR; major < 30; major++) {
        (void)snprintf(path, sizeof path, "postgresql-%d.new/base/x", major);
        write_text(other, path, "half a cluster");
    }
    struct cluster *cluster = test_cluster_start(other);
    (void)snprintf(path, sizeof path, "%s/%s.new", other, cluster->name);
    assert_int_equal(access(path, F_OK), -1);
    cluster_close(cluster);
    test_data_dir_remove(other);
}

static void test_foreign_directory(void **state) {
    (void)state;
    char other[64];
    test_data_dir(other);
    write_text(other, "letters/to-mum.txt", "dear");
    assert_int_equal(chmod(other, 0755), 0);
    struct cluster *cluster = NULL;
    struct buf error;
    buf_init(&error, 4096);
    assert_int_equal(cluster_open(&(struct cluster_options){.data_dir = other}, &cluster, &error),
                     STATUS_MISMATCH);
    struct stat dir;
    assert_int_equal(stat(other, &dir), 0);
    assert_int_equal(dir.st_mode & 0777, 0755); /* left as it was */
    buf_deinit(&error);
    test_data_dir_remove(other);
}

static bool always(void *context) {
    (void)context;
    return true;
}

static void test_cancelled(void **state) {
    (void)state;
    struct cluster *cluster = NULL;
    struct buf error;
    buf_init(&error, 4096);
    const struct cluster_options options = {.data_dir = data_dir, .cancelled = always};
    assert_int_equal(cluster_open(&options, &cluster, &error), STATUS_OK);
    assert_int_equal(cluster_start(cluster, &error), STATUS_TIMEOUT);
    assert_int_equal(cluster_pid(cluster), 0);
    cluster_close(cluster);
    buf_deinit(&error);
}

int main(void) {
    (void)signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_version),
        cmocka_unit_test(test_cause),
        cmocka_unit_test(test_start),
        cmocka_unit_test(test_start_again),
        cmocka_unit_test(test_lock),
        cmocka_unit_test(test_attach),
        cmocka_unit_test(test_postgres_killed),
        cmocka_unit_test(test_server_killed),
        cmocka_unit_test(test_orphan),
        cmocka_unit_test(test_stale_pid_file),
        cmocka_unit_test(test_other_version),
        cmocka_unit_test(test_wrong_setting),
        cmocka_unit_test(test_leftover_of_initdb),
        cmocka_unit_test(test_foreign_directory),
        cmocka_unit_test(test_cancelled),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
