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

/* The private cluster, started by us or run by a server already. */
static enum status open_cluster(struct cli_database *database, struct buf *error) {
    enum status status = cluster_open(&database->options, &database->cluster, error);
    if (status == STATUS_BUSY) {
        buf_clear(error);
        return cluster_attach(&database->options, &database->cluster, error);
    }
    if (status == STATUS_OK)
        status = cluster_drop_privileges(database->cluster, error);
    return status != STATUS_OK ? status : cluster_start(database->cluster, error);
}

const char *cli_database_open(struct cli_database *database, struct buf *error) {
    if (database->url != NULL)
        return database->url;
    enum status status = sodium_init() < 0 ? STATUS_INTERNAL : open_cluster(database, error);
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
