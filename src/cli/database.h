/* The data base that a command works on: the one that SEGRETERIA_DATABASE_URL names, or the private
 * cluster: one that another process runs is used as it is, else it is started for the time of the
 * command. */
#ifndef SEGRETERIA_CLI_DATABASE_H
#define SEGRETERIA_CLI_DATABASE_H

#include "segreteria/db/cluster.h"

struct cli_database {
    const char *url; /* NULL: the private cluster */
    struct cluster_options options;
    struct cluster *cluster;
};

/* The private cluster, becoming its user: one that runs, or started (options->shared: the data
 * directory alone). cluster_close ends what was started. */
NODISCARD enum status cli_cluster_open(const struct cluster_options *options, struct cluster **out,
                                       struct buf *error);

/* From the environment: SEGRETERIA_DATABASE_URL, SEGRETERIA_DATA_DIR. */
void cli_database_init(struct cli_database *database);
/* The connection string, or NULL with one line for a person in `error`. */
const char *cli_database_open(struct cli_database *database, struct buf *error);
void cli_database_close(struct cli_database *database);

/* MISMATCH, with what to do in `error`, when the schema is older than `function`: its name and the
 * types of its parameters, "operator_list()". */
NODISCARD enum status cli_database_has(const char *conninfo, const char *function,
                                       struct buf *error);

#endif
