/* `segreteria keys`: the master keys, their rotation, and what still needs one. */
#include <getopt.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "commands.h"
#include "database.h"
#include "keys_steps.h"
#include "segreteria/core/log.h"

static const char help[] =
    "Usage: segreteria keys list|rotate|retire|new [OPTION]...\n"
    "The master keys, which protect everything secret that the server keeps.\n"
    "\n"
    "  keys list             the keys, what needs each of them, and which servers know them\n"
    "  keys rotate           makes a new key, waits until every running server knows it, puts it in use, and seals\n"
    "                        what is sealed again; broken off, it goes on where it was when it is run again\n"
    "  keys retire ID        takes a key out that nothing needs any more; else says what does\n"
    "  keys new              prints a new key, for those who keep them in SEGRETERIA_MASTER_KEY\n"
    "\n"
    "  --wait SECONDS        how long rotate waits for the servers (30)\n"
    "  --force               retire although tokens, sessions, links or idempotency keys need the key: they are\n"
    "                        worthless from then on\n"
    "  --data-dir DIR        private data (as for serve)\n"
    "  --run-as USER         user to become when started by root\n"
    "  --postgres-bin DIR    where initdb and postgres are\n"
    "  --help\n"
    "\n"
    "Environment: SEGRETERIA_DATABASE_URL (any libpq connection string), SEGRETERIA_MASTER_KEY,\n"
    "SEGRETERIA_DATA_DIR.\n";

enum { WAIT = 1, FORCE, DATA_DIR, RUN_AS, POSTGRES_BIN, HELP };

static const struct option long_options[] = {
    {"wait", required_argument, NULL, WAIT},
    {"force", no_argument, NULL, FORCE},
    {"data-dir", required_argument, NULL, DATA_DIR},
    {"run-as", required_argument, NULL, RUN_AS},
    {"postgres-bin", required_argument, NULL, POSTGRES_BIN},
    {"help", no_argument, NULL, HELP},
    {NULL, 0, NULL, 0},
};

struct command {
    const char *verb, *id;
    const char *database_url;
    struct cluster_options cluster;
    struct keys_command keys;
};

static const char *env_text(const char *name) {
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

static int wrong(const char *what) {
    (void)fprintf(stderr, "segreteria: %s\nTry: segreteria keys --help\n", what);
    return 2;
}

static int parse_words(int argc, char **argv, struct command *command) {
    if (optind >= argc)
        return wrong("keys takes list, rotate, retire or new");
    command->verb = argv[optind];
    bool retire = strcmp(command->verb, "retire") == 0;
    if (!retire && strcmp(command->verb, "list") != 0 && strcmp(command->verb, "rotate") != 0 &&
        strcmp(command->verb, "new") != 0)
        return wrong("keys takes list, rotate, retire or new");
    if (optind + 1 + (retire ? 1 : 0) != argc)
        return wrong(retire ? "keys retire takes the id of one key" : "that takes no argument");
    command->id = retire ? argv[optind + 1] : NULL;
    return -1;
}

/* -1: go on; else the exit status. */
static int parse(int argc, char **argv, struct command *command) {
    uint64_t seconds = 30;
    command->database_url = env_text("SEGRETERIA_DATABASE_URL");
    command->keys.environment = env_text("SEGRETERIA_MASTER_KEY");
    command->cluster.data_dir = env_text("SEGRETERIA_DATA_DIR");
    for (int option; (option = getopt_long(argc, argv, "", long_options, NULL)) != -1;) {
        switch (option) {
        case WAIT:
            if (str_to_u64(str_of(optarg), 3600, &seconds) != STATUS_OK)
                return wrong("--wait takes a number of seconds up to 3600");
            break;
        case FORCE: command->keys.force = true; break;
        case DATA_DIR: command->cluster.data_dir = optarg; break;
        case RUN_AS: command->cluster.run_as = optarg; break;
        case POSTGRES_BIN: command->cluster.postgres_bin = optarg; break;
        case HELP: (void)fputs(help, stdout); return 0;
        default: (void)fputs("Try: segreteria keys --help\n", stderr); return 2;
        }
    }
    command->keys.wait_ms = seconds * 1000;
    return parse_words(argc, argv, command);
}

static int print_new(void) {
    unsigned char key[crypto_kdf_KEYBYTES];
    char hex[2 * sizeof key + 1];
    crypto_kdf_keygen(key);
    (void)sodium_bin2hex(hex, sizeof hex, key, sizeof key);
    (void)printf("sgk_%s\n", hex);
    sodium_memzero(key, sizeof key);
    sodium_memzero(hex, sizeof hex);
    return fflush(stdout) == 0 ? 0 : 1;
}

static enum status run(struct command *command, struct cluster *cluster, struct buf *error) {
    char dir[64];
    const char *conninfo = command->database_url != NULL ? command->database_url
                                                         : cluster_conninfo(cluster);
    (void)snprintf(dir, sizeof dir, "/proc/self/fd/%d", cluster_dir_fd(cluster));
    command->keys.data_dir = dir;
    command->keys.data_dir_name = cluster_data_dir(cluster);
    enum status status = db_session_open(conninfo, "segreteria keys", &command->keys.session,
                                         error);
    if (status != STATUS_OK)
        return status;
    if (strcmp(command->verb, "list") == 0)
        status = keys_list(&command->keys, error);
    else if (strcmp(command->verb, "rotate") == 0)
        status = keys_rotate(&command->keys, error);
    else
        status = keys_retire(&command->keys, command->id, error);
    db_session_close(command->keys.session);
    return status;
}

int cli_keys(int argc, char **argv) {
    struct command command = {0};
    int exit_status = parse(argc, argv, &command);
    if (exit_status >= 0)
        return exit_status;
    log_set_level(LOG_WARN);
    struct buf error;
    buf_init(&error, 8192);
    struct cluster *cluster = NULL;
    enum status status = sodium_init() < 0 ? STATUS_INTERNAL : STATUS_OK;
    if (status == STATUS_OK && strcmp(command.verb, "new") == 0)
        return print_new();
    command.cluster.shared = command.database_url != NULL;
    if (status == STATUS_OK)
        status = cli_cluster_open(&command.cluster, &cluster, &error);
    if (status == STATUS_OK)
        status = run(&command, cluster, &error);
    cluster_close(cluster);
    if (status != STATUS_OK)
        (void)fprintf(stderr, "segreteria: %s\n", error.len > 0 ? error.data : status_name(status));
    buf_deinit(&error);
    return status == STATUS_OK && fflush(stdout) == 0 ? 0 : 1;
}
