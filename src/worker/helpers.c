/* The helper pool: one lock, one queue, a few threads. */
#include "segreteria/worker/helpers.h"

#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define DETACHED_WAIT_S 1
#define YIELDING_NICE 10 /* a tenth of a busy core at least: slow, but never at a standstill */

struct helpers {
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct helper_job *first, *last;
    size_t queued, queue_max;
    size_t detached; /* threads of helpers_detach */
    bool ending;
    bool yielding; /* its threads give way to others */
    bool left;     /* destroyed, but for what the last detached thread still needs */
    size_t threads_count;
    pthread_t threads[];
};

static void deliver_done(struct loop_message *message) {
    struct helper_job *job = (struct helper_job *)(void *)((char *)message -
                                                           offsetof(struct helper_job, message));
    job->done(job);
}

/* The next job, or NULL when the pool is ending and nothing is left. */
static struct helper_job *take(struct helpers *helpers) {
    (void)pthread_mutex_lock(&helpers->lock);
    while (helpers->first == NULL && !helpers->ending)
        (void)pthread_cond_wait(&helpers->more, &helpers->lock);
    struct helper_job *job = helpers->first;
    if (job != NULL) {
        helpers->first = job->next;
        if (helpers->first == NULL)
            helpers->last = NULL;
        helpers->queued--;
    }
    (void)pthread_mutex_unlock(&helpers->lock);
    return job;
}

/* On Linux both are properties of a thread. A refusal (a jail without these calls) costs others
 * some latency and nothing else. */
static void give_way(void) {
    struct sched_param param = {0};
    (void)sched_setscheduler(gettid(), SCHED_BATCH, &param);
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), YIELDING_NICE);
}

static void *helper_main(void *context) {
    struct helpers *helpers = context;
    if (helpers->yielding)
        give_way();
    for (struct helper_job *job = take(helpers); job != NULL; job = take(helpers)) {
        job->work(job);
        job->message.deliver = deliver_done;
        loop_post(job->loop, &job->message);
    }
    return NULL;
}

static enum status create(size_t threads, size_t queue_max, bool yielding, struct helpers **out) {
    struct helpers *helpers = calloc(1, sizeof *helpers + threads * sizeof helpers->threads[0]);
    if (helpers == NULL)
        return STATUS_NO_MEMORY;
    helpers->queue_max = queue_max;
    helpers->yielding = yielding;
    if (pthread_mutex_init(&helpers->lock, NULL) != 0)
        goto fail_mutex;
    if (pthread_cond_init(&helpers->more, NULL) != 0)
        goto fail_cond;
    for (size_t i = 0; i < threads; i++) {
        if (pthread_create(&helpers->threads[i], NULL, helper_main, helpers) != 0) {
            helpers_destroy(helpers);
            return STATUS_NO_MEMORY;
        }
        helpers->threads_count++;
    }
    *out = helpers;
    return STATUS_OK;
fail_cond:
    (void)pthread_mutex_destroy(&helpers->lock);
fail_mutex:
    free(helpers);
    return STATUS_NO_MEMORY;
}

enum status helpers_create(size_t threads, size_t queue_max, struct helpers **out) {
    return create(threads, queue_max, false, out);
}

enum status helpers_create_yielding(size_t threads, size_t queue_max, struct helpers **out) {
    return create(threads, queue_max, true, out);
}

static void release(struct helpers *helpers) {
    (void)pthread_cond_destroy(&helpers->more);
    (void)pthread_mutex_destroy(&helpers->lock);
    free(helpers);
}

/* False: some detached work does not end; the last of it will release the pool. */
static bool wait_detached(struct helpers *helpers) {
    struct timespec until;
    (void)clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += DETACHED_WAIT_S;
    int waited = 0;
    (void)pthread_mutex_lock(&helpers->lock);
    while (helpers->detached > 0 && waited == 0)
        waited = pthread_cond_timedwait(&helpers->more, &helpers->lock, &until);
    helpers->left = helpers->detached > 0;
    bool all = !helpers->left;
    (void)pthread_mutex_unlock(&helpers->lock);
    return all;
}

void helpers_destroy(struct helpers *helpers) {
    if (helpers == NULL)
        return;
    (void)pthread_mutex_lock(&helpers->lock);
    helpers->ending = true;
    (void)pthread_cond_broadcast(&helpers->more);
    (void)pthread_mutex_unlock(&helpers->lock);
    for (size_t i = 0; i < helpers->threads_count; i++)
        (void)pthread_join(helpers->threads[i], NULL);
    if (wait_detached(helpers))
        release(helpers);
}

/* ---- detached work ---- */

struct detached {
    struct helpers *helpers;
    void (*work)(void *data);
    void *data;
};

static void detached_end(struct helpers *helpers) {
    (void)pthread_mutex_lock(&helpers->lock);
    helpers->detached--;
    bool last = helpers->left && helpers->detached == 0;
    (void)pthread_cond_broadcast(&helpers->more);
    (void)pthread_mutex_unlock(&helpers->lock);
    if (last)
        release(helpers);
}

static void *detached_main(void *context) {
    struct detached detached = *(struct detached *)context;
    free(context);
    detached.work(detached.data);
    detached_end(detached.helpers);
    return NULL;
}

static bool detached_begin(struct helpers *helpers) {
    (void)pthread_mutex_lock(&helpers->lock);
    bool room = helpers->detached < HELPERS_DETACHED_MAX && !helpers->ending;
    helpers->detached += room ? 1 : 0;
    (void)pthread_mutex_unlock(&helpers->lock);
    return room;
}

enum status helpers_detach(struct helpers *helpers, void (*work)(void *data), void *data) {
    struct detached *detached = malloc(sizeof *detached);
    if (detached == NULL)
        return STATUS_NO_MEMORY;
    if (!detached_begin(helpers)) {
        free(detached);
        return STATUS_BUSY;
    }
    *detached = (struct detached){helpers, work, data};
    pthread_t thread;
    if (pthread_create(&thread, NULL, detached_main, detached) != 0) {
        free(detached);
        detached_end(helpers);
        return STATUS_NO_MEMORY;
    }
    (void)pthread_detach(thread);
    return STATUS_OK;
}

enum status helpers_submit(struct helpers *helpers, struct helper_job *job) {
    enum status status = STATUS_OK;
    job->next = NULL;
    (void)pthread_mutex_lock(&helpers->lock);
    if (helpers->queued >= helpers->queue_max || helpers->ending) {
        status = STATUS_BUSY;
    } else {
        if (helpers->last != NULL)
            helpers->last->next = job;
        else
            helpers->first = job;
        helpers->last = job;
        helpers->queued++;
        (void)pthread_cond_signal(&helpers->more);
    }
    (void)pthread_mutex_unlock(&helpers->lock);
    return status;
}

bool helpers_cancel(struct helpers *helpers, struct helper_job *job) {
    struct helper_job *before = NULL;
    (void)pthread_mutex_lock(&helpers->lock);
    struct helper_job *found = helpers->first;
    while (found != NULL && found != job) {
        before = found;
        found = found->next;
    }
    if (found != NULL) {
        if (before != NULL)
            before->next = found->next;
        else
            helpers->first = found->next;
        if (helpers->last == found)
            helpers->last = before;
        helpers->queued--;
    }
    (void)pthread_mutex_unlock(&helpers->lock);
    return found != NULL;
}

bool helpers_full(const struct helpers *helpers) {
    return helpers_queued(helpers) >= helpers->queue_max;
}

size_t helpers_queued(const struct helpers *helpers) {
    struct helpers *locked =
        (struct helpers *)(uintptr_t)helpers; /* the lock is not part of what const promises */
    (void)pthread_mutex_lock(&locked->lock);
    size_t queued = locked->queued;
    (void)pthread_mutex_unlock(&locked->lock);
    return queued;
}

size_t helpers_queue_max(const struct helpers *helpers) { return helpers->queue_max; }
size_t helpers_threads(const struct helpers *helpers) { return helpers->threads_count; }
