/* What the api room's own files share: the steps between the head of a request and its answer. */
#ifndef SEGRETERIA_API_INTERNAL_H
#define SEGRETERIA_API_INTERNAL_H

#include "segreteria/api/call.h"
#include "segreteria/core/log.h"

/* authenticate.c: finds out who calls, then continues with `then`; answers 401/403/503 itself. */
void authenticate(struct api_call *call, void (*then)(struct api_call *call));
/* 401 invalid_token with its challenge. */
void refuse_token(struct api_call *call);

/* The token of "Authorization: Bearer ..."; STR_NONE when the field has another form. */
struct str bearer_token(const struct api_call *call);

/* company_choice.c */
/* Takes the company that the request names into call->chosen_company. False: it names none, or not
 * in the form of an id. */
bool company_named(struct api_call *call);
/* Whether the company member who calls acts for a company where the operation needs one. False: an
 * answer was given. */
bool company_admits(struct api_call *call);
/* Whether the caller is a company's member and the operation is the company's business: none of a
 * suspended one's. */
bool company_meant(const struct api_call *call);

/* limit.c: rate limits */
/* Takes one request from the caller's buckets. False: 429 was answered. */
bool limit_pass(struct api_call *call);
/* Whether the address may ask about a token that is not known yet. False: 429 was answered. */
bool limit_may_look_up(struct api_call *call);
/* A token was not valid: that counts for the address. Before the answer. */
void limit_bad_token(struct api_call *call);
/* Takes one more for a line of a stream. */
bool limit_line(struct api_call *call);

/* touch.c: notes that an API token is in use, and from where, or a session. Nobody waits for it,
 * and nothing is said if it fails. */
void token_touch(struct api_worker *worker, struct str token_id, struct str address);
void session_touch(struct api_worker *worker, struct str session_id);
/* Likewise: its hash is stored under the master key in use. hashes: see token_hashes_text. */
void token_rehash(struct api_worker *worker, struct str hashes);

/* A write with one parameter that nobody waits for. */
void note_send(struct api_worker *worker, const struct db_statement *statement, struct str value);

/* idempotency.c */
#define IDEMPOTENCY_HASH_BYTES 32
#define CONSTRAINT_MEMBERS_MAX 4096 /* bytes of a problem's members that a constraint gives */
/* The two keyed hashes for a key (of the caller) and the bytes it stands for; line tells the lines
 * of a batch apart (0 for a whole request). Text forms go to arena; false: out of memory. */
bool idempotency_hash(const struct api_call *call, struct arena *arena, struct str key,
                      uint64_t line, struct str body, struct db_idempotency *out);
/* Which master key an answer (a row of idempotency_read) was stored under; *same: for this very
 * request. NULL: none of the ring. */
const struct key *idempotency_match(const struct api_call *call, struct arena *arena,
                                    struct str key, uint64_t line, struct str body,
                                    const struct db_result *stored, bool *same);
/* Reads the Idempotency-Key of a POST. False: an answer (400) was given. body_text must be set. */
bool idempotency_prepare(struct api_call *call);
/* For a stream, when what stands for its bytes is known: the next statement claims the key, if the
 * request has one. False: out of memory. */
bool idempotency_prepare_for(struct api_call *call, struct str body);
/* The claim was refused with this SQLSTATE: replays or answers 409/422. False: not ours. */
bool idempotency_refused(struct api_call *call, const char *sqlstate);

/* reply_row.c: a list's page: the result's `items`, with next_key and members as they are given. */
void reply_list(struct api_call *call, const struct db_result *result, struct str next_key,
                struct str members);

/* The same of items in the request's arena. */
void reply_items(struct api_call *call, struct str items, struct str next_key, struct str members);

/* seen.c: sends the answer; one to a write that may have changed what the public sees, once this
 * process's searches and caches show it. */
void reply_send(struct api_call *call, const struct http_reply *reply);
/* The request ends without its answer. */
void seen_forget(struct api_call *call);

/* kept.c */
/* Answers from what was rendered before. False: it has to be made, and may be kept. */
bool kept_answer(struct api_call *call);
void keep_answer(const struct api_call *call, const struct http_reply *reply);

/* prefer.c */
/* What a Prefer field asks to be returned. */
enum api_return prefer_return(struct str list);

/* cursor.c */
/* The keyset text of the request's cursor into *out (STR_NONE: no cursor). False: an answer (400)
 * was given. */
bool cursor_read(struct api_call *call, struct str *out);
/* The cursor for `next_key`, in the arena; STR_NONE when out of memory. */
struct str cursor_make(struct api_call *call, struct str next_key);
/* The Link field's value for the next page (RFC 8288). */
struct str cursor_link(struct api_call *call, struct str cursor);

/* bind.c: the value of a statement's parameter. INTERNAL: nobody knows the name. */
NODISCARD enum status bind_value(struct api_call *call, const char *name, struct str *out);
/* Whether it was bound with api_bind_bytes. */
bool bound_bytes(const struct api_call *call, const char *name);
/* context.c: the request context (migration 0015) as JSON text, in the arena. STR_NONE: out of
 * memory. */
struct str context_of(struct api_call *call);
/* A PostgreSQL array literal ({"a","b"}). STR_NONE: out of memory. */
struct str bind_array(struct arena *arena, const struct str *items, size_t count);

/* client_summary.c: a program and a system in a few words, in out; STR_NONE: nothing to say. */
#define CLIENT_SUMMARY_SIZE 64
struct str client_summary(struct str user_agent, char out[CLIENT_SUMMARY_SIZE]);

/* password_call.c: the request ends; its job, if there is one, is taken out of the queue or, when
 * it is at work, left to end without it. */
void password_forget(struct api_call *call);

/* submit.c: what a statement that failed with an SQLSTATE of its own means to a client. Fills
 * problem->code, and the broken rule's text into members, which problem borrows. */
void refusal_describe(const struct api_call *call, const struct db_result *result,
                      struct http_problem *problem, struct buf *members);

/* dispatch.c */
/* JSON (a body, or a part of one) into call->body, valid by the schema (NULL: any). False: an
 * answer was given. */
bool body_parse(struct api_call *call, struct str text, const struct schema *schema);
void call_run(struct api_call *call); /* the handler, once everything has been checked */
/* The handler once more, with the body as it came. */
void call_again(struct api_call *call);
/* The problem of a body that contract_parse_json refused: a syntax error is 400 invalid_json; what
 * JSON can say but PostgreSQL or this contract cannot hold is 422. */
const char *json_problem_code(const struct violations *violations);

#endif
