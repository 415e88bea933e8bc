/* The steps of `segreteria demo`. Each may be run again: what is there already is found, not made
 * twice (registration answers 409, a vacancy has its reference, a second application is refused).
 */
#include "demo_steps.h"

#include <stdio.h>
#include <string.h>

#define PATH_MAX_LEN 512
#define TOKEN_NAME "segreteria demo"

const char *demo_text(const json_t *object, const char *name) {
    const char *text = json_string_value(json_object_get(object, name));
    return text == NULL ? "" : text;
}

/* Says which answer was not expected: "PUT /v1/...: 422 validation_failed, detail (/salary ...)".
 */
static enum status unexpected(struct demo *demo, const char *method, const char *path,
                              const struct demo_answer *answer) {
    buf_printf(demo->error, "%s %s: the answer is %ld %s %s", method, path, answer->status,
               demo_text(answer->body, "code"), demo_text(answer->body, "detail"));
    const json_t *errors = json_object_get(answer->body, "errors");
    for (size_t i = 0; i < json_array_size(errors); i++) {
        const json_t *violation = json_array_get(errors, i);
        buf_printf(demo->error, "\n  %s: %s", demo_text(violation, "pointer"),
                   demo_text(violation, "detail"));
    }
    return STATUS_MISMATCH;
}

/* Sends and takes one of two statuses (the same twice for one) as success. */
static enum status ask(struct demo *demo, const char *method, const char *path, const char *token,
                       const json_t *body, long wanted, long or_wanted,
                       struct demo_answer *answer) {
    enum status status = demo_client_send(demo->client, method, path, token, body, answer);
    if (status != STATUS_OK) {
        const char *why = demo_client_error(demo->client);
        buf_printf(demo->error, "%s %s: %s", method, path,
                   why[0] != '\0' ? why : status_name(status));
        return status;
    }
    if (answer->status != wanted && answer->status != or_wanted)
        return unexpected(demo, method, path, answer);
    return STATUS_OK;
}

static enum status copy(struct demo *demo, const char *text, char *out, size_t size,
                        const char *what) {
    if (text == NULL || strlen(text) >= size) {
        buf_printf(demo->error, "the answer has no %s", what);
        return STATUS_MISMATCH;
    }
    memcpy(out, text, strlen(text) + 1);
    return STATUS_OK;
}

/* Registers; if the e-mail address is taken, signs in. The caller clears the answer. */
static enum status enter(struct demo *demo, const char *path, const json_t *registration,
                         const char *email, struct demo_account *account,
                         struct demo_answer *answer) {
    enum status status = ask(demo, "POST", path, NULL, registration, 201, 409, answer);
    if (status == STATUS_OK && answer->status == 409) {
        demo_answer_clear(answer);
        json_t *credentials = json_pack("{s:s, s:s}", "email", email, "password", demo->password);
        status = ask(demo, "POST", "/v1/sessions", NULL, credentials, 201, 401, answer);
        json_decref(credentials);
    }
    if (status == STATUS_OK && answer->status == 401) {
        buf_printf(demo->error,
                   "%s is registered with another password: set SEGRETERIA_DEMO_PASSWORD", email);
        return STATUS_MISMATCH;
    }
    return status != STATUS_OK ? status
                               : copy(demo, demo_answer_text(answer, "session", "access_token"),
                                      account->session, sizeof account->session, "access token");
}

enum status demo_company_enter(struct demo *demo, const json_t *entry,
                               struct demo_account *account) {
    const json_t *owner = json_object_get(entry, "owner");
    const char *email = demo_text(owner, "email");
    json_t *registration = json_pack("{s:O, s:{s:s, s:s, s:s}}", "company",
                                     json_object_get(entry, "company"), "owner", "email", email,
                                     "name", demo_text(owner, "name"), "password", demo->password);
    struct demo_answer answer = {0};
    enum status status = enter(demo, "/v1/companies", registration, email, account, &answer);
    json_decref(registration);
    const char *id = demo_answer_text(&answer, "company", "id");
    if (status == STATUS_OK && id == NULL) /* signed in */
        id = demo_text(json_object_get(json_object_get(answer.body, "account"), "company"), "id");
    if (status == STATUS_OK)
        status = copy(demo, id, account->id, sizeof account->id, "company");
    if (status == STATUS_OK &&
        json_object_set_new(demo->sessions, email, json_string(account->session)) != 0)
        status = STATUS_NO_MEMORY;
    demo_answer_clear(&answer);
    return status;
}

enum status demo_candidate_enter(struct demo *demo, const json_t *entry,
                                 struct demo_account *account) {
    const json_t *candidate = json_object_get(entry, "candidate");
    json_t *registration = json_copy((json_t *)(uintptr_t)candidate);
    if (registration == NULL ||
        json_object_set_new(registration, "password", json_string(demo->password)) != 0) {
        json_decref(registration);
        return STATUS_NO_MEMORY;
    }
    struct demo_answer answer = {0};
    enum status status = enter(demo, "/v1/candidates", registration, demo_text(candidate, "email"),
                               account, &answer);
    json_decref(registration);
    demo_answer_clear(&answer);
    return status;
}

/* The id of the token that an earlier run made, or "". */
static enum status token_find(struct demo *demo, const struct demo_account *account, char *id,
                              size_t size) {
    struct demo_answer answer = {0};
    enum status status = ask(demo, "GET", "/v1/tokens?limit=100", account->session, NULL, 200, 200,
                             &answer);
    const json_t *items = json_object_get(answer.body, "items");
    id[0] = '\0';
    for (size_t i = 0; status == STATUS_OK && id[0] == '\0' && i < json_array_size(items); i++) {
        const json_t *token = json_array_get(items, i);
        if (strcmp(demo_text(token, "name"), TOKEN_NAME) == 0)
            status = copy(demo, demo_text(token, "id"), id, size, "token");
    }
    demo_answer_clear(&answer);
    return status;
}

enum status demo_token(struct demo *demo, struct demo_account *account, const char *const *scopes,
                       size_t scopes_count) {
    char id[64], path[PATH_MAX_LEN];
    enum status status = token_find(demo, account, id, sizeof id);
    if (status != STATUS_OK)
        return status;
    struct demo_answer answer = {0};
    if (id[0] != '\0') {
        (void)snprintf(path, sizeof path, "/v1/tokens/%s/rotate", id);
        status = ask(demo, "POST", path, account->session, NULL, 200, 201, &answer);
    } else {
        json_t *list = json_array();
        for (size_t i = 0; i < scopes_count; i++)
            (void)json_array_append_new(list, json_string(scopes[i]));
        json_t *body = json_pack("{s:s, s:o}", "name", TOKEN_NAME, "scopes", list);
        status = ask(demo, "POST", "/v1/tokens", account->session, body, 201, 201, &answer);
        json_decref(body);
    }
    if (status == STATUS_OK)
        status = copy(demo, demo_answer_text(&answer, "secret", NULL), account->secret,
                      sizeof account->secret, "secret");
    demo_answer_clear(&answer);
    return status;
}

static void job_key(char *key, size_t size, const char *email, const char *reference) {
    (void)snprintf(key, size, "%s/%s", email, reference);
}

enum status demo_vacancies(struct demo *demo, const json_t *entry,
                           const struct demo_account *account) {
    const json_t *jobs = json_object_get(entry, "jobs");
    const char *email = demo_text(json_object_get(entry, "owner"), "email");
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < json_array_size(jobs); i++) {
        const json_t *job = json_array_get(jobs, i);
        const char *reference = demo_text(job, "reference");
        char path[PATH_MAX_LEN], key[PATH_MAX_LEN];
        (void)snprintf(path, sizeof path, "/v1/companies/%s/jobs/%s", account->id, reference);
        struct demo_answer answer = {0};
        status = demo_client_send(demo->client, "PUT", path, account->session, job, &answer);
        if (status != STATUS_OK)
            buf_printf(demo->error, "PUT %s: %s", path, demo_client_error(demo->client));
        else if (answer.status == 201)
            demo->vacancies.made++;
        else if (answer.status == 200)
            demo->vacancies.found++;
        else if (answer.status == 409) /* closed or expired since: that is final */
            demo->vacancies.ended++;
        else
            status = unexpected(demo, "PUT", path, &answer);
        const char *id = demo_answer_text(&answer, "id", NULL);
        job_key(key, sizeof key, email, reference);
        if (status == STATUS_OK && id != NULL &&
            json_object_set_new(demo->jobs, key, json_string(id)) != 0)
            status = STATUS_NO_MEMORY;
        demo_answer_clear(&answer);
    }
    return status;
}

/* The company takes the application through the statuses of the entry. */
static enum status move_on(struct demo *demo, const json_t *entry, const char *application) {
    const char *token = demo_text(demo->sessions, demo_text(entry, "company"));
    const json_t *moves = json_object_get(entry, "moves");
    char path[PATH_MAX_LEN];
    (void)snprintf(path, sizeof path, "/v1/applications/%s", application);
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < json_array_size(moves); i++) {
        struct demo_answer answer = {0};
        json_t *body = json_pack("{s:O}", "status", json_array_get(moves, i));
        status = ask(demo, "PATCH", path, token, body, 200, 200, &answer);
        json_decref(body);
        demo_answer_clear(&answer);
    }
    return status;
}

static enum status apply(struct demo *demo, const json_t *entry,
                         const struct demo_account *account) {
    char key[PATH_MAX_LEN], path[PATH_MAX_LEN];
    job_key(key, sizeof key, demo_text(entry, "company"), demo_text(entry, "reference"));
    const char *job = demo_text(demo->jobs, key);
    if (job[0] == '\0') { /* that vacancy has ended */
        demo->applications.ended++;
        return STATUS_OK;
    }
    (void)snprintf(path, sizeof path, "/v1/jobs/%s/applications", job);
    struct demo_answer answer = {0};
    enum status status = ask(demo, "POST", path, account->session,
                             json_object_get(entry, "application"), 201, 409, &answer);
    if (status == STATUS_OK && answer.status == 201) {
        demo->applications.made++;
        const char *id = demo_answer_text(&answer, "id", NULL);
        status = move_on(demo, entry, id == NULL ? "" : id);
    } else if (status == STATUS_OK) {
        demo->applications.found++;
    }
    demo_answer_clear(&answer);
    return status;
}

enum status demo_applications(struct demo *demo, const json_t *entry,
                              const struct demo_account *account) {
    const json_t *applications = json_object_get(entry, "applications");
    enum status status = STATUS_OK;
    for (size_t i = 0; status == STATUS_OK && i < json_array_size(applications); i++)
        status = apply(demo, json_array_get(applications, i), account);
    return status;
}
