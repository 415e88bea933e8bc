/* A small HTTP client for `segreteria demo`: JSON in, JSON out, over one kept connection. */
#ifndef SEGRETERIA_CLI_DEMO_CLIENT_H
#define SEGRETERIA_CLI_DEMO_CLIENT_H

#include <jansson.h>

#include "segreteria/core/status.h"

struct demo_client;

struct demo_answer {
    long status;  /* HTTP status */
    json_t *body; /* owned by the answer; NULL if there was none or it is not JSON */
};

/* url: scheme, host and port, without a path; borrowed, must outlive the client. */
NODISCARD enum status demo_client_create(const char *url, struct demo_client **out);
void demo_client_destroy(struct demo_client *client); /* NULL does nothing */

/* Sends a request. path begins with "/"; token and body may be NULL; body is borrowed. UNAVAILABLE:
 * no answer came, and demo_client_error says why. Whatever the HTTP status, an answer is an OK. */
NODISCARD enum status demo_client_send(struct demo_client *client, const char *method,
                                       const char *path, const char *token, const json_t *body,
                                       struct demo_answer *answer);
const char *demo_client_error(const struct demo_client *client);
void demo_answer_clear(struct demo_answer *answer);

/* A text member of the body, by the names that lead to it ("session", "access_token"); NULL if it
 * is not there. Valid as long as the answer. */
const char *demo_answer_text(const struct demo_answer *answer, const char *name,
                             const char *inner_name);

#endif
