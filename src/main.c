/* Subcommands, nothing else. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"

static const char help[] =
    "Segreteria " SEGRETERIA_VERSION ": a job-board API server for assistants.\n"
    "\n"
    "Usage: segreteria COMMAND [OPTION]...\n"
    "\n"
    "  serve        serve the API\n"
    "  migrate      bring the data base's schema up to date, or show its state\n"
    "  keys         show, rotate and retire the master keys\n"
    "  mail         show, send again or forget messages that could not be sent\n"
    "  operator     the accounts of those who moderate\n"
    "  demo         fill a running server with demo data, to try it out\n"
    "  taxonomies   replace the gazetteer or the other names of roles\n"
    "  search       check that the search index and the vacancies agree\n"
    "\n"
    "  segreteria COMMAND --help tells more; --version the version.\n";

static const struct {
    const char *name;
    int (*run)(int argc, char **argv);
} commands[] = {{"serve", cli_serve},
                {"migrate", cli_migrate},
                {"keys", cli_keys},
                {"mail", cli_mail},
                {"operator", cli_operator},
                {"demo", cli_demo},
                {"taxonomies", cli_taxonomies},
                {"search", cli_search}};

/* Whoever starts a program with standard input, output or error closed has its number given to the
 * next file or connection that is opened, and what is meant for the log is written there. */
static void open_standard(void) {
    int fd;
    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd > STDERR_FILENO)
        (void)close(fd);
}

int main(int argc, char **argv) {
    open_standard();
    const char *name = argc < 2 ? "" : argv[1];
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(name, commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    if (strcmp(name, "--version") == 0) {
        (void)puts("segreteria " SEGRETERIA_VERSION);
        return 0;
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "help") == 0) {
        (void)fputs(help, stdout);
        return 0;
    }
    if (name[0] != '\0')
        (void)fprintf(stderr, "segreteria: there is no command \"%s\"\n", name);
    (void)fputs(help, stderr);
    return 2;
}
