/* `segreteria taxonomies`: replaces data that the program brings along by newer or other files, and
 * lets the vacancies take it over. */
#include <stdio.h>

#include "command.h"
#include "commands.h"
#include "database.h"
#include "segreteria/core/log.h"
#include "segreteria/db/command.h"

#define FILE_MAX (64u << 20)

static const char help[] = CLI_HELP(
    "Usage: segreteria taxonomies [OPTION]...\n"
    "Replace the gazetteer or the other names of roles by a file (UTF-8, a row a line, columns\n"
    "separated by tabs), then bring what search knows of the vacancies up to date.\n"
    "\n"
    "  --places FILE       the gazetteer: GeoNames number, name, local name, country, and for\n"
    "                      Italy region and province, latitude, longitude, inhabitants\n"
    "  --role-labels FILE  other names of roles: code of the role, en or it, name\n");

enum { PLACES = 1, ROLE_LABELS };

static const struct option long_options[] = {
    {"places", required_argument, NULL, PLACES},
    {"role-labels", required_argument, NULL, ROLE_LABELS},
    CLI_COMMON_OPTIONS,
};

struct command {
    const char *places, *role_labels;
    struct cli_database database;
};

static int take(int option, void *context) {
    struct command *command = context;
    switch (option) {
    case PLACES: command->places = optarg; break;
    case ROLE_LABELS: command->role_labels = optarg; break;
    }
    return CLI_GO_ON;
}

static const struct cli_usage usage = {"taxonomies", help, long_options, take};

static int parse(int argc, char **argv, struct command *command) {
    cli_database_init(&command->database);
    int exit_status = cli_options(argc, argv, &usage, &command->database.options, command);
    if (exit_status != CLI_GO_ON)
        return exit_status;
    if (optind < argc)
        return cli_wrong(&usage, "taxonomies takes no arguments");
    return CLI_GO_ON;
}

static enum status read_file(const char *path, struct buf *text, struct buf *error) {
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        buf_printf(error, "%s cannot be opened", path);
        return STATUS_INVALID;
    }
    char piece[65536];
    for (size_t n; (n = fread(piece, 1, sizeof piece, file)) > 0;)
        buf_append(text, str_from(piece, n));
    bool good = ferror(file) == 0 && buf_status(text) == STATUS_OK;
    (void)fclose(file);
    if (!good)
        buf_printf(error, "%s cannot be read, or is larger than %u MiB", path, FILE_MAX >> 20);
    return good ? STATUS_OK : STATUS_INVALID;
}

/* "34647 places\n" on standard output. */
static enum status run(const char *conninfo, const char *sql, const char *path, const char *what,
                       struct buf *error) {
    struct buf text, out;
    buf_init(&text, FILE_MAX);
    buf_init(&out, 1024);
    enum status status = path == NULL ? STATUS_OK : read_file(path, &text, error);
    const char *const params[] = {path == NULL ? NULL : buf_str(&text).ptr};
    if (status == STATUS_OK)
        status = db_command(conninfo, sql, params, path == NULL ? 0 : 1, &out, error);
    if (status == STATUS_OK)
        (void)printf("%.*s %s\n", STR_FMT(buf_str(&out)), what);
    buf_deinit(&out);
    buf_deinit(&text);
    return status;
}

static enum status work(const struct command *command, const char *conninfo, struct buf *error) {
    enum status status = STATUS_OK;
    if (command->places != NULL)
        status = run(conninfo, "select places_load($1)", command->places, "places", error);
    if (status == STATUS_OK && command->role_labels != NULL)
        status = run(conninfo, "select role_labels_load($1)", command->role_labels,
                     "names of roles", error);
    if (status == STATUS_OK)
        status = run(conninfo, "select job_search_refresh(null)", NULL,
                     "published vacancies brought up to date", error);
    return status;
}

int cli_taxonomies(int argc, char **argv) {
    struct command command = {0};
    int exit_status = parse(argc, argv, &command);
    if (exit_status >= 0)
        return exit_status;
    log_set_level(LOG_WARN);
    struct buf error;
    buf_init(&error, 8192);
    const char *conninfo = cli_database_open(&command.database, &error);
    enum status status = conninfo == NULL ? STATUS_UNAVAILABLE : work(&command, conninfo, &error);
    cli_database_close(&command.database);
    cli_tell(status, &error);
    buf_deinit(&error);
    return status == STATUS_OK ? 0 : 1;
}
