/* The PostgreSQL of a test program. */
#include "helper_group.h"

#include "helper_lane.h"

struct pg_fixture fixture;
bool have_postgresql;

int group_set_up(void **state) {
    (void)state;
    have_postgresql = pg_fixture_start(&fixture);
    return 0;
}

int group_set_up_lane(void **state) {
    (void)group_set_up(state);
    if (have_postgresql)
        test_schema_create(&fixture);
    return 0;
}

int group_tear_down(void **state) {
    (void)state;
    if (have_postgresql)
        pg_fixture_stop(&fixture);
    return 0;
}
