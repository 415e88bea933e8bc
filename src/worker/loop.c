/* The event loop: epoll for descriptors, a wheel for timers, an eventfd-woken stack
 * for messages. */
#include "segreteria/worker/loop.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "segreteria/core/clock.h"
#include "segreteria/core/log.h"

#define EVENTS_MAX 256
#define SLOT_MS 16u
/* A timer further away than 8.2 s is passed over until its turn of the wheel. */
#define SLOTS 512u

struct loop {
    int epoll_fd;
    int event_fd;
    struct loop_watch mailbox_watch;
    _Atomic(struct loop_message *) mailbox; /* newest first */
    atomic_bool stopping;
    uint64_t now_ms;
    struct loop_hook *hooks[LOOP_PHASES];
    struct loop_timer *slots[SLOTS];
    uint64_t occupied[SLOTS / 64]; /* bit: the slot may hold a timer */
    uint64_t wheel_ms;             /* all slots up to this time have been looked at */
    struct epoll_event events[EVENTS_MAX];
    int events_count;
};

static void wake(struct loop *loop) {
    uint64_t one = 1;
    ssize_t written = write(loop->event_fd, &one, sizeof one);
    (void)written; /* EAGAIN: the counter is full, so the loop is awake anyway */
}

/* Takes the whole stack and delivers it oldest first. */
static void deliver_mail(struct loop *loop) {
    struct loop_message *newest = atomic_exchange_explicit(&loop->mailbox, NULL,
                                                           memory_order_acquire);
    struct loop_message *oldest = NULL;
    while (newest != NULL) {
        struct loop_message *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    while (oldest != NULL) {
        struct loop_message *message = oldest;
        oldest = oldest->next;
        message->next = NULL;
        message->deliver(message);
    }
}

static void on_mailbox(struct loop_watch *watch, uint32_t events) {
    (void)events;
    uint64_t count;
    ssize_t got = read(watch->fd, &count, sizeof count);
    (void)
        got; /* EAGAIN: somebody's wake-up was taken already; the mailbox is looked at every turn */
}

enum status loop_create(struct loop **out) {
    struct loop *loop = calloc(1, sizeof *loop);
    if (loop == NULL)
        return STATUS_NO_MEMORY;
    enum status status = STATUS_IO;
    loop->event_fd = -1;
    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (loop->epoll_fd < 0)
        goto fail;
    loop->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (loop->event_fd < 0)
        goto fail;
    loop->now_ms = clock_monotonic_ms();
    loop->wheel_ms = loop->now_ms / SLOT_MS * SLOT_MS;
    loop->mailbox_watch = (struct loop_watch){.fd = loop->event_fd, .on_ready = on_mailbox};
    status = loop_watch_set(loop, &loop->mailbox_watch, EPOLLIN);
    if (status != STATUS_OK)
        goto fail;
    *out = loop;
    return STATUS_OK;
fail:
    loop_destroy(loop);
    return status;
}

void loop_destroy(struct loop *loop) {
    if (loop == NULL)
        return;
    deliver_mail(loop); /* nothing that was posted is lost: its `deliver` frees or answers it */
    if (loop->event_fd >= 0)
        (void)close(loop->event_fd);
    if (loop->epoll_fd >= 0)
        (void)close(loop->epoll_fd);
    free(loop);
}

void loop_stop(struct loop *loop) {
    atomic_store_explicit(&loop->stopping, true, memory_order_release);
    wake(loop);
}

uint64_t loop_now_ms(const struct loop *loop) { return loop->now_ms; }

/* ---- watches ---- */

/* A watch ended in the middle of a turn must not be called for an event that was fetched before. */
static void forget_fetched(struct loop *loop, const struct loop_watch *watch) {
    for (int i = 0; i < loop->events_count; i++)
        if (loop->events[i].data.ptr == watch)
            loop->events[i].data.ptr = NULL;
}

enum status loop_watch_set(struct loop *loop, struct loop_watch *watch, uint32_t events) {
    if (watch->events == events)
        return STATUS_OK;
    int operation = events == 0          ? EPOLL_CTL_DEL
                    : watch->events == 0 ? EPOLL_CTL_ADD
                                         : EPOLL_CTL_MOD;
    struct epoll_event event = {.events = events, .data.ptr = watch};
    if (events == 0)
        forget_fetched(loop, watch);
    watch->events = events;
    if (epoll_ctl(loop->epoll_fd, operation, watch->fd, &event) != 0) {
        log_error("epoll_ctl_failed", "errno=%d operation=%d", errno, operation);
        return STATUS_IO;
    }
    return STATUS_OK;
}

/* ---- timers ---- */

static unsigned slot_of(uint64_t due_ms) { return (unsigned)(due_ms / SLOT_MS % SLOTS); }

void loop_timer_clear(struct loop *loop, struct loop_timer *timer) {
    (void)loop;
    if (timer->link == NULL)
        return;
    *timer->link = timer->next;
    if (timer->next != NULL)
        timer->next->link = timer->link;
    timer->next = NULL;
    timer->link = NULL;
}

void loop_timer_set(struct loop *loop, struct loop_timer *timer, uint64_t due_ms) {
    loop_timer_clear(loop, timer);
    timer->due_ms = due_ms;
    /* A slot is looked at when the clock has left it; one that is due now goes to the slot looked
     * at next. */
    uint64_t at = due_ms < loop->wheel_ms ? loop->wheel_ms : due_ms;
    unsigned slot = slot_of(at);
    timer->next = loop->slots[slot];
    timer->link = &loop->slots[slot];
    if (timer->next != NULL)
        timer->next->link = &timer->next;
    loop->slots[slot] = timer;
    loop->occupied[slot / 64] |= UINT64_C(1) << (slot % 64);
}

/* Fires what is due in one slot. A callback may set or clear any timer, so the walk starts again
 * after each. */
static void run_slot(struct loop *loop, unsigned slot) {
    for (;;) {
        struct loop_timer *timer = loop->slots[slot];
        while (timer != NULL && timer->due_ms > loop->now_ms)
            timer = timer->next;
        if (timer == NULL)
            break;
        loop_timer_clear(loop, timer);
        timer->on_due(timer);
    }
    if (loop->slots[slot] == NULL)
        loop->occupied[slot / 64] &= ~(UINT64_C(1) << (slot % 64));
}

static void run_timers(struct loop *loop) {
    uint64_t until = loop->now_ms / SLOT_MS * SLOT_MS; /* slots wholly in the past */
    if (until - loop->wheel_ms > (uint64_t)SLOTS * SLOT_MS)
        loop->wheel_ms = until - (uint64_t)SLOTS * SLOT_MS;
    while (loop->wheel_ms < until) {
        unsigned slot = slot_of(loop->wheel_ms);
        loop->wheel_ms +=
            SLOT_MS; /* first, so that a timer set by a callback lands in a later slot */
        if ((loop->occupied[slot / 64] >> (slot % 64) & 1) != 0)
            run_slot(loop, slot);
    }
}

/* Milliseconds until the first occupied slot has passed; UINT64_MAX: none. */
static uint64_t timer_wait_ms(const struct loop *loop) {
    unsigned first = slot_of(loop->wheel_ms);
    for (unsigned i = 0; i < SLOTS;) {
        unsigned slot = (first + i) % SLOTS;
        uint64_t bits = loop->occupied[slot / 64] >> (slot % 64);
        if (bits == 0) {
            i += 64 - slot % 64;
            continue;
        }
        i += (unsigned)__builtin_ctzll(bits);
        uint64_t end = loop->wheel_ms + ((uint64_t)i + 1) * SLOT_MS;
        return end > loop->now_ms ? end - loop->now_ms : 0;
    }
    return UINT64_MAX;
}

/* ---- mailbox and hooks ---- */

void loop_post(struct loop *loop, struct loop_message *message) {
    struct loop_message *head = atomic_load_explicit(&loop->mailbox, memory_order_relaxed);
    do
        message->next = head;
    while (!atomic_compare_exchange_weak_explicit(&loop->mailbox, &head, message,
                                                  memory_order_release, memory_order_relaxed));
    if (head == NULL) /* otherwise whoever posted first has woken the loop */
        wake(loop);
}

void loop_hook_add(struct loop *loop, enum loop_phase phase, struct loop_hook *hook) {
    hook->next = loop->hooks[phase];
    loop->hooks[phase] = hook;
}

void loop_hook_remove(struct loop *loop, enum loop_phase phase, struct loop_hook *hook) {
    for (struct loop_hook **link = &loop->hooks[phase]; *link != NULL; link = &(*link)->next)
        if (*link == hook) {
            *link = hook->next;
            return;
        }
}

static uint64_t run_hooks(struct loop *loop) {
    uint64_t wait_ms = UINT64_MAX;
    for (unsigned phase = 0; phase < LOOP_PHASES; phase++)
        for (struct loop_hook *hook = loop->hooks[phase], *next; hook != NULL; hook = next) {
            next = hook->next;
            uint64_t asked = hook->run(hook);
            wait_ms = asked < wait_ms ? asked : wait_ms;
        }
    return wait_ms;
}

static void turn(struct loop *loop, uint64_t wait_ms) {
    uint64_t timer_ms = timer_wait_ms(loop);
    wait_ms = timer_ms < wait_ms ? timer_ms : wait_ms;
    int timeout = wait_ms > 60000 ? 60000 : (int)wait_ms;
    int count = epoll_wait(loop->epoll_fd, loop->events, EVENTS_MAX, timeout);
    loop->now_ms = clock_monotonic_ms();
    loop->events_count = count < 0 ? 0 : count;
    for (int i = 0; i < loop->events_count; i++) {
        struct loop_watch *watch = loop->events[i].data.ptr;
        if (watch != NULL)
            watch->on_ready(watch, loop->events[i].events);
    }
    loop->events_count = 0;
    run_timers(loop);
    deliver_mail(loop);
}

void loop_run(struct loop *loop) {
    uint64_t wait_ms = 0;
    while (!atomic_load_explicit(&loop->stopping, memory_order_acquire)) {
        turn(loop, wait_ms);
        wait_ms = run_hooks(loop);
    }
    atomic_store_explicit(&loop->stopping, false, memory_order_relaxed);
}
