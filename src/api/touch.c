/* Notes about tokens that nobody waits for, each a write in memory of its own: that an API token is
 * in use, and the renewal of a hash made under a former master key. */
#include <stdlib.h>

#include "generated/statements.h"
#include "internal.h"

#define NOTE_PARAMS_MAX 2

struct note {
    struct db_call db;
    struct str params[NOTE_PARAMS_MAX];
    char text[]; /* the parameters */
};

static void on_result(struct db_call *db, const struct db_result *result) {
    (void)result; /* the next use tries again */
    free((struct note *)(void *)((char *)db - offsetof(struct note, db)));
}

static void send_all(struct api_worker *worker, const struct db_statement *statement,
                     const struct str *params, size_t count) {
    size_t size = 1;
    for (size_t i = 0; i < count; i++)
        size += params[i].len;
    struct note *note = calloc(1, sizeof *note + size);
    if (note == NULL)
        return;
    char *p = note->text;
    for (size_t i = 0; i < count; i++) {
        memcpy(p, params[i].ptr, params[i].len);
        note->params[i] = str_from(p, params[i].len);
        p += params[i].len;
    }
    note->db = (struct db_call){.statement = statement,
                                .params = note->params,
                                .deadline_ms = loop_now_ms(worker->loop) + 10000,
                                .on_result = on_result};
    if (db_lane_submit(worker->write, &note->db) != STATUS_OK)
        free(note);
}

void note_send(struct api_worker *worker, const struct db_statement *statement, struct str value) {
    send_all(worker, statement, &value, 1);
}

void token_touch(struct api_worker *worker, struct str token_id, struct str address) {
    const struct str params[] = {token_id, address};
    send_all(worker, &stmt_auth_token_touch, params, 2);
}

void session_touch(struct api_worker *worker, struct str session_id) {
    note_send(worker, &stmt_auth_session_touch, session_id);
}

void token_rehash(struct api_worker *worker, struct str hashes) {
    note_send(worker, &stmt_auth_token_rehash, hashes);
}
