/* What the commands have in common that work on a data base. */
#include "command.h"

#include <stdio.h>
#include <stdlib.h>

int cli_options(int argc, char **argv, const struct cli_usage *usage,
                struct cluster_options *cluster, void *context) {
    for (int option; (option = getopt_long(argc, argv, "", usage->options, NULL)) != -1;) {
        int exit_status = CLI_GO_ON;
        switch (option) {
        case CLI_DATA_DIR: cluster->data_dir = optarg; break;
        case CLI_RUN_AS: cluster->run_as = optarg; break;
        case CLI_POSTGRES_BIN: cluster->postgres_bin = optarg; break;
        case CLI_SHOW_HELP: (void)fputs(usage->help, stdout); return 0;
        case '?': (void)fprintf(stderr, "Try: segreteria %s --help\n", usage->name); return 2;
        default: exit_status = usage->take(option, context); break;
        }
        if (exit_status != CLI_GO_ON)
            return exit_status;
    }
    return CLI_GO_ON;
}

int cli_wrong(const struct cli_usage *usage, const char *what) {
    (void)fprintf(stderr, "segreteria: %s\nTry: segreteria %s --help\n", what, usage->name);
    return 2;
}

void cli_tell(enum status status, const struct buf *error) {
    if (status != STATUS_OK)
        (void)fprintf(stderr, "segreteria: %s\n",
                      error->len > 0 ? error->data : status_name(status));
}

const char *cli_env(const char *name, const char *otherwise) {
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : otherwise;
}
