/* The data base that a command works on. */
#include "database.h"

#include <sodium.h>

#include "command.h"
#include "segreteria/db/command.h"

void cli_database_init(struct cli_database *database) {
    *database = (struct cli_database){.url = cli_env("SEGRETERIA_DATABASE_URL", NULL),
                                      .options.data_dir = cli_env("SEGRETERIA_DATA_DIR", NULL)};
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

enum status cli_database_has(const char *conninfo, const char *function, struct buf *error) {
    const char *const params[] = {function};
    struct buf out;
    buf_init(&out, 1024);
    enum status status = db_command(conninfo, "select 'old' where to_regprocedure($1) is null",
                                    params, 1, &out, error);
    if (status == STATUS_OK && out.len > 0) {
        buf_append_text(error, "the data base is not up to date; run: segreteria migrate");
        status = STATUS_MISMATCH;
    }
    buf_deinit(&out);
    return status;
}
