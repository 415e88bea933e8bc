/* The commands of the binary. Each takes what follows its name (argv[0] is the name) and returns
 * the exit status: 0 done, 1 failed, 2 used wrongly. */
#ifndef SEGRETERIA_CLI_COMMANDS_H
#define SEGRETERIA_CLI_COMMANDS_H

int cli_serve(int argc, char **argv);
int cli_migrate(int argc, char **argv);
int cli_keys(int argc, char **argv);
int cli_mail(int argc, char **argv);
int cli_operator(int argc, char **argv);
int cli_demo(int argc, char **argv);
int cli_taxonomies(int argc, char **argv);
/* 3: it could not be looked at. */
int cli_search(int argc, char **argv);

#endif
