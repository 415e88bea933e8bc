/* What the commands have in common that work on a data base: the options that say which one, how
 * wrong use is told, and why it did not work. */
#ifndef SEGRETERIA_CLI_COMMAND_H
#define SEGRETERIA_CLI_COMMAND_H

#include <getopt.h>

#include "segreteria/core/buf.h"
#include "segreteria/db/cluster.h"

/* What getopt_long says for the common options; a command's own count from 1. */
enum { CLI_DATA_DIR = 256, CLI_RUN_AS, CLI_POSTGRES_BIN, CLI_SHOW_HELP };

// clang-format off
/* The last entries of a command's options, and their end. */
#define CLI_COMMON_OPTIONS                                                                         \
    {"data-dir", required_argument, NULL, CLI_DATA_DIR},                                           \
    {"run-as", required_argument, NULL, CLI_RUN_AS},                                               \
    {"postgres-bin", required_argument, NULL, CLI_POSTGRES_BIN},                                   \
    {"help", no_argument, NULL, CLI_SHOW_HELP},                                                    \
    {NULL, 0, NULL, 0}

/* A command's help: what it says itself, down to its own options; the common ones; what it says at
 * the end. */
#define CLI_HELP_AND(own, end)                                                                     \
    own                                                                                            \
    "  --data-dir DIR      private data (as for serve), without SEGRETERIA_DATABASE_URL\n"         \
    "  --run-as USER       user to become when started by root\n"                                  \
    "  --postgres-bin DIR  where initdb and postgres are\n"                                        \
    "  --help\n"                                                                                   \
    "\n"                                                                                           \
    "Environment: SEGRETERIA_DATABASE_URL (any libpq connection string), SEGRETERIA_DATA_DIR.\n"   \
    end
#define CLI_HELP(own) CLI_HELP_AND(own, "")
// clang-format on

#define CLI_GO_ON (-1) /* where an exit status is expected: the command is not over yet */

struct cli_usage {
    const char *name; /* of the command: "migrate" */
    const char *help;
    const struct option *options;
    /* Takes one of the command's own options, its argument in optarg: CLI_GO_ON, or the exit
     * status. */
    int (*take)(int option, void *context);
};

/* Reads the options: the common ones into `cluster`, the others by usage->take. CLI_GO_ON, with the
 * first word that is no option at optind; or the exit status, after --help or wrong use. */
NODISCARD int cli_options(int argc, char **argv, const struct cli_usage *usage,
                          struct cluster_options *cluster, void *context);

/* Tells on standard error what is wrong with the command line; the exit status. */
int cli_wrong(const struct cli_usage *usage, const char *what);

/* Tells on standard error why the command did not work: `error`, or else the status' name. OK tells
 * nothing. */
void cli_tell(enum status status, const struct buf *error);

/* A variable of the environment; `otherwise` where it is not set or empty. Owned by the
 * environment. */
const char *cli_env(const char *name, const char *otherwise);

#endif
