/* One running operation: what a handler gets and what it may do with it.
 *
 * A handler binds what the contract does not give (hashes, generated secrets) and submits one
 * statement; parameters of the statement are found by name (see api_submit). It returns STATUS_OK
 * when an answer was given or is on its way; any other status is answered for it. Everything lives
 * in the request's arena. Thread: the worker's own.
 */
#ifndef SEGRETERIA_API_CALL_H
#define SEGRETERIA_API_CALL_H

#include <jansson.h>

#include "segreteria/api/worker.h"
#include "segreteria/auth/password.h"
#include "segreteria/auth/principal.h"
#include "segreteria/auth/token.h"
#include "segreteria/db/statement.h"
#include "segreteria/http/reply.h"
#include "segreteria/http/request.h"

#define API_BOUND_MAX 24

struct api_call;
struct upload;
typedef void (*api_row_handler)(struct api_call *call, const struct db_result *result);

enum api_return { RETURN_UNSAID, RETURN_MINIMAL, RETURN_REPRESENTATION };

struct api_call {
    struct api_worker *worker;
    struct http_request *request;
    struct arena *arena;
    const struct operation *operation;
    struct route route;
    struct parameter_values parameters;
    const struct keys *keys; /* as they were when the request came */
    const struct key *key;   /* the one in use; a former one while an answer made under it is given
                                again */
    struct principal principal;
    bool authenticated;
    struct str body_text;
    json_t *body;    /* validated; NULL where the operation takes none */
    struct str tail; /* members appended to the answer's body by C (secrets), e.g. `"secret":"..."`;
                        STR_NONE */
    void *state;     /* the handler's own */
    size_t (*on_chunk)(struct api_call *call, struct str chunk, bool last); /* streams */
    void (*on_end)(struct api_call *call); /* the request ends without an answer: let go of what is
                                              not in the arena */

    /* private to the api room's own files */
    unsigned char token_hash[TOKEN_HASH_BYTES];
    unsigned char
        cache_key[TOKEN_HASH_BYTES];     /* the hash, or that of the hash and the company named */
    char chosen_company[UUID_TEXT_SIZE]; /* what the request names; "": none */
    struct auth_snapshot token_snapshot;
    void (*then)(struct api_call *call); /* the step after authentication */
    struct {
        const char *name;
        struct str value;
        bool bytes;
    } bound[API_BOUND_MAX];
    size_t bound_count;
    struct str context; /* made when first asked for; empty before */
    struct db_call db;
    struct db_lane *db_lane; /* of the call in flight; NULL: none */
    api_row_handler on_row;
    struct password_job *password; /* in flight; outlives the request */
    void (*on_password)(struct api_call *call, struct password_job *job);
    bool has_idempotency_key;
    struct db_idempotency idempotency;
    bool replayed;
    const char *refusal; /* see api_refuse */
    bool streams;        /* the handler takes the body as it arrives */
    unsigned patch_attempts;
    struct upload *upload;  /* with a statement in flight: see src/api/documents/upload.h */
    enum api_return wanted; /* Prefer: return=... */
    bool publishes;         /* see api_publishes */
    struct seen *seen;      /* what the answer waits for */
    struct stream *stream;  /* an answer that is made while it is sent */
    struct str answer_key;  /* under which the answer may be kept; STR_NONE: it may not */
    uint64_t answer_epoch;
};

/* A value for the statement's parameter `name` (static text); STR_NONE binds NULL. Later bindings
 * win. */
void api_bind(struct api_call *call, const char *name, struct str value);
/* The same for a bytea parameter, of which a statement may have one: the bytes themselves. */
void api_bind_bytes(struct api_call *call, const char *name, struct str value);

/* Runs the statement and answers with its row. Parameters are looked up, in this order, among:
 * values bound with api_bind; path and query parameters; :body, :if_match, :after, :limit,
 * :caller_*, :request_id, :new_id, :lang, :context (who asks, from where: the build adds it to
 * every write; see src/api/context.c). */
NODISCARD enum status api_submit(struct api_call *call, const struct db_statement *statement);
/* Runs the statement and hands its result (outcome DB_DONE only; everything else is answered) to
 * on_row. */
NODISCARD enum status api_submit_then(struct api_call *call, const struct db_statement *statement,
                                      api_row_handler on_row);
/* The default row handler: status, code, problem, body, etag, location, language (of the body's
 * texts) / items, next_key. */
void api_reply_row(struct api_call *call, const struct db_result *result);

/* The same with another status than the row's (an owner sees what others get 410 for). */
void api_reply_row_as(struct api_call *call, const struct db_result *result, int status);
/* For statements that end or change what the caller's tokens may do: every worker looks them up
 * again from now on, then the row is answered. */
void api_reply_row_revoked(struct api_call *call, const struct db_result *result);
/* The same where the tokens are others': every worker looks up all tokens again. */
void api_reply_row_all_revoked(struct api_call *call, const struct db_result *result);

/* The write may change public vacancies: its answer waits (milliseconds, at most a second) until
 * searches and kept answers of this process show it, so that who wrote reads it. */
void api_publishes(struct api_call *call);

/* Answers. */
void api_problem(struct api_call *call, const char *code);
void api_problem_detail(struct api_call *call, const char *code, struct str detail);
/* For an operation that refuses before its statement, with what it read itself (a link that is used
 * up): this problem, or the answer that the request's own first time left under its
 * Idempotency-Key. What names secrets (api_session_prepare) must be prepared. code: as long as the
 * request. */
NODISCARD enum status api_refuse(struct api_call *call, const char *code);
/* 422 with one violation at `pointer`. */
void api_violation(struct api_call *call, const char *pointer, const char *code, struct str param0);
void api_fail(struct api_call *call, enum status status); /* 503 or 500 by status */
/* Whether the caller belongs to several companies and has not said for which it acts; and the
 * answer that lists them. */
bool api_company_unclear(const struct api_call *call);
NODISCARD enum status api_company_required(struct api_call *call);
/* 403 company_suspended, with the reason. */
NODISCARD enum status api_company_suspended(struct api_call *call);
void api_reply_text(struct api_call *call, int status, const char *content_type, struct str body);

/* Text of a string member of the body ("owner", "email" = /owner/email); STR_NONE when absent. */
struct str api_body_text(const struct api_call *call, const char *member, const char *sub_member);
/* A path or query parameter's text; STR_NONE when absent. */
struct str api_parameter(const struct api_call *call, const char *name);

/* 32 bytes for a secret of this answer: random, or, when the request carries an Idempotency-Key,
 * derived from it, so that the replayed answer can name the secret again although it is stored
 * nowhere. label tells several apart. */
void api_secret(const struct api_call *call, const char *label,
                unsigned char out[TOKEN_SECRET_BYTES]);

/* Binds the hash of a token or a link, as it is stored: bytea text. */
NODISCARD enum status api_bind_hash(struct api_call *call, const char *name, const struct key *key,
                                    struct str token);

/* Binds :access_hash, :refresh_hash and sets call->tail to the `"session":{...}` member. */
NODISCARD enum status api_session_prepare(struct api_call *call);
#define API_SESSION_SECONDS 3600

/* A link to be sent by mail: binds :link_id and :link_hash, for link_create in SQL. purpose is
 * static text. The secret itself is made again by whoever writes the message. */
NODISCARD enum status api_link_prepare(struct api_call *call, const char *purpose);
/* The secret that somebody got by mail, as :link_hashes: link_hash_stored(:link_hashes::bytea[]) in
 * SQL is the hash for link_use. What is not even in the form of one gets a hash that nothing has.
 */
NODISCARD enum status api_link_bind(struct api_call *call, struct str secret);

/* Whether a password may be chosen by the account with this e-mail address; if not, the answer (422
 * with a violation at `pointer`, static text) has been given. Before it is hashed. */
NODISCARD bool api_password_acceptable(struct api_call *call, const char *pointer,
                                       struct str password, struct str email);

/* Hashes or verifies on a helper thread, then calls then(). A request that goes away meanwhile is
 * forgotten. */
NODISCARD enum status api_password_hash(struct api_call *call, struct str password,
                                        void (*then)(struct api_call *call,
                                                     struct password_job *job));
NODISCARD enum status
api_password_verify(struct api_call *call, struct str password, struct str hash,
                    void (*then)(struct api_call *call, struct password_job *job));

/* JSON Merge Patch (RFC 7396): reads the editable document, merges, validates the result, writes it
 * with the version it read; a lost race is read again. */
NODISCARD enum status api_patch(struct api_call *call, const struct db_statement *read_statement,
                                const struct db_statement *write_statement);
/* The same; prepare binds what else the write statement needs of the merged document, each time
 * before it is sent. */
NODISCARD enum status
api_patch_with(struct api_call *call, const struct db_statement *read_statement,
               const struct db_statement *write_statement,
               enum status (*prepare)(struct api_call *call, const json_t *merged));

#endif
