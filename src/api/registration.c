/* Registration: the password becomes a hash, the answer gets a session. */
#include "registration.h"

#include "internal.h"

enum status registration_bind_body(struct api_call *call, const char *member) {
    json_t *holder = member == NULL ? call->body : json_object_get(call->body, member);
    (void)json_object_del(holder, "password");
    struct str text;
    if (contract_write_json(call->body, call->arena, &text) != STATUS_OK)
        return STATUS_NO_MEMORY;
    api_bind(call, "body", text);
    return STATUS_OK;
}

static void on_hash(struct api_call *call, struct password_job *job) {
    const struct db_statement *statement = call->state;
    char *hash = arena_strdup(call->arena, str_of(job->hash));
    enum status status = hash == NULL ? STATUS_NO_MEMORY : api_session_prepare(call);
    if (status == STATUS_OK)
        status = api_link_prepare(call, "verify_email");
    if (status == STATUS_OK) {
        api_bind(call, "password_hash", str_of(hash));
        status = api_submit(call, statement);
    }
    if (status != STATUS_OK)
        api_fail(call, status);
}

enum status registration_run(struct api_call *call, const char *member,
                             const struct db_statement *statement) {
    struct str password = member == NULL ? api_body_text(call, "password", NULL)
                                         : api_body_text(call, member, "password");
    struct str email = member == NULL ? api_body_text(call, "email", NULL)
                                      : api_body_text(call, member, "email");
    if (!api_password_acceptable(call, member == NULL ? "/password" : "/owner/password", password,
                                 email))
        return STATUS_OK;
    call->state = (void *)(uintptr_t)statement; /* read only; the state pointer is not const */
    enum status status = api_password_hash(call, password, on_hash);
    if (status == STATUS_OK) /* the job has its copy: the password may leave the body */
        status = registration_bind_body(call, member);
    if (status != STATUS_OK) /* no account after a refusal */
        password_forget(call);
    return status;
}
