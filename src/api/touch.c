/* last_used_at of API tokens: a write nobody waits for, in memory of its own. */
#include <stdlib.h>

#include "generated/statements.h"
#include "internal.h"

struct touch {
    struct db_call db;
    struct str params[1];
    char token_id[UUID_TEXT_SIZE];
};

static void on_result(struct db_call *db, const struct db_result *result) {
    (void)result; /* the next use tries again */
    free((struct touch *)(void *)((char *)db - offsetof(struct touch, db)));
}

void token_touch(struct api_worker *worker, struct str token_id) {
    struct touch *touch = calloc(1, sizeof *touch);
    if (touch == NULL || token_id.len >= sizeof touch->token_id) {
        free(touch);
        return;
    }
    memcpy(touch->token_id, token_id.ptr, token_id.len);
    touch->params[0] = str_of(touch->token_id);
    touch->db = (struct db_call){.statement = &stmt_auth_token_touch,
                                 .params = touch->params,
                                 .deadline_ms = loop_now_ms(worker->loop) + 10000,
                                 .on_result = on_result};
    if (db_lane_submit(worker->write, &touch->db) != STATUS_OK)
        free(touch);
}
