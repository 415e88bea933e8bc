/* The PostgreSQL of a test program, started before its tests and stopped after them. Include after
 * cmocka.h. */
#ifndef TESTS_UNIT_DB_HELPER_GROUP_H
#define TESTS_UNIT_DB_HELPER_GROUP_H

#include "helper_pg.h"

extern struct pg_fixture fixture;
extern bool have_postgresql;

/* The first line of a test that cannot do without. */
#define NEED_POSTGRESQL()                                                                          \
    do {                                                                                           \
        if (!have_postgresql) {                                                                    \
            print_message("no PostgreSQL on this machine: skipped\n");                             \
            skip();                                                                                \
        }                                                                                          \
    } while (0)

/* For cmocka_run_group_tests. The second also makes the tables of helper_lane.h. */
int group_set_up(void **state);
int group_set_up_lane(void **state);
int group_tear_down(void **state);

#endif
