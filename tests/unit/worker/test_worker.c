/* The worker room: timers, watches, mailbox, hooks, helper threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "segreteria/core/clock.h"
#include "segreteria/worker/helpers.h"
#include "segreteria/worker/loop.h"

static struct loop *loop;
static unsigned fired;
static uint64_t fired_at[8];

static int setup(void **state) {
    (void)state;
    fired = 0;
    return loop_create(&loop) == STATUS_OK ? 0 : -1;
}

static int teardown(void **state) {
    (void)state;
    loop_destroy(loop);
    return 0;
}

static void note_and_stop(struct loop_timer *timer) {
    fired_at[fired++] = timer->due_ms;
    loop_stop(loop);
}

static void note(struct loop_timer *timer) { fired_at[fired++] = timer->due_ms; }

static void timers_fire_in_order_and_not_early(void **state) {
    (void)state;
    uint64_t start = clock_monotonic_ms();
    struct loop_timer near = {.on_due = note}, far = {.on_due = note_and_stop},
                      cleared = {.on_due = note};
    loop_timer_set(loop, &far, start + 120);
    loop_timer_set(loop, &near, start + 30);
    loop_timer_set(loop, &cleared, start + 40);
    loop_timer_clear(loop, &cleared);
    loop_timer_clear(loop, &cleared); /* harmless */
    loop_run(loop);
    assert_int_equal(fired, 2);
    assert_int_equal(fired_at[0], start + 30);
    assert_int_equal(fired_at[1], start + 120);
    assert_true(clock_monotonic_ms() >= start + 120);
}

/* The wheel is 8.2 s long: a timer further away must be passed over until its own turn, and moving
 * it must work. */
static void a_timer_beyond_the_wheel_can_be_moved_near(void **state) {
    (void)state;
    uint64_t start = clock_monotonic_ms();
    struct loop_timer timer = {.on_due = note_and_stop};
    loop_timer_set(loop, &timer, start + 8192 + 20); /* the slot that passes soonest */
    struct loop_timer probe = {.on_due = note_and_stop};
    loop_timer_set(loop, &probe, start + 60);
    loop_run(loop);
    assert_int_equal(fired, 1);
    assert_int_equal(fired_at[0], start + 60);
    loop_timer_set(loop, &timer, start); /* already past: at the next chance */
    loop_run(loop);
    assert_int_equal(fired, 2);
    assert_int_equal(fired_at[1], start);
}

static struct loop_timer chained;
static void chain(struct loop_timer *timer) {
    fired_at[fired++] = timer->due_ms;
    if (fired < 3)
        loop_timer_set(loop, &chained, timer->due_ms); /* due at once, from within */
    else
        loop_stop(loop);
}

static void a_timer_may_be_set_by_its_own_callback(void **state) {
    (void)state;
    chained = (struct loop_timer){.on_due = chain};
    loop_timer_set(loop, &chained, clock_monotonic_ms());
    loop_run(loop);
    assert_int_equal(fired, 3);
}

/* ---- mailbox: every message exactly once, and in order for one sender ---- */

#define MESSAGES 20000
#define SENDERS 4
struct numbered {
    struct loop_message message;
    unsigned sender, number;
};
static struct numbered *letters;
static unsigned next_of[SENDERS], received;

static void receive(struct loop_message *message) {
    struct numbered *letter = (struct numbered *)(void *)message;
    assert_int_equal(letter->number, next_of[letter->sender]);
    next_of[letter->sender]++;
    if (++received == MESSAGES * SENDERS)
        loop_stop(loop);
}

static void *send_all(void *context) {
    unsigned sender = (unsigned)(uintptr_t)context;
    for (unsigned i = 0; i < MESSAGES; i++) {
        struct numbered *letter = &letters[sender * MESSAGES + i];
        *letter = (struct numbered){.message.deliver = receive, .sender = sender, .number = i};
        loop_post(loop, &letter->message);
    }
    return NULL;
}

static void mail_of_many_threads_arrives_once_and_in_order(void **state) {
    (void)state;
    pthread_t threads[SENDERS];
    letters = calloc((size_t)MESSAGES * SENDERS, sizeof *letters);
    assert_non_null(letters);
    for (uintptr_t i = 0; i < SENDERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, send_all, (void *)i), 0);
    loop_run(loop);
    for (size_t i = 0; i < SENDERS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(received, MESSAGES * SENDERS);
    free(letters);
}

/* ---- watches ---- */

static struct loop_watch first_watch, second_watch;
static unsigned called;

/* Both are ready in one turn; whichever comes first ends both: the other must not be called any
 * more. */
static void end_both(struct loop_watch *watch, uint32_t events) {
    (void)watch;
    (void)events;
    called++;
    assert_int_equal(loop_watch_set(loop, &first_watch, 0), STATUS_OK);
    assert_int_equal(loop_watch_set(loop, &second_watch, 0), STATUS_OK);
    loop_stop(loop);
}

static void an_ended_watch_is_not_called(void **state) {
    (void)state;
    int pair[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    first_watch = (struct loop_watch){.fd = pair[0], .on_ready = end_both};
    second_watch = (struct loop_watch){.fd = pair[1], .on_ready = end_both};
    assert_int_equal(loop_watch_set(loop, &first_watch, EPOLLOUT), STATUS_OK);
    assert_int_equal(loop_watch_set(loop, &second_watch, EPOLLOUT), STATUS_OK);
    loop_run(loop);
    assert_int_equal(called, 1);
    (void)close(pair[0]);
    (void)close(pair[1]);
}

static unsigned hook_order[4], hooks_run;
static uint64_t http_hook(struct loop_hook *hook) {
    (void)hook;
    hook_order[hooks_run++ % 4] = 1;
    return 0;
}
static uint64_t flush_hook(struct loop_hook *hook) {
    (void)hook;
    hook_order[hooks_run++ % 4] = 2;
    loop_stop(loop);
    return UINT64_MAX;
}

static void hooks_run_in_phase_order(void **state) {
    (void)state;
    struct loop_hook http = {.run = http_hook}, flush = {.run = flush_hook};
    loop_hook_add(loop, LOOP_FLUSH, &flush);
    loop_hook_add(loop, LOOP_HTTP, &http);
    loop_run(loop);
    assert_int_equal(hooks_run, 2);
    assert_int_equal(hook_order[0], 1);
    assert_int_equal(hook_order[1], 2);
    loop_hook_remove(loop, LOOP_HTTP, &http);
    loop_hook_remove(loop, LOOP_FLUSH, &flush);
}

/* ---- helpers ---- */

static atomic_uint worked;
static unsigned finished;
static void slow_work(struct helper_job *job) {
    (void)job;
    (void)usleep(1000);
    (void)atomic_fetch_add(&worked, 1);
}
static void count_done(struct helper_job *job) {
    (void)job;
    finished++;
    if (finished == 10)
        loop_stop(loop);
}

static void helpers_work_and_report_and_refuse_when_full(void **state) {
    (void)state;
    struct helpers *helpers = NULL;
    struct helper_job jobs[64];
    assert_int_equal(helpers_create(2, 10, &helpers), STATUS_OK);
    unsigned taken = 0, refused = 0;
    for (size_t i = 0; i < 64; i++) {
        jobs[i] = (struct helper_job){.work = slow_work, .done = count_done, .loop = loop};
        if (helpers_submit(helpers, &jobs[i]) == STATUS_OK)
            taken++;
        else
            refused++;
    }
    assert_true(taken >= 10);
    assert_true(refused > 0);
    loop_run(loop);
    helpers_destroy(helpers);
    assert_int_equal(atomic_load(&worked), taken);
    loop_destroy(loop); /* delivers what was posted last */
    loop = NULL;
    assert_int_equal(finished, taken);
}

static int gate[2];
static void wait_for_byte(struct helper_job *job) {
    char byte;
    (void)job;
    (void)!read(gate[0], &byte, 1);
    (void)atomic_fetch_add(&worked, 1);
}
static void count_end(struct helper_job *job) {
    (void)job;
    finished++;
}

/* One at work, three in the queue: whichever of these is taken back, the others are done. */
static void a_job_that_waits_can_be_taken_back(void **state) {
    (void)state;
    for (size_t taken = 1; taken < 4; taken++) {
        struct helpers *helpers = NULL;
        struct helper_job jobs[4];
        unsigned before = atomic_load(&worked);
        finished = 0;
        assert_int_equal(pipe(gate), 0);
        assert_int_equal(helpers_create_yielding(1, 3, &helpers), STATUS_OK);
        for (size_t i = 0; i < 4; i++) {
            jobs[i] = (struct helper_job){.work = wait_for_byte, .done = count_end, .loop = loop};
            assert_int_equal(helpers_submit(helpers, &jobs[i]), STATUS_OK);
            while (i == 0 && helpers_queued(helpers) > 0)
                (void)usleep(1000);
        }
        assert_true(helpers_full(helpers));
        assert_true(helpers_cancel(helpers, &jobs[taken]));
        memset(&jobs[taken], 0xEE, sizeof jobs[taken]); /* nobody looks at it any more */
        assert_false(helpers_cancel(helpers, &jobs[taken]));
        assert_false(helpers_cancel(helpers, &jobs[0]));
        assert_false(helpers_full(helpers));
        assert_int_equal(write(gate[1], "abcd", 4), 4);
        helpers_destroy(helpers);
        assert_int_equal(atomic_load(&worked) - before, 3);
        loop_destroy(loop); /* delivers what was posted last */
        assert_int_equal(finished, 3);
        assert_int_equal(loop_create(&loop), STATUS_OK);
        (void)close(gate[0]);
        (void)close(gate[1]);
    }
}

static atomic_uint detached_ended;
static void wait_at_gate(void *data) {
    char byte;
    (void)!read(gate[0], &byte, 1);
    free(data);
    (void)atomic_fetch_add(&detached_ended, 1);
}

static void detached_work_holds_up_nobody(void **state) {
    (void)state;
    struct helpers *helpers = NULL;
    atomic_store(&detached_ended, 0);
    assert_int_equal(pipe(gate), 0);
    assert_int_equal(helpers_create(1, 4, &helpers), STATUS_OK);
    for (size_t i = 0; i < HELPERS_DETACHED_MAX; i++)
        assert_int_equal(helpers_detach(helpers, wait_at_gate, malloc(1)), STATUS_OK);
    assert_int_equal(helpers_detach(helpers, wait_at_gate, NULL), STATUS_BUSY);
    atomic_store(&worked, 0);
    struct helper_job job = {.work = slow_work, .done = count_done, .loop = loop};
    assert_int_equal(helpers_submit(helpers, &job), STATUS_OK);
    uint64_t begin = clock_monotonic_ms();
    helpers_destroy(helpers); /* although none of the eight has ended */
    assert_true(clock_monotonic_ms() - begin < 10000);
    loop_destroy(loop); /* delivers what was posted last */
    loop = NULL;
    assert_int_equal(atomic_load(&worked), 1);
    assert_int_equal(atomic_load(&detached_ended), 0);
    (void)close(gate[1]);
    for (unsigned i = 0; i < 1000 && atomic_load(&detached_ended) < HELPERS_DETACHED_MAX; i++)
        (void)usleep(10000);
    assert_int_equal(atomic_load(&detached_ended), HELPERS_DETACHED_MAX);
    (void)usleep(50000); /* the last one releases the pool: else the leak is reported */
    (void)close(gate[0]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(timers_fire_in_order_and_not_early, setup, teardown),
        cmocka_unit_test_setup_teardown(a_timer_beyond_the_wheel_can_be_moved_near, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_timer_may_be_set_by_its_own_callback, setup, teardown),
        cmocka_unit_test_setup_teardown(mail_of_many_threads_arrives_once_and_in_order, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(an_ended_watch_is_not_called, setup, teardown),
        cmocka_unit_test_setup_teardown(hooks_run_in_phase_order, setup, teardown),
        cmocka_unit_test_setup_teardown(helpers_work_and_report_and_refuse_when_full, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_job_that_waits_can_be_taken_back, setup, teardown),
        cmocka_unit_test_setup_teardown(detached_work_holds_up_nobody, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
