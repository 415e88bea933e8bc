/* Listing and retiring master keys. */
#include "keys_steps.h"

#include <stdio.h>

#define IDS_SIZE (KEYS_MAX * (KEY_ID_SIZE + 1) + 3)

enum status keys_read(const struct keys_command *command, struct keys *out, struct buf *error) {
    return command->environment != NULL
               ? keys_load(command->environment, command->data_dir, out, error)
               : keys_file_read(command->data_dir, out, error);
}

enum status keys_notify(const struct keys_command *command, struct buf *error) {
    return db_session_run(command->session, "select pg_notify('segreteria_keys', '')", NULL, 0,
                          error);
}

/* As an array of PostgreSQL's. */
static void marking_ids(const struct keys *keys, char out[IDS_SIZE]) {
    size_t len = 1;
    out[0] = '{';
    for (size_t i = 0; i < keys->count; i++)
        if (keys->list[i].marks)
            len += (size_t)snprintf(out + len, IDS_SIZE - len, "%s%s", len > 1 ? "," : "",
                                    keys->list[i].id_text);
    (void)snprintf(out + len, IDS_SIZE - len, "}");
}

/* The key whose hashes bear no mark, or NULL. */
static const struct key *unmarked(const struct keys *keys) {
    for (size_t i = 0; i < keys->count; i++)
        if (!keys->list[i].marks)
            return &keys->list[i];
    return NULL;
}

/* Whose row of keys_needed that is; NULL: none of the ring's. */
static const char *row_key(const struct keys *keys, struct str key_id) {
    const struct key *first = unmarked(keys);
    if (str_is_none(key_id))
        return first == NULL ? NULL : first->id_text;
    for (size_t i = 0; i < keys->count; i++)
        if (str_eq(key_id, str_of(keys->list[i].id_text)))
            return keys->list[i].id_text;
    return NULL;
}

enum status keys_uses(const struct keys_command *command, const struct keys *keys, const char *id,
                      struct buf *out, uint64_t *sealed, struct buf *error) {
    char ids[IDS_SIZE];
    const char *const params[] = {ids};
    marking_ids(keys, ids);
    enum status status = db_session_run(command->session,
                                        "select key_id, what, sum(count)::bigint as count"
                                        " from keys_needed($1::text[]) where count > 0"
                                        " group by key_id, what order by what",
                                        params, 1, error);
    if (status != STATUS_OK)
        return status;
    *sealed = 0;
    for (size_t row = 0; row < db_session_rows(command->session); row++) {
        const char *key = row_key(keys, db_session_value(command->session, row, "key_id"));
        struct str what = db_session_value(command->session, row, "what");
        struct str count = db_session_value(command->session, row, "count");
        if (key == NULL ? id != NULL : id == NULL || strcmp(key, id) != 0)
            continue;
        buf_printf(out, "%s%.*s %.*s", out->len > 0 ? ", " : "", STR_FMT(count), STR_FMT(what));
        if (str_eq(what, STR("sealed secrets")) &&
            str_to_u64(count, UINT64_MAX, sealed) != STATUS_OK)
            *sealed = 1;
    }
    return buf_status(out);
}

/* ---- list ---- */

static enum status list_key(const struct keys_command *command, const struct keys *keys,
                            const struct key *key, struct buf *error) {
    struct buf uses;
    uint64_t sealed;
    buf_init(&uses, 4096);
    enum status status = keys_uses(command, keys, key == NULL ? NULL : key->id_text, &uses, &sealed,
                                   error);
    if (status == STATUS_OK && key != NULL)
        (void)printf("%s  %-6s  %-20s  %s\n", key->id_text,
                     key == keys_current(keys) ? "in use"
                     : key->next               ? "next"
                                               : "former",
                     key->made[0] == '\0' ? "-" : key->made,
                     uses.len > 0 ? uses.data : "nothing needs it");
    else if (status == STATUS_OK && uses.len > 0)
        (void)printf("a key that is not there: %s\n", uses.data);
    buf_deinit(&uses);
    return status;
}

static enum status list_servers(const struct keys_command *command, struct buf *error) {
    enum status status = db_session_run(
        command->session,
        "select host, key_source, key_current, array_to_string(key_ids, ' ') as ids"
        " from server_instances_live order by started_at",
        NULL, 0, error);
    for (size_t row = 0; status == STATUS_OK && row < db_session_rows(command->session); row++)
        (void)printf("server on %s, keys of %s: uses %s, knows %s\n",
                     db_session_value(command->session, row, "host").ptr,
                     db_session_value(command->session, row, "key_source").ptr,
                     db_session_value(command->session, row, "key_current").ptr,
                     db_session_value(command->session, row, "ids").ptr);
    return status;
}

enum status keys_list(const struct keys_command *command, struct buf *error) {
    struct keys keys;
    enum status status = keys_read(command, &keys, error);
    if (status != STATUS_OK)
        return status;
    for (size_t i = 0; status == STATUS_OK && i < keys.count; i++)
        status = list_key(command, &keys, &keys.list[i], error);
    if (status == STATUS_OK)
        status = list_key(command, &keys, NULL, error);
    keys_wipe(&keys);
    return status != STATUS_OK ? status : list_servers(command, error);
}

/* ---- retire ---- */

static enum status refuse_current(const struct keys *keys, const char *id, struct buf *error) {
    for (size_t i = 0; i < keys->count; i++) {
        if (strcmp(keys->list[i].id_text, id) != 0)
            continue;
        if (i != keys->current)
            return STATUS_OK;
        buf_printf(error, "the key %s is the one in use", id);
        return STATUS_EXISTS;
    }
    buf_printf(error, "there is no key %s", id);
    return STATUS_NOT_FOUND;
}

static enum status refuse_while_used(const struct keys_command *command, const char *id,
                                     struct buf *error) {
    const char *const params[] = {id};
    enum status status = db_session_run(
        command->session, "select host from server_instances_live where key_current = $1", params,
        1, error);
    if (status != STATUS_OK || db_session_rows(command->session) == 0)
        return status;
    buf_printf(error, "the server on %s still uses the key %s",
               db_session_value(command->session, 0, "host").ptr, id);
    return STATUS_BUSY;
}

static enum status refuse_while_needed(const struct keys_command *command, const struct keys *keys,
                                       const char *id, struct buf *error) {
    struct buf uses;
    uint64_t sealed = 0;
    buf_init(&uses, 4096);
    enum status status = keys_uses(command, keys, id, &uses, &sealed, error);
    if (status == STATUS_OK && sealed > 0) {
        buf_printf(error, "the key %s is needed by %s: `segreteria keys rotate` seals them again",
                   id, uses.data);
        status = STATUS_BUSY;
    } else if (status == STATUS_OK && uses.len > 0 && !command->force) {
        buf_printf(error,
                   "the key %s is needed by %s. They are renewed when they are used, or end; "
                   "with --force they are worthless at once",
                   id, uses.data);
        status = STATUS_BUSY;
    }
    buf_deinit(&uses);
    return status;
}

enum status keys_retire(const struct keys_command *command, const char *id, struct buf *error) {
    struct keys keys;
    if (command->environment != NULL) {
        buf_append_text(error,
                        "the keys come from SEGRETERIA_MASTER_KEY: take the key out there, when "
                        "`segreteria keys list` says that nothing needs it");
        return STATUS_UNSUPPORTED;
    }
    enum status status = keys_read(command, &keys, error);
    if (status == STATUS_OK)
        status = refuse_current(&keys, id, error);
    if (status == STATUS_OK)
        status = refuse_while_used(command, id, error);
    if (status == STATUS_OK)
        status = refuse_while_needed(command, &keys, id, error);
    if (status == STATUS_OK)
        status = keys_file_remove(command->data_dir, id, &keys, error);
    keys_wipe(&keys);
    if (status == STATUS_OK)
        status = keys_notify(command, error);
    if (status == STATUS_OK)
        (void)printf("the key %s has been retired\n", id);
    return status;
}
