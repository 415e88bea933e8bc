/* The background room: its end while a helper still works for it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <semaphore.h>

#include "segreteria/background/background.h"

static sem_t busy, go_on;

static void wait_for_leave(struct helper_job *job) {
    (void)job;
    (void)sem_post(&busy);
    (void)sem_wait(&go_on);
}

static void nothing(struct helper_job *job) { (void)job; }

/* Names are resolved on a helper thread. With the only one occupied, the resolutions are still to
 * come when everything else has ended, and their results have to find their loop. */
static void ends_before_its_names_are_resolved(void **state) {
    (void)state;
    struct helpers *helpers;
    struct loop *loop;
    struct auth_epochs epochs = {0};
    struct background *background = NULL;
    assert_int_equal(sem_init(&busy, 0, 0) + sem_init(&go_on, 0, 0), 0);
    assert_int_equal(loop_create(&loop), STATUS_OK);
    assert_int_equal(helpers_create(1, 8, &helpers), STATUS_OK);
    struct helper_job occupied = {.work = wait_for_leave, .done = nothing, .loop = loop};
    assert_int_equal(helpers_submit(helpers, &occupied), STATUS_OK);
    assert_int_equal(sem_wait(&busy), 0);
    static const struct keys ring = {.count = 1};
    _Atomic(const struct keys *) keys = &ring;
    const struct background_options options = {.conninfo = "host=localhost port=1",
                                               .helpers = helpers,
                                               .epochs = &epochs,
                                               .keys = &keys,
                                               .keys_dir = ".",
                                               .keys_source = "environment"};
    assert_int_equal(background_start(&options, &background), STATUS_OK);
    assert_int_equal(helpers_queued(helpers), BACKGROUND_CONNECTIONS);
    background_stop(background);
    assert_int_equal(sem_post(&go_on), 0);
    helpers_destroy(helpers);
    background_destroy(background);
    loop_destroy(loop);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(ends_before_its_names_are_resolved)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
