/* The data base that a command works on. */
#include "database.h"

#include <sodium.h>
#include <stdlib.h>

static const char *env_text(const char *name) {
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

void cli_database_init(struct cli_database *database) {
    *database = (struct cli_database){.url = env_text("SEGRETERIA_DATABASE_URL"),
                                      .options.data_dir = env_text("SEGRETERIA_DATA_DIR")};
}

enum status cli_cluster_open(const struct cluster_options *options, struct cluster **out,
                             struct buf *error) {
    enum status status = cluster_open(options, out, error);
    bool runs = status == STATUS_BUSY;
    if (runs) {
        buf_clear(error);
        status = cluster_attach(options, out, error);
    }
    if (status == STATUS_OK)
        status = cluster_drop_privileges(*out, error);
    return status != STATUS_OK || runs || options->shared ? status : cluster_start(*out, error);
}

const char *cli_database_open(struct cli_database *database, struct buf *error) {
    if (database->url != NULL)
        return database->url;
    enum status status = sodium_init() < 0
                             ? STATUS_INTERNAL
                             : cli_cluster_open(&database->options, &database->cluster, error);
    if (status == STATUS_OK)
        return cluster_conninfo(database->cluster);
    if (error->len == 0)
        buf_append_text(error, status_name(status));
    return NULL;
}

void cli_database_close(struct cli_database *database) {
    cluster_close(database->cluster);
    database->cluster = NULL;
}
