/* The event loop of one thread: epoll, timers, a mailbox, and hooks that run once a turn.
 *
 * A turn: wait; deliver ready descriptors; deliver due timers; deliver mailbox messages; run the
 * hooks in phase order. Everything except loop_post and loop_stop is for the loop's own thread.
 * Nothing here allocates after creation, so setting a timer or posting a message cannot fail.
 */
#ifndef SEGRETERIA_WORKER_LOOP_H
#define SEGRETERIA_WORKER_LOOP_H

#include <stdbool.h>
#include <stdint.h>

#include "segreteria/core/status.h"

struct loop;

NODISCARD enum status loop_create(struct loop **out);
void loop_destroy(struct loop *loop); /* NULL is allowed; the loop must not be running */

/* Runs turns until loop_stop. */
void loop_run(struct loop *loop);
/* Thread-safe and async-signal-safe; the loop returns after the turn it is in. */
void loop_stop(struct loop *loop);
/* Monotonic milliseconds as read at the start of the turn: good enough for deadlines, free. */
uint64_t loop_now_ms(const struct loop *loop);

/* A watched descriptor; embedded in its owner, which keeps it until events is set to 0.
 * Level-triggered. */
struct loop_watch {
    int fd;
    uint32_t events; /* what is asked for: EPOLLIN, EPOLLOUT; 0: not watched */
    void (*on_ready)(struct loop_watch *watch, uint32_t events);
};
/* Starts, changes or (events = 0) ends the watch. Safe from within on_ready, also for other
 * watches: one that was ended is not called any more in the same turn. End a watch before its
 * descriptor is closed. */
NODISCARD enum status loop_watch_set(struct loop *loop, struct loop_watch *watch, uint32_t events);

/* A timer; embedded in its owner; zero-initialise it. Resolution 16 ms, never early. */
struct loop_timer {
    struct loop_timer *next, **link; /* link is NULL when not set */
    uint64_t due_ms;
    void (*on_due)(struct loop_timer *timer);
};
void loop_timer_set(struct loop *loop, struct loop_timer *timer,
                    uint64_t due_ms);                               /* moves it if already set */
void loop_timer_clear(struct loop *loop, struct loop_timer *timer); /* no-op if not set */

/* A message to a loop from any thread; embedded in what it carries; delivered once, in order, on
 * the loop's thread. The sender must not touch it after posting. */
struct loop_message {
    struct loop_message *next;
    void (*deliver)(struct loop_message *message);
};
void loop_post(struct loop *loop, struct loop_message *message);

/* Called once a turn. LOOP_HTTP first (takes requests, sends answers), then LOOP_FLUSH (sends
 * gathered statements), then LOOP_LAST (says whether an earlier phase has to be run again before
 * the loop sleeps). It answers how many milliseconds the loop may sleep as far as this hook is
 * concerned; UINT64_MAX: no limit. */
enum loop_phase { LOOP_HTTP, LOOP_FLUSH, LOOP_LAST, LOOP_PHASES };
struct loop_hook {
    struct loop_hook *next;
    uint64_t (*run)(struct loop_hook *hook);
};
void loop_hook_add(struct loop *loop, enum loop_phase phase, struct loop_hook *hook);
void loop_hook_remove(struct loop *loop, enum loop_phase phase, struct loop_hook *hook);

#endif
