/* A temporary data directory for tests of the private cluster; as root the process becomes the
 * cluster's user. */
#ifndef TESTS_UNIT_DB_HELPER_CLUSTER_H
#define TESTS_UNIT_DB_HELPER_CLUSTER_H

#include "segreteria/db/cluster.h"

/* A directory under /tmp that the test's user owns; the path goes to out. Becomes that user on the
 * first call. */
void test_data_dir(char out[64]);
void test_data_dir_remove(const char *path);

/* Open and start; fails the test otherwise. */
struct cluster *test_cluster_start(const char *data_dir);

/* Runs SQL and returns the first value as text in `out`; fails the test on an error. */
void test_sql(const char *conninfo, const char *sql, char *out, size_t size);

#endif
