/* A PostgreSQL of its own for one test program: made by initdb in a temporary directory, Unix
 * socket only, run as user postgres when the tests run as root. Stopped and removed by
 * pg_fixture_stop.
 */
#ifndef TESTS_UNIT_DB_HELPER_PG_H
#define TESTS_UNIT_DB_HELPER_PG_H

#include <stdbool.h>
#include <sys/types.h>

struct pg_fixture {
    char directory[64];
    char conninfo[128];
    char binaries[128];
    pid_t postmaster;
};

/* False: there is no PostgreSQL on this machine, so the tests must be skipped. Aborts on any other
 * trouble. */
bool pg_fixture_start(struct pg_fixture *fixture);
void pg_fixture_stop(struct pg_fixture *fixture);

/* SIGKILL to the postmaster and all its children, as a crash of the machine would end them. */
void pg_fixture_crash(struct pg_fixture *fixture);
/* Starts it again (crash recovery included); returns at once when wait is false. */
void pg_fixture_restart(struct pg_fixture *fixture, bool wait);

/* Runs SQL over a connection of its own; aborts the program on failure. The second returns the
 * first value. */
void pg_fixture_run(const struct pg_fixture *fixture, const char *sql);
long pg_fixture_number(const struct pg_fixture *fixture, const char *sql);

#endif
