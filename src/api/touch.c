/* Notes about tokens that nobody waits for, each a write in memory of its own: that an API token is
 * in use, and the renewal of a hash made under a former master key. */
#include <stdlib.h>

#include "generated/statements.h"
#include "internal.h"

struct note {
    struct db_call db;
    struct str params[1];
    char value[];
};

static void on_result(struct db_call *db, const struct db_result *result) {
    (void)result; /* the next use tries again */
    free((struct note *)(void *)((char *)db - offsetof(struct note, db)));
}

static void send(struct api_worker *worker, const struct db_statement *statement,
                 struct str value) {
    struct note *note = calloc(1, sizeof *note + value.len + 1);
    if (note == NULL)
        return;
    memcpy(note->value, value.ptr, value.len);
    note->params[0] = str_from(note->value, value.len);
    note->db = (struct db_call){.statement = statement,
                                .params = note->params,
                                .deadline_ms = loop_now_ms(worker->loop) + 10000,
                                .on_result = on_result};
    if (db_lane_submit(worker->write, &note->db) != STATUS_OK)
        free(note);
}

void token_touch(struct api_worker *worker, struct str token_id) {
    send(worker, &stmt_auth_token_touch, token_id);
}

void session_touch(struct api_worker *worker, struct str session_id) {
    send(worker, &stmt_auth_session_touch, session_id);
}

void token_rehash(struct api_worker *worker, struct str hashes) {
    send(worker, &stmt_auth_token_rehash, hashes);
}
