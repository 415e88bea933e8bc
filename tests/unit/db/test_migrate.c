/* The migration runner: from empty, twice, two at once, failures that leave nothing, histories that
 * do not fit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "generated/migrations.h"
#include "helper_cluster.h"
#include "migrate_private.h"
#include "segreteria/db/migrate.h"

static char data_dir[64];
static struct cluster *cluster;

static int set_up(void **state) {
    (void)state;
    test_data_dir(data_dir);
    cluster = test_cluster_start(data_dir);
    return 0;
}

static int tear_down(void **state) {
    (void)state;
    cluster_close(cluster);
    test_data_dir_remove(data_dir);
    return 0;
}

static int empty(void **state) {
    (void)state;
    test_sql(cluster_conninfo(cluster), "drop schema public cascade; create schema public", NULL,
             0);
    return 0;
}

static void assert_sql(const char *sql, const char *expected) {
    char value[256];
    test_sql(cluster_conninfo(cluster), sql, value, sizeof value);
    assert_string_equal(value, expected);
}

static const struct migration good[] = {
    {1, "first", "create table a (x integer);\ninsert into a values (1);"},
    {2, "second", "insert into a values (2); select pg_sleep(0.3);"},
    {3, "third",
     "-- è commento\ncreate function f() returns integer language sql as $$ select 3; $$;"},
};

static struct migrate_options options_of(const struct migration *list, size_t count) {
    return (struct migrate_options){
        .conninfo = cluster_conninfo(cluster), .migrations = list, .count = count};
}

static void assert_run(const struct migration *list, size_t count, size_t expected) {
    struct migrate_options options = options_of(list, count);
    struct buf error;
    buf_init(&error, 4096);
    size_t applied = 99;
    enum status status = migrate_run(&options, &applied, &error);
    if (status != STATUS_OK)
        print_error("%s\n", error.data);
    assert_int_equal(status, STATUS_OK);
    assert_int_equal(applied, expected);
    buf_deinit(&error);
}

static void assert_refused(const struct migrate_options *options, enum status expected,
                           const char *says) {
    struct buf error;
    buf_init(&error, 4096);
    size_t applied = 0;
    enum status status = migrate_run(options, &applied, &error);
    if (error.data == NULL || strstr(error.data, says) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", error.data == NULL ? "" : error.data, says);
    assert_int_equal(status, expected);
    assert_null(error.data == NULL ? NULL : strchr(error.data, '\n'));
    buf_deinit(&error);
}

static void test_from_empty_and_twice(void **state) {
    (void)state;
    assert_run(good, 2, 2);
    assert_run(good, 2, 0);
    assert_run(good, 3, 1); /* a newer version */
    assert_sql("select string_agg(number || name || length(checksum), ',' order by number) "
               "from schema_migrations",
               "1first64,2second64,3third64");
    assert_sql("select count(*) from a", "2");
}

static void test_two_at_once(void **state) {
    (void)state;
    pid_t others[3];
    for (size_t i = 0; i < 3; i++) {
        others[i] = fork();
        if (others[i] == 0) {
            struct migrate_options options = options_of(good, 3);
            struct buf error;
            buf_init(&error, 4096);
            size_t applied = 0;
            enum status status = migrate_run(&options, &applied, &error);
            _exit(status == STATUS_OK ? (int)applied : 100);
        }
    }
    int sum = 0;
    for (size_t i = 0; i < 3; i++) {
        int status = 0;
        assert_int_equal(waitpid(others[i], &status, 0), others[i]);
        assert_true(WIFEXITED(status));
        sum += WEXITSTATUS(status);
    }
    assert_int_equal(sum, 3); /* each one once, whoever did it */
    assert_sql("select count(*) from a", "2");
}

static void test_failing_leaves_nothing(void **state) {
    (void)state;
    const struct migration list[] = {
        good[0],
        {2, "broken",
         "create table b (x integer);\n-- città\ninsert into b values (1);\nselect nothing;\n"},
    };
    struct migrate_options options = options_of(list, 2);
    assert_refused(
        &options, STATUS_INTERNAL,
        "migration 0002_broken failed at line 4: column \"nothing\" does not exist (42703)");
    assert_sql("select count(*) from schema_migrations", "1");
    assert_sql("select coalesce(to_regclass('b')::text, 'none')", "none");
    assert_run(good, 3, 2); /* mended */
}

static void test_ends_its_transaction(void **state) {
    (void)state;
    const struct migration list[] = {{1, "commits", "create table b (x integer); commit;"}};
    struct migrate_options options = options_of(list, 1);
    assert_refused(&options, STATUS_INTERNAL, "ends its transaction");
}

static void test_connection_lost(void **state) {
    (void)state;
    const struct migration list[] = {
        {1, "dies", "create table b (x integer); select pg_terminate_backend(pg_backend_pid());"}};
    struct migrate_options options = options_of(list, 1);
    assert_refused(&options, STATUS_UNAVAILABLE, "migration 0001_dies failed");
    assert_sql("select coalesce(to_regclass('b')::text, 'none')", "none");
    assert_run(good, 1, 1);
}

static void test_histories(void **state) {
    (void)state;
    assert_run(good, 3, 3);
    struct migration changed[3] = {good[0], good[1], good[2]};
    changed[1].sql = "select 1";
    struct migrate_options options = options_of(changed, 3);
    assert_refused(&options, STATUS_MISMATCH, "migration 0002_second is not the one that was run");

    options = options_of(good, 2);
    assert_refused(&options, STATUS_MISMATCH,
                   "has migration 0003_third, which this version of segreteria does not");

    test_sql(cluster_conninfo(cluster), "delete from schema_migrations where number = 2", NULL, 0);
    options = options_of(good, 3);
    assert_refused(&options, STATUS_MISMATCH,
                   "migration 0002_second was never run on this data base");
}

static void test_dry_run_and_status(void **state) {
    (void)state;
    struct migrate_options options = options_of(good, 3);
    struct buf out;
    struct buf error;
    buf_init(&out, 65536);
    buf_init(&error, 4096);
    size_t pending = 0;
    bool current = true;
    assert_int_equal(migrate_status(&options, &current, &out, &error), STATUS_OK);
    assert_false(current);
    assert_non_null(strstr(out.data, "0003    third                             pending"));

    assert_run(good, 1, 1);
    buf_clear(&out);
    assert_int_equal(migrate_dry_run(&options, &pending, &out, &error), STATUS_OK);
    assert_int_equal(pending, 2);
    assert_string_equal(out.data, "would run 0002_second\nwould run 0003_third\n");
    assert_sql("select count(*) from schema_migrations", "1");

    assert_run(good, 3, 2);
    const struct migration two[] = {good[0], {2, "second", "select 2"}};
    options = options_of(two, 2);
    buf_clear(&out);
    assert_int_equal(migrate_status(&options, &current, &out, &error), STATUS_OK);
    assert_false(current);
    assert_non_null(strstr(out.data, "0001    first                             applied "));
    assert_non_null(strstr(out.data, "0002    second                            changed "));
    assert_non_null(strstr(out.data, "0003    third                             unknown "));
    options = options_of(good, 3);
    assert_int_equal(migrate_status(&options, &current, &out, &error), STATUS_OK);
    assert_true(current);
    buf_deinit(&out);
    buf_deinit(&error);
}

static void test_servers(void **state) {
    (void)state;
    char conninfo[256];
    const char *own = cluster_conninfo(cluster);
    (void)snprintf(conninfo, sizeof conninfo, "%s options='-c default_transaction_read_only=on'",
                   own);
    struct migrate_options options = {.conninfo = conninfo, .migrations = good, .count = 1};
    assert_refused(&options, STATUS_UNAVAILABLE, "read-only");

    test_sql(own, "select 1", NULL, 0);
    (void)snprintf(conninfo, sizeof conninfo, "%s dbname=nowhere", own);
    assert_refused(&options, STATUS_UNAVAILABLE, "database \"nowhere\" does not exist");

    /* The first host answers nothing: the second is asked. */
    const char *host = strstr(own, "host=");
    assert_non_null(host);
    size_t length = strcspn(host + 5, " ");
    (void)snprintf(conninfo, sizeof conninfo,
                   "host=/nowhere,%.*s port=5432 user=segreteria dbname=segreteria", (int)length,
                   host + 5);
    assert_run(good, 0, 0);
    struct buf error;
    buf_init(&error, 4096);
    size_t applied = 0;
    assert_int_equal(migrate_run(&options, &applied, &error), STATUS_OK);
    assert_int_equal(applied, 1);
    buf_deinit(&error);
}

static void test_conninfo(void **state) {
    (void)state;
    static const struct {
        const char *conninfo;
        enum status status;
        const char *says;
    } cases[] = {
        {"host=h password=s3cret", STATUS_OK, ""},
        {"postgresql://u:s3cret@h/d", STATUS_OK, ""},
        {"postgresql://u:s3c@ret@h/d", STATUS_INVALID, "two @"},
        {"host=h password='s3cret", STATUS_INVALID, "unterminated quoted string"},
        {"host=h password=a s3cret", STATUS_INVALID, "missing \"...\" after \"...\""},
        {"host=h s3cret=x", STATUS_INVALID, "invalid connection option \"...\""},
        {"postgresql://u:%s3cret@h/d", STATUS_INVALID, "percent"},
        {"postgresql://h/d?s3cret=1", STATUS_INVALID, "invalid URI query parameter"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf error;
        buf_init(&error, 4096);
        buf_append_text(&error, "");
        assert_int_equal(migrate_check_conninfo(cases[i].conninfo, &error), cases[i].status);
        const char *text = error.data == NULL ? "" : error.data;
        if (strstr(text, cases[i].says) == NULL)
            fail_msg("\"%s\" does not say \"%s\"", text, cases[i].says);
        assert_null(strstr(text, "s3c"));
        buf_deinit(&error);
    }
}

/* The server's own, in the order they are embedded. */
static void test_real(void **state) {
    (void)state;
    assert_run(migrations, migrations_count, migrations_count);
    assert_run(migrations, migrations_count, 0);
}

int main(void) {
    (void)signal(SIGPIPE, SIG_IGN);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_from_empty_and_twice, empty),
        cmocka_unit_test_setup(test_two_at_once, empty),
        cmocka_unit_test_setup(test_failing_leaves_nothing, empty),
        cmocka_unit_test_setup(test_ends_its_transaction, empty),
        cmocka_unit_test_setup(test_connection_lost, empty),
        cmocka_unit_test_setup(test_histories, empty),
        cmocka_unit_test_setup(test_dry_run_and_status, empty),
        cmocka_unit_test_setup(test_servers, empty),
        cmocka_unit_test(test_conninfo),
        cmocka_unit_test_setup(test_real, empty),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
