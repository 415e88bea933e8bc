/* Child processes of the cluster: starting them, hearing why they failed, finding those a killed
 * server left behind.
 *
 * Between fork and exec only async-signal-safe calls are made: PostgreSQL is started again while
 * worker threads run.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cluster_private.h"
#include "segreteria/core/clock.h"

void cluster_sleep_ms(unsigned ms) {
    struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = (long)(ms % 1000) * 1000000};
    nanosleep(&pause, NULL);
}

struct spawn_fds {
    int input;
    int output;
    int keep;
    int report; /* close-on-exec: gets errno when exec fails, end of file when it succeeds */
};

static void child_fail(int report) {
    int code = errno;
    ssize_t ignored = write(report, &code, sizeof code);
    (void)ignored;
    _exit(127);
}

/* The clean state a program may expect: the server ignores and blocks signals, and both would be
 * inherited. */
static void child_exec(const struct cluster_program *program, char *const *environment,
                       pid_t parent, const struct spawn_fds *fds) {
    struct sigaction standard = {.sa_handler = SIG_DFL};
    for (int sig = 1; sig < NSIG; sig++) {
        sigaction(sig, &standard, NULL);
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);

    /* A session of its own: Ctrl-C in the terminal is for the server, which stops PostgreSQL after
     * its last request. */
    setsid();
    if (prctl(PR_SET_PDEATHSIG, program->death_signal) != 0) {
        child_fail(fds->report);
    }
    if (getppid() != parent) {
        _exit(127); /* the parent ended before it could be watched */
    }
    if (dup2(fds->input, STDIN_FILENO) < 0 || dup2(fds->output, STDOUT_FILENO) < 0 ||
        dup2(fds->output, STDERR_FILENO) < 0 ||
        (fds->keep >= 0 && fcntl(fds->keep, F_SETFD, 0) != 0)) {
        child_fail(fds->report);
    }
    /* PostgreSQL returns to where it was started; the caller's directory may be closed to this
     * user. */
    if (chdir("/") != 0) {
        child_fail(fds->report);
    }
    umask(0077);
    execve(program->argv[0], (char *const *)(uintptr_t)program->argv, environment);
    child_fail(fds->report);
}

/* Nothing of the caller's environment but the library path: PGDATA, PGPORT, LC_* and the like must
 * not reach PostgreSQL. */
#define ENVIRONMENT_SIZE 5

static enum status environment_build(char *environment[ENVIRONMENT_SIZE], char **library_path) {
    static char path[] = "PATH=/usr/local/bin:/usr/bin:/bin";
    static char locale[] = "LC_ALL=C";
    static char zone[] = "TZ=UTC";
    environment[0] = path;
    environment[1] = locale;
    environment[2] = zone;
    environment[3] = NULL;
    environment[4] = NULL;
    *library_path = NULL;
    const char *libraries = getenv("LD_LIBRARY_PATH");
    if (libraries != NULL) {
        size_t size = strlen(libraries) + sizeof "LD_LIBRARY_PATH=";
        *library_path = malloc(size);
        if (*library_path == NULL) {
            return STATUS_NO_MEMORY;
        }
        snprintf(*library_path, size, "LD_LIBRARY_PATH=%s", libraries);
        environment[3] = *library_path;
    }
    return STATUS_OK;
}

/* errno of the failed exec, or 0. */
static int report_read(int fd) {
    int code = 0;
    ssize_t n = 0;
    do {
        n = read(fd, &code, sizeof code);
    } while (n < 0 && errno == EINTR);
    return n == (ssize_t)sizeof code ? code : 0;
}

static void close_all(const int *fds, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (fds[i] >= 0) {
            close(fds[i]);
        }
    }
}

enum status cluster_spawn(const struct cluster_program *program, int input_fd, pid_t *pid,
                          int *output_fd, struct buf *error) {
    char *environment[ENVIRONMENT_SIZE];
    char *library_path = NULL;
    if (environment_build(environment, &library_path) != STATUS_OK) {
        buf_append_text(error, "out of memory");
        return STATUS_NO_MEMORY;
    }
    int fds[4] = {-1, -1, -1, -1}; /* output: read, write; report: read, write */
    pid_t child = -1;
    if (pipe2(fds, O_CLOEXEC) == 0 && pipe2(fds + 2, O_CLOEXEC) == 0) {
        pid_t parent = getpid();
        child = fork();
        if (child == 0) {
            child_exec(program, environment, parent,
                       &(struct spawn_fds){input_fd, fds[1], program->keep_fd, fds[3]});
        }
    }
    int code = errno;
    free(library_path);
    if (child < 0) {
        close_all(fds, 4);
        buf_printf(error, "cannot start %s: %s", program->argv[0], strerror(code));
        return STATUS_IO;
    }
    close(fds[1]);
    close(fds[3]);
    code = report_read(fds[2]);
    close(fds[2]);
    if (code != 0) {
        close(fds[0]);
        waitpid(child, NULL, 0);
        buf_printf(error, "cannot start %s: %s", program->argv[0], strerror(code));
        return STATUS_IO;
    }
    fcntl(fds[0], F_SETFL, O_NONBLOCK);
    *pid = child;
    *output_fd = fds[0];
    return STATUS_OK;
}

bool cluster_drain(int fd, struct buf *output) {
    char chunk[4096];
    for (;;) {
        ssize_t n = read(fd, chunk, sizeof chunk);
        if (n == 0) {
            return false;
        }
        if (n < 0) {
            return errno == EAGAIN || errno == EINTR;
        }
        if (output->len + (size_t)n <= output->max) {
            buf_append(output, str_from(chunk, (size_t)n));
        }
    }
}

/* Reads until the program closes its output or its time is over. */
static enum status run_wait(struct cluster *cluster, int fd, uint64_t deadline_ms,
                            struct buf *output) {
    while (cluster_drain(fd, output)) {
        if (cluster_is_cancelled(cluster) || clock_monotonic_ms() >= deadline_ms) {
            return STATUS_TIMEOUT;
        }
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        poll(&wait, 1, 50);
    }
    return STATUS_OK;
}

enum status cluster_run(struct cluster *cluster, const struct cluster_program *program,
                        struct str input, uint64_t timeout_ms, struct buf *output, int *exit_status,
                        struct buf *error) {
    int in[2];
    if (pipe2(in, O_CLOEXEC) != 0) {
        buf_printf(error, "cannot make a pipe: %s", strerror(errno));
        return STATUS_IO;
    }
    /* The input fits into the pipe: it is written before anybody reads. */
    bool written = input.len <= PIPE_BUF &&
                   write(in[1], input.ptr, input.len) == (ssize_t)input.len;
    close(in[1]);
    pid_t pid = 0;
    int fd = -1;
    enum status status = STATUS_INTERNAL;
    if (written) {
        status = cluster_spawn(program, in[0], &pid, &fd, error);
    }
    close(in[0]);
    if (status != STATUS_OK) {
        return status;
    }
    status = run_wait(cluster, fd, clock_monotonic_ms() + timeout_ms, output);
    close(fd);
    if (status != STATUS_OK) {
        kill(-pid, SIGKILL); /* its session, hence its group */
        buf_printf(error, "%s was given up", program->argv[0]);
    }
    int wait_status = 0;
    while (waitpid(pid, &wait_status, 0) < 0 && errno == EINTR) {
    }
    *exit_status = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : 128 + WTERMSIG(wait_status);
    return status;
}

bool cluster_is_ours(const struct cluster *cluster, const char *name, pid_t pid) {
    struct stat ours;
    struct stat theirs;
    char path[64];
    char program[PATH_MAX];
    /* Only the same user's processes can be looked into: others fail here. A shell that merely
     * stands in the directory is not PostgreSQL; a program that was upgraded meanwhile shows as
     * "postgres (deleted)". */
    snprintf(path, sizeof path, "/proc/%d/exe", (int)pid);
    ssize_t length = readlink(path, program, sizeof program - 1);
    if (length <= 0) {
        return false;
    }
    program[length] = '\0';
    const char *slash = strrchr(program, '/');
    if (slash == NULL || strncmp(slash, "/postgres", 9) != 0) {
        return false;
    }
    snprintf(path, sizeof path, "/proc/%d/cwd", (int)pid);
    return fstatat(cluster->dir_fd, name, &ours, 0) == 0 && stat(path, &theirs) == 0 &&
           ours.st_dev == theirs.st_dev && ours.st_ino == theirs.st_ino;
}

size_t cluster_signal_all(const struct cluster *cluster, const char *name, int sig) {
    DIR *processes = opendir("/proc");
    if (processes == NULL) {
        return 0;
    }
    size_t count = 0;
    const struct dirent *entry;
    while ((entry = readdir(processes)) != NULL) {
        uint64_t pid = 0;
        if (str_to_u64(str_of(entry->d_name), INT_MAX, &pid) == STATUS_OK &&
            cluster_is_ours(cluster, name, (pid_t)pid)) {
            count++;
            if (sig != 0) {
                kill((pid_t)pid, sig);
            }
        }
    }
    closedir(processes);
    return count;
}
