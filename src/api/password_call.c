/* Argon2id for a request. The job has memory of its own: a client that goes away must not free it
 * under the helper. One that still waits in the queue then is taken out of it: nobody is kept
 * waiting for those who have left. */
#include <sodium.h>
#include <stdlib.h>

#include "internal.h"
#include "segreteria/auth/password_choice.h"

static void on_done(struct password_job *job) {
    struct api_call *call = job->context;
    if (call != NULL) { /* otherwise the request ended meanwhile */
        call->password = NULL;
        if (job->status == STATUS_OK)
            call->on_password(call, job);
        else
            api_fail(call, job->status);
    }
    sodium_memzero(job, sizeof *job);
    free(job);
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
    if (helpers_cancel(call->worker->shared->password_helpers, &job->helper)) {
        sodium_memzero(job, sizeof *job);
        free(job);
    }
}

static struct password_job *
job_create(struct api_call *call, void (*then)(struct api_call *call, struct password_job *job)) {
    struct password_job *job = calloc(1, sizeof *job);
    if (job == NULL)
        return NULL;
    job->context = call;
    job->done = on_done;
    call->password = job;
    call->on_password = then;
    return job;
}

static enum status submitted(struct api_call *call, struct password_job *job, enum status status) {
    if (status != STATUS_OK) {
        call->password = NULL;
        free(job);
    }
    return status;
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
