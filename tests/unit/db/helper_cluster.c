/* See helper_cluster.h. */
#include "helper_cluster.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* PostgreSQL refuses root, and so does cluster_start: the test becomes whom the server would
 * become. */
static void become_user(const char *directory) {
    if (geteuid() != 0)
        return;
    struct cluster *cluster = NULL;
    struct buf error;
    buf_init(&error, 4096);
    const struct cluster_options options = {.data_dir = directory};
    assert_int_equal(cluster_open(&options, &cluster, &error), STATUS_OK);
    assert_int_equal(cluster_drop_privileges(cluster, &error), STATUS_OK);
    cluster_close(cluster);
    buf_deinit(&error);
}

void test_data_dir(char out[64]) {
    (void)snprintf(out, 64, "/tmp/segreteria-cluster-XXXXXX");
    assert_non_null(mkdtemp(out));
    become_user(out);
}

void test_data_dir_remove(const char *path) {
    pid_t pid = fork();
    if (pid == 0) {
        execl("/bin/rm", "rm", "-rf", path, (char *)NULL);
        _exit(127);
    }
    (void)waitpid(pid, NULL, 0);
}

struct cluster *test_cluster_start(const char *data_dir) {
    struct cluster *cluster = NULL;
    struct buf error;
    buf_init(&error, 4096);
    const struct cluster_options options = {.data_dir = data_dir};
    enum status status = cluster_open(&options, &cluster, &error);
    if (status == STATUS_OK)
        status = cluster_start(cluster, &error);
    if (status != STATUS_OK)
        print_error("%s: %s\n", status_name(status), error.data);
    assert_int_equal(status, STATUS_OK);
    buf_deinit(&error);
    return cluster;
}

void test_sql(const char *conninfo, const char *sql, char *out, size_t size) {
    PGconn *connection = PQconnectdb(conninfo);
    PGresult *result = PQexec(connection, sql);
    ExecStatusType kind = PQresultStatus(result);
    if (kind != PGRES_TUPLES_OK && kind != PGRES_COMMAND_OK)
        print_error("%s: %s\n", sql, PQerrorMessage(connection));
    assert_true(kind == PGRES_TUPLES_OK || kind == PGRES_COMMAND_OK);
    if (out != NULL)
        (void)snprintf(out, size, "%s", PQntuples(result) > 0 ? PQgetvalue(result, 0, 0) : "");
    PQclear(result);
    PQfinish(connection);
}
