/* `segreteria keys`: the master keys, their rotation, and what still needs one. */
#include <sodium.h>
#include <stdio.h>
#include <unistd.h>

#include "command.h"
#include "commands.h"
#include "database.h"
#include "keys_steps.h"
#include "segreteria/core/log.h"

#define WAIT_DEFAULT_MS 30000

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

enum { WAIT = 1, FORCE };

static const struct option long_options[] = {
    {"wait", required_argument, NULL, WAIT},
    {"force", no_argument, NULL, FORCE},
    CLI_COMMON_OPTIONS,
};

struct command {
    const char *verb, *id;
    const char *database_url;
    struct cluster_options cluster;
    struct keys_command keys;
};

static int take(int option, void *context);

static const struct cli_usage usage = {"keys", help, long_options, take};

static int take(int option, void *context) {
    struct command *command = context;
    uint64_t seconds = 0;
    switch (option) {
    case WAIT:
        if (str_to_u64(str_of(optarg), 3600, &seconds) != STATUS_OK)
            return cli_wrong(&usage, "--wait takes a number of seconds up to 3600");
        command->keys.wait_ms = seconds * 1000;
        break;
    case FORCE: command->keys.force = true; break;
    }
    return CLI_GO_ON;
}

static int parse_words(int argc, char **argv, struct command *command) {
    if (optind >= argc)
        return cli_wrong(&usage, "keys takes list, rotate, retire or new");
    command->verb = argv[optind];
    bool retire = strcmp(command->verb, "retire") == 0;
    if (!retire && strcmp(command->verb, "list") != 0 && strcmp(command->verb, "rotate") != 0 &&
        strcmp(command->verb, "new") != 0)
        return cli_wrong(&usage, "keys takes list, rotate, retire or new");
    if (optind + 1 + (retire ? 1 : 0) != argc)
        return cli_wrong(&usage,
                         retire ? "keys retire takes the id of one key" : "that takes no argument");
    command->id = retire ? argv[optind + 1] : NULL;
    return CLI_GO_ON;
}

static int parse(int argc, char **argv, struct command *command) {
    command->database_url = cli_env("SEGRETERIA_DATABASE_URL", NULL);
    command->keys.environment = cli_env("SEGRETERIA_MASTER_KEY", NULL);
    command->keys.wait_ms = WAIT_DEFAULT_MS;
    command->cluster.data_dir = cli_env("SEGRETERIA_DATA_DIR", NULL);
    int exit_status = cli_options(argc, argv, &usage, &command->cluster, command);
    return exit_status == CLI_GO_ON ? parse_words(argc, argv, command) : exit_status;
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
    cli_tell(status, &error);
    buf_deinit(&error);
    return status == STATUS_OK && fflush(stdout) == 0 ? 0 : 1;
}
