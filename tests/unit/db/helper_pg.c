/* initdb, postgres and clean-up for tests. */
#include "helper_pg.h"

#include <dirent.h>
#include <fcntl.h>
#include <glob.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void fail(const char *what, const char *why) {
    fprintf(stderr, "pg_fixture: %s: %s\n", what, why);
    abort();
}

static bool find_binaries(struct pg_fixture *fixture) {
    glob_t found;
    bool any = glob("/usr/lib/postgresql/*/bin/initdb", 0, NULL, &found) == 0 && found.gl_pathc > 0;
    if (any) {
        const char *last = found.gl_pathv[found.gl_pathc - 1];
        int len = snprintf(fixture->binaries, sizeof fixture->binaries, "%.*s",
                           (int)(strlen(last) - strlen("/initdb")), last);
        any = len > 0 && (size_t)len < sizeof fixture->binaries;
    }
    globfree(&found);
    return any;
}

static void become_postgres(void) {
    if (geteuid() != 0)
        return;
    const struct passwd *user = getpwnam("postgres");
    if (user == NULL || setgid(user->pw_gid) != 0 || setuid(user->pw_uid) != 0)
        _exit(126);
}

static pid_t spawn(const struct pg_fixture *fixture, const char *program, char *const argv[]) {
    char path[256];
    (void)snprintf(path, sizeof path, "%s/%s", fixture->binaries, program);
    pid_t pid = fork();
    if (pid < 0)
        fail("fork", program);
    if (pid > 0)
        return pid;
    (void)setsid(); /* a group of its own, so that a crash can end all of it */
    become_postgres();
    char log[128];
    (void)snprintf(log, sizeof log, "%s/log", fixture->directory);
    int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (fd >= 0) {
        (void)dup2(fd, STDOUT_FILENO);
        (void)dup2(fd, STDERR_FILENO);
    }
    if (chdir("/") != 0)
        _exit(126);
    char *arguments[32] = {path}; /* where it stands, for its search for its kin */
    for (size_t i = 1; i < 31 && argv[i] != NULL; i++)
        arguments[i] = argv[i];
    execv(path, arguments);
    _exit(127);
}

static void start_postmaster(struct pg_fixture *fixture) {
    char data[96], sockets[96];
    (void)snprintf(data, sizeof data, "%s/data", fixture->directory);
    (void)snprintf(sockets, sizeof sockets, "unix_socket_directories=%s", fixture->directory);
    char *const argv[] = {"postgres",
                          "-D",
                          data,
                          "-c",
                          sockets,
                          "-c",
                          "listen_addresses=",
                          "-c",
                          "max_connections=60",
                          "-c",
                          "shared_buffers=64MB",
                          "-c",
                          "fsync=off",
                          NULL};
    fixture->postmaster = spawn(fixture, "postgres", argv);
}

static void wait_ready(const struct pg_fixture *fixture) {
    for (int i = 0; i < 600; i++) {
        if (PQping(fixture->conninfo) == PQPING_OK)
            return;
        usleep(50000);
    }
    fail("start", "not ready within 30 s");
}

bool pg_fixture_start(struct pg_fixture *fixture) {
    memset(fixture, 0, sizeof *fixture);
    if (!find_binaries(fixture))
        return false;
    (void)snprintf(fixture->directory, sizeof fixture->directory, "/tmp/segreteria-db-XXXXXX");
    if (mkdtemp(fixture->directory) == NULL)
        fail("mkdtemp", fixture->directory);
    const struct passwd *user = geteuid() == 0 ? getpwnam("postgres") : NULL;
    if (user != NULL && chown(fixture->directory, user->pw_uid, user->pw_gid) != 0)
        fail("chown", fixture->directory);
    char data[96];
    (void)snprintf(data, sizeof data, "%s/data", fixture->directory);
    (void)snprintf(fixture->conninfo, sizeof fixture->conninfo,
                   "host=%s user=postgres dbname=postgres", fixture->directory);
    char *const argv[] = {"initdb", "-D", data,   "-U",          "postgres", "-A",
                          "trust",  "-E", "UTF8", "--no-locale", "-N",       NULL};
    int status = 0;
    if (waitpid(spawn(fixture, "initdb", argv), &status, 0) < 0 || status != 0)
        fail("initdb", fixture->directory);
    start_postmaster(fixture);
    wait_ready(fixture);
    return true;
}

void pg_fixture_crash(struct pg_fixture *fixture) {
    /* Each backend is a session leader's child of the postmaster in a group of its own: find them
     * by their parent. */
    char path[64], line[512];
    pid_t children[256];
    size_t count = 0;
    (void)snprintf(path, sizeof path, "/proc/%d/task/%d/children", (int)fixture->postmaster,
                   (int)fixture->postmaster);
    (void)kill(fixture->postmaster, SIGSTOP);
    FILE *file = fopen(path, "r");
    while (file != NULL && count < 256 && fscanf(file, "%15s", line) == 1)
        children[count++] = (pid_t)strtol(line, NULL, 10);
    if (file != NULL)
        (void)fclose(file);
    (void)kill(fixture->postmaster, SIGKILL);
    for (size_t i = 0; i < count; i++)
        (void)kill(children[i], SIGKILL);
    (void)waitpid(fixture->postmaster, NULL, 0);
    fixture->postmaster = 0;
}

void pg_fixture_restart(struct pg_fixture *fixture, bool wait) {
    start_postmaster(fixture);
    if (wait)
        wait_ready(fixture);
}

static void remove_tree(const char *path) {
    pid_t pid = fork();
    if (pid == 0) {
        execl("/bin/rm", "rm", "-rf", path, (char *)NULL);
        _exit(127);
    }
    (void)waitpid(pid, NULL, 0);
}

void pg_fixture_stop(struct pg_fixture *fixture) {
    if (fixture->postmaster > 0) {
        (void)kill(fixture->postmaster, SIGINT);
        (void)waitpid(fixture->postmaster, NULL, 0);
    }
    if (fixture->directory[0] != '\0')
        remove_tree(fixture->directory);
}

static PGresult *run(const struct pg_fixture *fixture, PGconn **out, const char *sql) {
    PGconn *pg = PQconnectdb(fixture->conninfo);
    if (PQstatus(pg) != CONNECTION_OK)
        fail("connect", PQerrorMessage(pg));
    PGresult *result = PQexec(pg, sql);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        fail(sql, PQerrorMessage(pg));
    *out = pg;
    return result;
}

void pg_fixture_run(const struct pg_fixture *fixture, const char *sql) {
    PGconn *pg;
    PQclear(run(fixture, &pg, sql));
    PQfinish(pg);
}

long pg_fixture_number(const struct pg_fixture *fixture, const char *sql) {
    PGconn *pg;
    PGresult *result = run(fixture, &pg, sql);
    long number = PQntuples(result) == 1 ? strtol(PQgetvalue(result, 0, 0), NULL, 10) : -1;
    PQclear(result);
    PQfinish(pg);
    return number;
}
