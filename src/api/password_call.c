/* Argon2id for a request. The job has memory of its own: a client that goes away must not free it
 * under the helper. One that still waits in the queue then is taken out of it: nobody is kept
 * waiting for those who have left. That they have is seen by looking now and then. */
#include <sodium.h>
#include <stdlib.h>

#include "internal.h"
#include "segreteria/auth/password_choice.h"

#define LOOK_EVERY_MS 200

struct waiting {
    struct password_job job;
    struct loop_timer look;
};

static struct waiting *waiting_of(struct password_job *job) {
    return (struct waiting *)(void *)((char *)job - offsetof(struct waiting, job));
}

static void discard(struct password_job *job) {
    struct waiting *waiting = waiting_of(job);
    sodium_memzero(waiting, sizeof *waiting);
    free(waiting);
}

static void on_done(struct password_job *job) {
    struct api_call *call = job->context;
    if (call != NULL) { /* otherwise the request ended meanwhile */
        call->password = NULL;
        loop_timer_clear(call->worker->loop, &waiting_of(job)->look);
        if (job->status == STATUS_OK)
            call->on_password(call, job);
        else
            api_fail(call, job->status);
    }
    discard(job);
}

bool api_password_acceptable(struct api_call *call, const char *pointer, struct str password,
                             struct str email) {
    switch (password_choice_check(password, email)) {
    case PASSWORD_FINE: return true;
    case PASSWORD_COMMON: api_violation(call, pointer, "password_common", STR_NONE); break;
    case PASSWORD_CONTEXT: api_violation(call, pointer, "password_context", STR_NONE); break;
    }
    return false;
}

void password_forget(struct api_call *call) {
    struct password_job *job = call->password;
    if (job == NULL)
        return;
    call->password = NULL;
    job->context = NULL;
    loop_timer_clear(call->worker->loop, &waiting_of(job)->look);
    if (helpers_cancel(call->worker->shared->password_helpers, &job->helper))
        discard(job);
}

static void on_look(struct loop_timer *timer) {
    struct waiting *waiting = (struct waiting *)(void *)((char *)timer -
                                                         offsetof(struct waiting, look));
    struct api_call *call = waiting->job.context;
    if (!http_request_client_left(call->request)) {
        loop_timer_set(call->worker->loop, timer, loop_now_ms(call->worker->loop) + LOOK_EVERY_MS);
        return;
    }
    password_forget(call);
    api_fail(call, STATUS_BUSY); /* to nobody */
}

static struct password_job *
job_create(struct api_call *call, void (*then)(struct api_call *call, struct password_job *job)) {
    struct waiting *waiting = calloc(1, sizeof *waiting);
    if (waiting == NULL)
        return NULL;
    struct password_job *job = &waiting->job;
    waiting->look.on_due = on_look;
    job->context = call;
    job->done = on_done;
    call->password = job;
    call->on_password = then;
    return job;
}

static enum status submitted(struct api_call *call, struct password_job *job, enum status status) {
    if (status != STATUS_OK) {
        call->password = NULL;
        discard(job);
        return status;
    }
    loop_timer_set(call->worker->loop, &waiting_of(job)->look,
                   loop_now_ms(call->worker->loop) + LOOK_EVERY_MS);
    return STATUS_OK;
}

enum status api_password_hash(struct api_call *call, struct str password,
                              void (*then)(struct api_call *call, struct password_job *job)) {
    struct password_job *job = job_create(call, then);
    if (job == NULL)
        return STATUS_NO_MEMORY;
    return submitted(call, job,
                     password_hash_submit(call->worker->shared->password_helpers,
                                          call->worker->loop, job, password));
}

enum status api_password_verify(struct api_call *call, struct str password, struct str hash,
                                void (*then)(struct api_call *call, struct password_job *job)) {
    struct password_job *job = job_create(call, then);
    if (job == NULL)
        return STATUS_NO_MEMORY;
    return submitted(call, job,
                     password_verify_submit(call->worker->shared->password_helpers,
                                            call->worker->loop, job, password, hash));
}
