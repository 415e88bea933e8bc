/* The key file is read again when somebody says so (NOTIFY) and every few seconds, for files that
 * are copied to other machines by hand. A ring that has been published is never changed or freed
 * while the server runs: a request may still use it, and rotations are rare. */
#include "key_watch.h"

#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "generated/statements.h"
#include "segreteria/core/log.h"
#include "segreteria/core/uuid.h"

#define EVERY_MS 5000
#define HOST_SIZE 256
#define IDS_SIZE (KEYS_MAX * (KEY_ID_SIZE + 1) + 3)

const struct db_statement *const key_watch_statements[KEY_WATCH_STATEMENTS] = {
    &stmt_background_instance_seen, &stmt_background_instance_gone};

struct ring {
    struct ring *next;
    struct keys keys;
};

struct key_watch {
    struct key_watch_options options;
    struct loop *loop;
    struct db_lane *lane;
    struct loop_timer timer;
    struct ring *rings;
    struct db_call call;
    bool calling, again, complained;
    struct str params[5];
    char instance[UUID_TEXT_SIZE], host[HOST_SIZE], ids[IDS_SIZE];
    void (*on_left)(void *context);
    void *left_context;
};

/* ---- the file ---- */

static void publish(struct key_watch *watch, const struct keys *keys) {
    struct ring *ring = malloc(sizeof *ring);
    if (ring == NULL)
        return; /* the next look tries again */
    *ring = (struct ring){.next = watch->rings, .keys = *keys};
    watch->rings = ring;
    atomic_store_explicit(watch->options.keys, &ring->keys, memory_order_release);
    log_info("master_keys_read", "count=%zu current=%s", ring->keys.count,
             keys_current(&ring->keys)->id_text);
}

static void read_again(struct key_watch *watch) {
    const struct keys *now = atomic_load(watch->options.keys);
    struct keys *keys = calloc(1, sizeof *keys);
    struct buf error;
    if (watch->options.fixed || keys == NULL) {
        free(keys);
        return;
    }
    buf_init(&error, 1024);
    enum status status = keys_file_read(watch->options.data_dir, keys, &error);
    if (status != STATUS_OK && !watch->complained)
        log_error("master_keys_unreadable", "reason=\"%s\"", error.len > 0 ? error.data : "");
    watch->complained = status != STATUS_OK; /* what was read before goes on to be used */
    if (status == STATUS_OK && memcmp(now, keys, sizeof *keys) != 0)
        publish(watch, keys);
    buf_deinit(&error);
    keys_wipe(keys);
    free(keys);
}

/* ---- the data base ---- */

static void submit(struct key_watch *watch, const struct db_statement *statement);

static void left(struct key_watch *watch) {
    void (*on_left)(void *context) = watch->on_left;
    watch->on_left = NULL;
    if (on_left != NULL)
        on_left(watch->left_context);
}

static void on_result(struct db_call *call, const struct db_result *result) {
    struct key_watch *watch = (struct key_watch *)(void *)((char *)call -
                                                           offsetof(struct key_watch, call));
    bool was_goodbye = call->statement == &stmt_background_instance_gone;
    (void)result; /* lost: the next one comes in a few seconds */
    watch->calling = false;
    if (was_goodbye)
        left(watch);
    else if (watch->on_left != NULL)
        submit(watch, &stmt_background_instance_gone);
    else if (watch->again)
        key_watch_now(watch);
}

static void fill(struct key_watch *watch) {
    const struct keys *keys = atomic_load(watch->options.keys);
    size_t len = 0;
    for (size_t i = 0; i < keys->count; i++)
        len += (size_t)snprintf(watch->ids + len, sizeof watch->ids - len, "%c%s",
                                i == 0 ? '{' : ',', keys->list[i].id_text);
    (void)snprintf(watch->ids + len, sizeof watch->ids - len, "}");
    watch->params[0] = str_of(watch->instance);
    watch->params[1] = str_of(watch->host);
    watch->params[2] = str_of(watch->options.source);
    watch->params[3] = str_of(watch->ids);
    watch->params[4] = str_of(keys_current(keys)->id_text);
}

static void submit(struct key_watch *watch, const struct db_statement *statement) {
    fill(watch);
    watch->call = (struct db_call){.statement = statement,
                                   .params = watch->params,
                                   .deadline_ms = loop_now_ms(watch->loop) + EVERY_MS,
                                   .on_result = on_result};
    watch->calling = db_lane_submit(watch->lane, &watch->call) == STATUS_OK;
    if (!watch->calling)
        left(watch);
}

void key_watch_now(struct key_watch *watch) {
    read_again(watch);
    loop_timer_set(watch->loop, &watch->timer, loop_now_ms(watch->loop) + EVERY_MS);
    watch->again = watch->calling;
    if (!watch->calling)
        submit(watch, &stmt_background_instance_seen);
}

static void on_due(struct loop_timer *timer) {
    key_watch_now((struct key_watch *)(void *)((char *)timer - offsetof(struct key_watch, timer)));
}

/* ---- life ---- */

enum status key_watch_create(const struct key_watch_options *options, struct loop *loop,
                             struct db_lane *lane, struct key_watch **out) {
    struct key_watch *watch = calloc(1, sizeof *watch);
    if (watch == NULL)
        return STATUS_NO_MEMORY;
    const struct uuid id = uuid_v7();
    watch->options = *options;
    watch->loop = loop;
    watch->lane = lane;
    watch->timer.on_due = on_due;
    uuid_format(&id, watch->instance);
    if (gethostname(watch->host, sizeof watch->host - 1) != 0)
        watch->host[0] = '\0';
    loop_timer_set(loop, &watch->timer, loop_now_ms(loop));
    *out = watch;
    return STATUS_OK;
}

void key_watch_leave(struct key_watch *watch, void (*done)(void *context), void *context) {
    loop_timer_clear(watch->loop, &watch->timer);
    watch->on_left = done;
    watch->left_context = context;
    if (!db_lane_ready(watch->lane))
        left(watch);
    else if (!watch->calling)
        submit(watch, &stmt_background_instance_gone);
}

void key_watch_stop(struct key_watch *watch) {
    if (watch == NULL)
        return;
    loop_timer_clear(watch->loop, &watch->timer);
    if (watch->calling)
        db_lane_cancel(watch->lane, &watch->call);
    watch->calling = false;
}

void key_watch_free(struct key_watch *watch) {
    if (watch == NULL)
        return;
    while (watch->rings != NULL) {
        struct ring *ring = watch->rings;
        watch->rings = ring->next;
        sodium_memzero(ring, sizeof *ring);
        free(ring);
    }
    free(watch);
}
