/* The steps of `segreteria demo`: what it does on the server, one after the other. */
#ifndef SEGRETERIA_CLI_DEMO_STEPS_H
#define SEGRETERIA_CLI_DEMO_STEPS_H

#include <jansson.h>
#include <stddef.h>

#include "demo_client.h"
#include "segreteria/core/buf.h"

#define DEMO_TOKEN_SIZE 128

struct demo {
    struct demo_client *client;
    const char *password; /* of every demo account */
    struct buf *error;    /* why a step failed, for people */
    json_t *sessions;     /* e-mail address of a company's owner -> session token */
    json_t *jobs;         /* "e-mail address/reference" -> id of the vacancy */
    struct demo_count {
        unsigned made, found, ended;
    } vacancies, applications;
};

struct demo_account {
    char session[DEMO_TOKEN_SIZE];
    char secret[DEMO_TOKEN_SIZE]; /* of its API token */
    char id[40];                  /* of its company; empty for a candidate */
};

/* A text member; "" if it is not there or no text. */
const char *demo_text(const json_t *object, const char *name);

/* The steps: on anything but OK `error` says what was asked and what the answer was. An entry is
 * one of demo.json's companies or candidates. */

/* Registers the account, or signs in if it is there. */
NODISCARD enum status demo_company_enter(struct demo *demo, const json_t *entry,
                                         struct demo_account *account);
NODISCARD enum status demo_candidate_enter(struct demo *demo, const json_t *entry,
                                           struct demo_account *account);

/* An API token of the account that outlives the session. The one of an earlier run gets a new
 * secret, because the old one was shown once and cannot be read again. */
NODISCARD enum status demo_token(struct demo *demo, struct demo_account *account,
                                 const char *const *scopes, size_t scopes_count);

/* PUTs each vacancy of the entry under its reference. */
NODISCARD enum status demo_vacancies(struct demo *demo, const json_t *entry,
                                     const struct demo_account *account);

/* Sends the entry's applications; those that are new are moved on by their company. */
NODISCARD enum status demo_applications(struct demo *demo, const json_t *entry,
                                        const struct demo_account *account);

#endif
