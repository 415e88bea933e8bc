/* The steps of `segreteria keys`. */
#ifndef SEGRETERIA_CLI_KEYS_STEPS_H
#define SEGRETERIA_CLI_KEYS_STEPS_H

#include <stdbool.h>

#include "segreteria/auth/keys.h"
#include "segreteria/db/session.h"

struct keys_command {
    struct db_session *session;
    const char *environment;   /* NULL: the file */
    const char *data_dir;      /* as a path of this process */
    const char *data_dir_name; /* for people */
    uint64_t wait_ms;
    bool force;
};

/* What they find goes to standard output; error is why it did not work, for people. */
NODISCARD enum status keys_list(const struct keys_command *command, struct buf *error);
NODISCARD enum status keys_rotate(const struct keys_command *command, struct buf *error);
NODISCARD enum status keys_retire(const struct keys_command *command, const char *id,
                                  struct buf *error);

/* The ring as the command finds it. Wipe it. */
NODISCARD enum status keys_read(const struct keys_command *command, struct keys *out,
                                struct buf *error);
/* What needs the key: "3 API tokens, 1 link in mails", or "" for nothing; a key's id or NULL for
 * those that are none of the ring's. sealed: how many sealed secrets are among it. */
NODISCARD enum status keys_uses(const struct keys_command *command, const struct keys *keys,
                                const char *id, struct buf *out, uint64_t *sealed,
                                struct buf *error);
/* Tells the servers that the key file has changed. */
NODISCARD enum status keys_notify(const struct keys_command *command, struct buf *error);

#endif
