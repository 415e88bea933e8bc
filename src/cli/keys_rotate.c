/* Rotation of the master key, without a moment in which a server meets a key it does not know: the
 * new key is made known to all, then put in use, then what is sealed is sealed again. Each step is
 * in the key file or the data base when the next begins, so a rotation that was broken off goes on
 * where it was. */
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "keys_steps.h"
#include "segreteria/auth/secret.h"
#include "segreteria/core/clock.h"

#define LOOK_EVERY_US 100000
#define SEALED_MAX ((size_t)64 * 1024 * 1024)

/* One rotation at a time on a data base. */
static enum status lock(const struct keys_command *command, struct buf *error) {
    enum status status = db_session_run(
        command->session,
        "select pg_try_advisory_lock(hashtextextended('segreteria keys rotate', 0)) as mine", NULL,
        0, error);
    if (status == STATUS_OK && !str_eq(db_session_value(command->session, 0, "mine"), STR("t"))) {
        buf_append_text(error, "another `segreteria keys rotate` is running");
        status = STATUS_BUSY;
    }
    return status;
}

static void name_servers(const struct keys_command *command, struct buf *error) {
    for (size_t row = 0; row < db_session_rows(command->session); row++)
        buf_printf(error, "%s%s (keys of %s)", row > 0 ? ", " : "",
                   db_session_value(command->session, row, "host").ptr,
                   db_session_value(command->session, row, "key_source").ptr);
}

/* Waits until no running server fails the condition of `sql`, which lists those that do. */
static enum status wait_for(const struct keys_command *command, const char *sql, const char *id,
                            const char *what, struct buf *error) {
    const uint64_t until = clock_monotonic_ms() + command->wait_ms;
    const char *const params[] = {id};
    for (;;) {
        enum status status = db_session_run(command->session, sql, params, 1, error);
        if (status != STATUS_OK || db_session_rows(command->session) == 0)
            return status;
        if (clock_monotonic_ms() >= until) {
            buf_printf(error, "%s ", what);
            name_servers(command, error);
            buf_append_text(error, ": copy master.key to where they read it");
            return STATUS_TIMEOUT;
        }
        (void)usleep(LOOK_EVERY_US);
    }
}

static const struct key *next_of(const struct keys *keys) {
    for (size_t i = 0; i < keys->count; i++)
        if (keys->list[i].next)
            return &keys->list[i];
    return NULL;
}

static enum status announce(const struct keys_command *command, struct keys *keys,
                            struct buf *error) {
    enum status status = keys_file_add(command->data_dir, keys, error);
    if (status == STATUS_TOO_LARGE) {
        buf_clear(error);
        buf_append_text(error, "there are eight keys already: retire one first");
    }
    if (status != STATUS_OK)
        return status;
    const struct key *next = next_of(keys);
    status = keys_notify(command, error);
    if (status == STATUS_OK)
        (void)printf("made the key %s\n", next->id_text);
    if (status == STATUS_OK)
        status = wait_for(command,
                          "select host, key_source from server_instances_live"
                          " where not $1 = any (key_ids)",
                          next->id_text, "the new key is not in use yet, because it is unknown to",
                          error);
    if (status == STATUS_TIMEOUT)
        buf_append_text(error, ", then run this once more");
    return status;
}

static enum status put_in_use(const struct keys_command *command, struct keys *keys,
                              struct buf *error) {
    enum status status = keys_file_promote(command->data_dir, keys, error);
    if (status == STATUS_OK)
        status = keys_notify(command, error);
    if (status == STATUS_OK)
        status = wait_for(command,
                          "select host, key_source from server_instances_live"
                          " where key_current <> $1 and $1 = any (key_ids)",
                          keys_current(keys)->id_text, "the new key is not used yet by", error);
    if (status == STATUS_TIMEOUT) { /* they know it, so nothing goes wrong meanwhile */
        (void)printf("%s\n", error->data);
        buf_clear(error);
        status = STATUS_OK;
    }
    if (status == STATUS_OK)
        (void)printf("the key %s is in use\n", keys_current(keys)->id_text);
    return status;
}

/* ---- sealing again ---- */

#define SEALED_COUNT 500
#define SEALED_AT_ONCE "500"

struct sealed {
    char *place, *id;
    struct str owner;
    enum secret_purpose purpose;
    unsigned char *old, *plain, *fresh;
    size_t len;
};

static void sealed_free(struct sealed *sealed) {
    free(sealed->place);
    free(sealed->id);
    free((char *)(uintptr_t)sealed->owner.ptr);
    free(sealed->old);
    if (sealed->plain != NULL)
        sodium_memzero(sealed->plain, sealed->len);
    free(sealed->plain);
    free(sealed->fresh);
}

/* A row, copied: the statements to come take its memory. */
static enum status take_row(const struct keys_command *command, size_t row, struct sealed *out) {
    struct str hex = db_session_value(command->session, row, "sealed");
    struct str owner = db_session_value(command->session, row, "owner");
    uint64_t purpose = 0;
    if (hex.len < 2 || (hex.len - 2) / 2 < SECRET_OVERHEAD || hex.len > SEALED_MAX ||
        str_to_u64(db_session_value(command->session, row, "purpose"), SUBKEY_RECEIPT, &purpose) !=
            STATUS_OK)
        return STATUS_INVALID;
    out->purpose = (enum secret_purpose)purpose;
    out->len = (hex.len - 2) / 2;
    out->place = strdup(db_session_value(command->session, row, "place").ptr);
    out->id = strdup(db_session_value(command->session, row, "id").ptr);
    out->owner = str_of(strdup(owner.ptr));
    out->old = malloc(out->len);
    out->plain = malloc(out->len);
    out->fresh = malloc(out->len);
    if (out->place == NULL || out->id == NULL || out->owner.ptr == NULL || out->old == NULL ||
        out->plain == NULL || out->fresh == NULL)
        return STATUS_NO_MEMORY;
    return sodium_hex2bin(out->old, out->len, hex.ptr + 2, hex.len - 2, NULL, NULL, NULL) == 0
               ? STATUS_OK
               : STATUS_INVALID;
}

static char *bytea_text(const unsigned char *bytes, size_t len) {
    char *text = malloc(2 * len + 3);
    if (text == NULL)
        return NULL;
    text[0] = '\\';
    text[1] = 'x';
    (void)sodium_bin2hex(text + 2, 2 * len + 1, bytes, len);
    return text;
}

static enum status replace(const struct keys_command *command, const struct keys *keys,
                           struct sealed *sealed, struct buf *error) {
    struct str old = str_from((const char *)sealed->old, sealed->len);
    enum status status = secret_open(keys, sealed->purpose, sealed->owner, old, sealed->plain);
    if (status != STATUS_OK) {
        buf_printf(error, "a sealed secret (%s %s) cannot be opened: %s", sealed->place, sealed->id,
                   status_name(status));
        return status;
    }
    struct str plain = str_from((const char *)sealed->plain, sealed->len - SECRET_OVERHEAD);
    secret_seal(keys, sealed->purpose, sealed->owner, plain, sealed->fresh);
    char *old_text = bytea_text(sealed->old, sealed->len);
    char *new_text = bytea_text(sealed->fresh, sealed->len);
    const char *const params[] = {sealed->place, sealed->id, old_text, new_text};
    status = old_text == NULL || new_text == NULL
                 ? STATUS_NO_MEMORY
                 : db_session_run(command->session,
                                  "select sealed_replace($1, $2, $3::bytea, $4::bytea)", params, 4,
                                  error);
    free(old_text);
    free(new_text);
    return status;
}

/* The ids of the keys that are not in use, as an array of PostgreSQL's. */
static void former_ids(const struct keys *keys, char out[KEYS_MAX * (KEY_ID_SIZE + 1) + 3]) {
    size_t len = 1;
    out[0] = '{';
    for (size_t i = 0; i < keys->count; i++)
        if (i != keys->current)
            len += (size_t)snprintf(out + len, KEY_ID_SIZE + 1, "%s%s", len > 1 ? "," : "",
                                    keys->list[i].id_text);
    out[len] = '}';
    out[len + 1] = '\0';
}

/* Some of those that are sealed under a former key; *count: how many were found. What is sealed
 * under a key that is not there stays as it is: `keys list` counts it. */
static enum status seal_some(const struct keys_command *command, const struct keys *keys,
                             struct sealed *some, size_t *count, struct buf *error) {
    char ids[KEYS_MAX * (KEY_ID_SIZE + 1) + 3];
    const char *const params[] = {ids};
    former_ids(keys, ids);
    enum status status = db_session_run(command->session,
                                        "select place, id, owner, purpose, sealed"
                                        " from sealed_secrets()"
                                        " where encode(substring(sealed for 8), 'hex')"
                                        " = any ($1::text[]) limit " SEALED_AT_ONCE,
                                        params, 1, error);
    *count = status == STATUS_OK ? db_session_rows(command->session) : 0;
    for (size_t i = 0; status == STATUS_OK && i < *count; i++)
        status = take_row(command, i, &some[i]);
    for (size_t i = 0; status == STATUS_OK && i < *count; i++)
        status = replace(command, keys, &some[i], error);
    for (size_t i = 0; i < *count; i++)
        sealed_free(&some[i]);
    return status;
}

/* Each committed by itself: whenever it is broken off, the rest is left. A look costs a walk over
 * all of them, hence several at once. */
static enum status seal_again(const struct keys_command *command, const struct keys *keys,
                              struct buf *error) {
    size_t all = 0, count;
    do {
        struct sealed *some = calloc(SEALED_COUNT, sizeof *some);
        if (some == NULL)
            return STATUS_NO_MEMORY;
        enum status status = seal_some(command, keys, some, &count, error);
        free(some);
        if (status != STATUS_OK)
            return status;
        all += count;
    } while (count > 0);
    (void)printf("sealed again: %zu\n", all);
    return STATUS_OK;
}

enum status keys_rotate(const struct keys_command *command, struct buf *error) {
    struct keys keys;
    if (command->environment != NULL) {
        buf_append_text(
            error, "the keys come from SEGRETERIA_MASTER_KEY: put a new one (`segreteria keys "
                   "new`) and \" next,\" in front of them, start the servers again one by one, "
                   "take \" next\" away, and start them again");
        return STATUS_UNSUPPORTED;
    }
    enum status status = lock(command, error);
    if (status == STATUS_OK)
        status = announce(command, &keys, error);
    if (status == STATUS_OK)
        status = put_in_use(command, &keys, error);
    if (status == STATUS_OK)
        status = seal_again(command, &keys, error);
    keys_wipe(&keys);
    if (status == STATUS_OK)
        (void)printf("the former keys stay until `segreteria keys retire`; "
                     "keep a new copy of %s/master.key\n",
                     command->data_dir_name);
    return status;
}
