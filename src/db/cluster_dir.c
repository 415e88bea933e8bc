/* The data directory: whose it is, its permissions, its lock, and writing in it.
 *
 * Started by root, the server gives the directory to an unprivileged user and becomes that user:
 * PostgreSQL refuses to run as root, and the server has no need of it. A directory that is not
 * empty and not ours is never given away: a mistyped --data-dir must not change the owner of
 * somebody's files.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cluster_private.h"

#define REMOVE_DEPTH_MAX 32

void cluster_dir_error(const struct cluster *cluster, const char *what, const char *name,
                       struct buf *error) {
    int code = errno;
    buf_printf(error, "%s %s%s%s: %s", what, cluster->data_dir, *name == '\0' ? "" : "/", name,
               strerror(code));
}

enum status cluster_default_data_dir(struct buf *out, struct buf *error) {
    if (geteuid() == 0) {
        buf_append_text(out, "/var/lib/segreteria");
        return buf_status(out);
    }
    const char *xdg = getenv("XDG_DATA_HOME");
    if (xdg != NULL && *xdg == '/') { /* the specification has relative paths ignored */
        buf_printf(out, "%s/segreteria", xdg);
        return buf_status(out);
    }
    const char *home = getenv("HOME");
    struct passwd entry;
    struct passwd *found = NULL;
    char storage[4096];
    if (home == NULL || *home != '/') {
        if (getpwuid_r(geteuid(), &entry, storage, sizeof storage, &found) != 0 || found == NULL) {
            buf_append_text(error, "HOME is not set: name the data directory with --data-dir");
            return STATUS_NOT_FOUND;
        }
        home = found->pw_dir;
    }
    buf_printf(out, "%s/.local/share/segreteria", home);
    return buf_status(out);
}

/* ---- The user ---- */

static enum status account_set(struct cluster *cluster, const struct passwd *entry,
                               struct buf *error) {
    if (entry->pw_uid == 0) {
        buf_append_text(error, "PostgreSQL does not run as root: name another user with --run-as");
        return STATUS_INVALID;
    }
    if (strlen(entry->pw_name) >= sizeof cluster->user ||
        strpbrk(entry->pw_name, "\"\n\\/") != NULL) {
        buf_append_text(error,
                        "the user's name is too long or has characters PostgreSQL does not take");
        return STATUS_INVALID;
    }
    cluster->uid = entry->pw_uid;
    cluster->gid = entry->pw_gid;
    snprintf(cluster->user, sizeof cluster->user, "%s", entry->pw_name);
    return STATUS_OK;
}

static enum status account_by_uid(struct cluster *cluster, uid_t uid, struct buf *error) {
    struct passwd entry;
    struct passwd *found = NULL;
    char storage[4096];
    if (getpwuid_r(uid, &entry, storage, sizeof storage, &found) != 0 || found == NULL) {
        buf_printf(error,
                   "user id %u has no name on this machine, and PostgreSQL needs one: "
                   "add it to /etc/passwd",
                   (unsigned)uid);
        return STATUS_NOT_FOUND;
    }
    return account_set(cluster, found, error);
}

static enum status account_by_name(struct cluster *cluster, const char *name, struct buf *error) {
    struct passwd entry;
    struct passwd *found = NULL;
    char storage[4096];
    if (getpwnam_r(name, &entry, storage, sizeof storage, &found) != 0 || found == NULL) {
        buf_printf(error, "there is no user %s (--run-as)", name);
        return STATUS_NOT_FOUND;
    }
    return account_set(cluster, found, error);
}

static enum status account_choose(struct cluster *cluster, const struct stat *dir,
                                  const char *run_as, struct buf *error) {
    if (geteuid() != 0) {
        enum status status = account_by_uid(cluster, geteuid(), error);
        if (status == STATUS_OK && run_as != NULL && strcmp(run_as, cluster->user) != 0) {
            buf_append_text(error, "only root can run the server as another user (--run-as)");
            return STATUS_INVALID;
        }
        return status;
    }
    if (run_as != NULL) {
        return account_by_name(cluster, run_as, error);
    }
    if (dir->st_uid != 0) {
        return account_by_uid(cluster, dir->st_uid, error);
    }
    static const char *const candidates[] = {"segreteria", "postgres", "nobody"};
    for (size_t i = 0; i < sizeof candidates / sizeof *candidates; i++) {
        buf_clear(error);
        if (account_by_name(cluster, candidates[i], error) == STATUS_OK) {
            return STATUS_OK;
        }
    }
    buf_clear(error);
    buf_append_text(
        error, "started by root, and none of the users segreteria, postgres and nobody exists: "
               "name one with --run-as");
    return STATUS_NOT_FOUND;
}

enum status cluster_drop_privileges(const struct cluster *cluster, struct buf *error) {
    if (geteuid() != 0) {
        return STATUS_OK;
    }
    if (initgroups(cluster->user, cluster->gid) != 0 ||
        setresgid(cluster->gid, cluster->gid, cluster->gid) != 0 ||
        setresuid(cluster->uid, cluster->uid, cluster->uid) != 0) {
        buf_printf(error, "cannot become user %s: %s", cluster->user, strerror(errno));
        return STATUS_IO;
    }
    if (setuid(0) == 0) {
        buf_printf(error, "became user %s, but could become root again", cluster->user);
        return STATUS_INTERNAL;
    }
    /* The change of user forbids core dumps and debuggers, which this user may have of its own
     * processes. */
    prctl(PR_SET_DUMPABLE, 1);
    return STATUS_OK;
}

/* ---- The directory ---- */

/* Makes the directories above the last part of the path, readable by all; the last one private. */
static enum status make_path(const char *path, struct buf *error) {
    char part[PATH_MAX];
    size_t length = strlen(path);
    if (length == 0 || length >= sizeof part) {
        buf_append_text(error, "the data directory's path is empty or too long");
        return STATUS_INVALID;
    }
    memcpy(part, path, length + 1);
    while (length > 1 && part[length - 1] == '/') {
        part[--length] = '\0';
    }
    for (char *at = part + 1;; at++) {
        bool last = *at == '\0';
        if (!last && *at != '/') {
            continue;
        }
        *at = '\0';
        if (mkdir(part, last ? 0700 : 0755) != 0 && errno != EEXIST) {
            buf_printf(error, "cannot make the directory %s: %s", part, strerror(errno));
            return STATUS_IO;
        }
        if (last) {
            return STATUS_OK;
        }
        *at = '/';
    }
}

/* Nothing in it, or a lock file: ours to change. */
static bool is_ours_or_empty(int dir_fd) {
    if (faccessat(dir_fd, "lock", F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
        return true;
    }
    int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (dir == NULL) {
        if (fd >= 0) {
            close(fd);
        }
        return false;
    }
    bool empty = true;
    const struct dirent *entry;
    while ((entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            empty = false;
        }
    }
    closedir(dir);
    return empty;
}

static enum status own_directory(struct cluster *cluster, const struct stat *dir,
                                 struct buf *error) {
    bool private = (dir->st_mode & 0777) == 0700;
    if (dir->st_uid == cluster->uid && private) {
        return STATUS_OK;
    }
    if (!is_ours_or_empty(cluster->dir_fd)) {
        buf_printf(error,
                   "%s is not empty and not a private directory of user %s: "
                   "name a new or empty directory, "
                   "or make it so (chown, chmod 0700)",
                   cluster->data_dir, cluster->user);
        return STATUS_MISMATCH;
    }
    if (dir->st_uid != cluster->uid) {
        bool used = faccessat(cluster->dir_fd, "lock", F_OK, AT_SYMLINK_NOFOLLOW) == 0;
        if (geteuid() != 0 || used) {
            buf_printf(error,
                       "%s belongs to another user (id %u): run as that user, or give it to %s "
                       "(chown -R %s %s)",
                       cluster->data_dir, (unsigned)dir->st_uid, cluster->user, cluster->user,
                       cluster->data_dir);
            return STATUS_MISMATCH;
        }
        if (fchown(cluster->dir_fd, cluster->uid, cluster->gid) != 0) {
            cluster_dir_error(cluster, "cannot give to its user the directory", "", error);
            return STATUS_IO;
        }
    }
    if (fchmod(cluster->dir_fd, 0700) != 0) {
        cluster_dir_error(cluster, "cannot make private the directory", "", error);
        return STATUS_IO;
    }
    return STATUS_OK;
}

enum status cluster_dir_open(struct cluster *cluster, const struct cluster_options *options,
                             bool make, struct buf *error) {
    enum status status = make ? make_path(cluster->data_dir, error) : STATUS_OK;
    if (status != STATUS_OK) {
        return status;
    }
    cluster->dir_fd = open(cluster->data_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct stat dir;
    if (cluster->dir_fd < 0 || fstat(cluster->dir_fd, &dir) != 0) {
        status = errno == ENOENT ? STATUS_NOT_FOUND : STATUS_IO;
        cluster_dir_error(cluster, "cannot open the data directory", "", error);
        return status;
    }
    snprintf(cluster->prefix, sizeof cluster->prefix, "/proc/self/fd/%d", cluster->dir_fd);
    if (access(cluster->prefix, F_OK) != 0) {
        buf_append_text(error, "the private cluster needs /proc to be mounted");
        return STATUS_UNSUPPORTED;
    }
    status = account_choose(cluster, &dir, options->run_as, error);
    return status == STATUS_OK && make ? own_directory(cluster, &dir, error) : status;
}

/* ---- The lock ---- */

static enum status lock_refuse(const struct cluster *cluster, int fd, struct buf *error) {
    char owner[16] = "";
    ssize_t n = pread(fd, owner, sizeof owner - 1, 0);
    owner[n > 0 ? n : 0] = '\0';
    owner[strcspn(owner, "\n")] = '\0';
    buf_printf(error,
               "the data directory %s is in use by another segreteria (process %s): "
               "stop that one first, or "
               "name another directory with --data-dir",
               cluster->data_dir, *owner == '\0' ? "?" : owner);
    return STATUS_BUSY;
}

enum status cluster_dir_lock(struct cluster *cluster, struct buf *error) {
    const int flags = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
    bool made = true;
    int fd = openat(cluster->dir_fd, "lock", flags | O_CREAT | O_EXCL, 0600);
    if (fd < 0 && errno == EEXIST) {
        made = false;
        fd = openat(cluster->dir_fd, "lock", flags);
    }
    struct stat file;
    if (fd < 0 || fstat(fd, &file) != 0 || (made && fchown(fd, cluster->uid, cluster->gid) != 0)) {
        cluster_dir_error(cluster, "cannot open", "lock", error);
        if (fd >= 0) {
            close(fd);
        }
        return STATUS_IO;
    }
    if (!S_ISREG(file.st_mode) || (!made && file.st_uid != cluster->uid)) {
        buf_printf(
            error,
            "%s/lock is not a file of user %s: give the whole directory to that user (chown -R)",
            cluster->data_dir, cluster->user);
        close(fd);
        return STATUS_MISMATCH;
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        enum status status = STATUS_IO;
        if (errno == EWOULDBLOCK) {
            status = lock_refuse(cluster, fd, error);
        } else {
            cluster_dir_error(cluster, "cannot lock", "lock", error);
        }
        close(fd);
        return status;
    }
    char pid[16];
    int length = snprintf(pid, sizeof pid, "%d\n", (int)getpid());
    if (ftruncate(fd, 0) != 0 || pwrite(fd, pid, (size_t)length, 0) != length) {
        cluster_dir_error(cluster, "cannot write", "lock", error);
        close(fd);
        return STATUS_IO;
    }
    cluster->lock_fd = fd;
    return STATUS_OK;
}

/* ---- Files ---- */

enum status cluster_dir_make(const struct cluster *cluster, const char *name, struct buf *error) {
    if (mkdirat(cluster->dir_fd, name, 0700) != 0 && errno != EEXIST) {
        cluster_dir_error(cluster, "cannot make the directory", name, error);
        return STATUS_IO;
    }
    return STATUS_OK;
}

enum status cluster_dir_remove(int dir_fd, const char *name, int depth) {
    if (unlinkat(dir_fd, name, 0) == 0 || errno == ENOENT) {
        return STATUS_OK;
    }
    if ((errno != EISDIR && errno != EPERM) || depth >= REMOVE_DEPTH_MAX) {
        return STATUS_IO;
    }
    int fd = openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (dir == NULL) {
        if (fd >= 0) {
            close(fd);
        }
        return fd < 0 && errno == ENOENT ? STATUS_OK : STATUS_IO;
    }
    enum status status = STATUS_OK;
    const struct dirent *entry;
    while (status == STATUS_OK && (entry = readdir(dir)) != NULL) {
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            status = cluster_dir_remove(dirfd(dir), entry->d_name, depth + 1);
        }
    }
    closedir(dir);
    if (status == STATUS_OK && unlinkat(dir_fd, name, AT_REMOVEDIR) != 0 && errno != ENOENT) {
        status = STATUS_IO;
    }
    return status;
}

DIR *cluster_dir_list(const struct cluster *cluster, struct buf *error) {
    int fd = openat(cluster->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (dir == NULL) {
        cluster_dir_error(cluster, "cannot read the directory", "", error);
        if (fd >= 0) {
            close(fd);
        }
    }
    return dir;
}

void cluster_dir_first_line(const struct cluster *cluster, const char *path, char *out,
                            size_t size) {
    int fd = openat(cluster->dir_fd, path, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, out, size - 1);
    if (fd >= 0) {
        close(fd);
    }
    out[n > 0 ? n : 0] = '\0';
    out[strcspn(out, "\n")] = '\0';
}

bool cluster_dir_holds(const struct cluster *cluster, const char *path, struct str content) {
    char there[4096];
    int fd = openat(cluster->dir_fd, path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) {
        return false;
    }
    ssize_t n = read(fd, there, sizeof there);
    close(fd);
    return n >= 0 && str_eq(str_from(there, (size_t)n), content);
}

enum status cluster_dir_write(const struct cluster *cluster, const char *path, struct str content,
                              struct buf *error) {
    char temporary[256];
    int length = snprintf(temporary, sizeof temporary, "%s.new", path);
    if (length < 0 || (size_t)length >= sizeof temporary) {
        buf_append_text(error, "a file name is too long");
        return STATUS_INTERNAL;
    }
    int fd = openat(cluster->dir_fd, temporary,
                    O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool written = fd >= 0 && write(fd, content.ptr, content.len) == (ssize_t)content.len &&
                   fsync(fd) == 0;
    if (!written || renameat(cluster->dir_fd, temporary, cluster->dir_fd, path) != 0) {
        cluster_dir_error(cluster, "cannot write", path, error);
        if (fd >= 0) {
            close(fd);
            unlinkat(cluster->dir_fd, temporary, 0);
        }
        return STATUS_IO;
    }
    close(fd);
    return STATUS_OK;
}
