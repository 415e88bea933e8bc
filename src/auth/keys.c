/* The key file: read, made, changed. */
#include "segreteria/auth/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "key_ring.h"
#include "segreteria/core/log.h"

#define PATH_SIZE 4096

static enum status path_of(const char *data_dir, const char *suffix, char out[PATH_SIZE]) {
    int len = snprintf(out, PATH_SIZE, "%s/master.key%s", data_dir, suffix);
    return len < 0 || len >= PATH_SIZE ? STATUS_TOO_LARGE : STATUS_OK;
}

/* ---- reading ---- */

static enum status read_text(int fd, const char *path, char *text, size_t size, struct str *out,
                             struct buf *error) {
    struct stat info;
    if (fstat(fd, &info) != 0)
        return STATUS_IO;
    if (!S_ISREG(info.st_mode) || (info.st_mode & 077) != 0) {
        buf_printf(error, "%s must be a plain file that only its owner can read (chmod 600)", path);
        return STATUS_INVALID;
    }
    ssize_t got = read(fd, text, size);
    if (got < 0)
        return STATUS_IO;
    *out = str_from(text, (size_t)got);
    return STATUS_OK;
}

static enum status read_file(const char *path, struct master_keys *out, struct buf *error) {
    char text[KEY_TEXT_MAX];
    struct str read = STR_NONE;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT ? STATUS_NOT_FOUND : STATUS_IO;
    enum status status = read_text(fd, path, text, sizeof text, &read, error);
    (void)close(fd);
    if (status == STATUS_OK)
        status = master_keys_parse(read, path, out, error);
    sodium_memzero(text, sizeof text);
    return status;
}

/* ---- writing ---- */

static enum status write_beside(const char *temporary, const struct master_keys *masters,
                                struct buf *error) {
    struct buf text;
    enum status status = STATUS_IO;
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        buf_printf(error, "cannot make %s: errno %d", temporary, errno);
        return STATUS_IO;
    }
    buf_init(&text, KEY_TEXT_MAX);
    master_keys_format(masters, &text);
    if (buf_status(&text) != STATUS_OK)
        status = buf_status(&text);
    else if (write(fd, text.data, text.len) == (ssize_t)text.len && fsync(fd) == 0)
        status = STATUS_OK;
    else
        buf_printf(error, "cannot write %s: errno %d", temporary, errno);
    (void)close(fd);
    buf_wipe(&text);
    return status;
}

/* What the directory says survives a loss of power, too. */
static void sync_directory(const char *data_dir) {
    int fd = open(data_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    (void)fsync(fd);
    (void)close(fd);
}

/* Written beside and put into place, so that a crash leaves no half a key. A first file is linked:
 * two servers that start at once agree on the one that was first. */
static enum status write_file(const char *data_dir, const struct master_keys *masters, bool first,
                              struct buf *error) {
    char path[PATH_SIZE], temporary[PATH_SIZE], suffix[32];
    (void)snprintf(suffix, sizeof suffix, ".%ld", (long)getpid());
    enum status status = path_of(data_dir, "", path);
    if (status == STATUS_OK)
        status = path_of(data_dir, suffix, temporary);
    if (status == STATUS_OK)
        status = write_beside(temporary, masters, error);
    if (status != STATUS_OK)
        return status;
    bool placed = first ? link(temporary, path) == 0 || errno == EEXIST
                        : rename(temporary, path) == 0;
    if (!placed) {
        buf_printf(error, "cannot write %s: errno %d", path, errno);
        status = STATUS_IO;
    }
    if (first || !placed)
        (void)unlink(temporary);
    sync_directory(data_dir);
    return status;
}

static void make_key(struct master_key *out) {
    *out = (struct master_key){.marks = true};
    crypto_kdf_keygen(out->bytes);
    clock_format_rfc3339(clock_unix_ms(), out->made);
}

static enum status make_file(const char *data_dir, struct buf *error) {
    struct master_keys masters = {.count = 1};
    make_key(&masters.list[0]);
    enum status status = write_file(data_dir, &masters, true, error);
    master_keys_wipe(&masters);
    if (status == STATUS_OK)
        log_info("master_key_made",
                 "note=\"keep a copy of master.key: without it every token is worthless\"");
    return status;
}

static enum status load_masters(const char *environment, const char *data_dir,
                                struct master_keys *out, struct buf *error) {
    if (environment != NULL)
        return master_keys_parse(str_of(environment), "SEGRETERIA_MASTER_KEY", out, error);
    char path[PATH_SIZE];
    enum status status = path_of(data_dir, "", path);
    if (status != STATUS_OK)
        return status;
    status = read_file(path, out, error);
    if (status == STATUS_NOT_FOUND) {
        status = make_file(data_dir, error);
        if (status == STATUS_OK)
            status = read_file(path, out, error);
    }
    if (status == STATUS_IO && error->len == 0)
        buf_printf(error, "cannot read %s: errno %d", path, errno);
    return status;
}

enum status keys_load(const char *environment, const char *data_dir, struct keys *out,
                      struct buf *error) {
    struct master_keys masters = {0};
    enum status status = load_masters(environment, data_dir, &masters, error);
    if (status == STATUS_OK)
        keys_derive(&masters, out);
    master_keys_wipe(&masters);
    return status;
}

enum status keys_file_read(const char *data_dir, struct keys *out, struct buf *error) {
    char path[PATH_SIZE];
    struct master_keys masters = {0};
    enum status status = path_of(data_dir, "", path);
    if (status == STATUS_OK)
        status = read_file(path, &masters, error);
    if (status == STATUS_OK)
        keys_derive(&masters, out);
    else if (error->len == 0)
        buf_printf(error, "cannot read %s: %s", path,
                   status == STATUS_NOT_FOUND ? "there is no such file" : status_name(status));
    master_keys_wipe(&masters);
    return status;
}

/* ---- changes ---- */

static enum status add(struct master_keys *masters, const char *id_text, bool *changed) {
    (void)id_text;
    for (size_t i = 0; i < masters->count; i++)
        if (masters->list[i].next)
            return STATUS_OK;
    if (masters->count == KEYS_MAX)
        return STATUS_TOO_LARGE;
    memmove(&masters->list[1], &masters->list[0], masters->count * sizeof masters->list[0]);
    make_key(&masters->list[0]);
    masters->list[0].next = true;
    masters->count++;
    *changed = true;
    return STATUS_OK;
}

static enum status promote(struct master_keys *masters, const char *id_text, bool *changed) {
    (void)id_text;
    for (size_t i = 0; i < masters->count; i++)
        if (masters->list[i].next) {
            masters->list[i].next = false;
            *changed = true;
        }
    return STATUS_OK;
}

static enum status take_out(struct master_keys *masters, const char *id_text, bool *changed) {
    struct keys keys;
    keys_derive(masters, &keys);
    size_t at = 0, current = keys.current;
    while (at < keys.count && strcmp(keys.list[at].id_text, id_text) != 0)
        at++;
    keys_wipe(&keys);
    if (at == masters->count)
        return STATUS_NOT_FOUND;
    if (at == current)
        return STATUS_EXISTS;
    memmove(&masters->list[at], &masters->list[at + 1],
            (masters->count - at - 1) * sizeof masters->list[0]);
    masters->count--;
    *changed = true;
    return STATUS_OK;
}

/* One change at a time: the lock is the directory's, because the file is replaced. */
static enum status change(const char *data_dir, const char *id_text, struct keys *out,
                          enum status (*apply)(struct master_keys *masters, const char *id_text,
                                               bool *changed),
                          struct buf *error) {
    char path[PATH_SIZE];
    struct master_keys masters = {0};
    bool changed = false;
    enum status status = path_of(data_dir, "", path);
    int lock = open(data_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (lock < 0 || flock(lock, LOCK_EX) != 0) {
        buf_printf(error, "cannot lock %s: errno %d", data_dir, errno);
        status = STATUS_IO;
    }
    if (status == STATUS_OK)
        status = read_file(path, &masters, error);
    if (status == STATUS_OK)
        status = apply(&masters, id_text, &changed);
    if (status == STATUS_OK && changed)
        status = write_file(data_dir, &masters, false, error);
    if (status == STATUS_OK)
        keys_derive(&masters, out);
    else if (error->len == 0)
        buf_printf(error, "cannot change %s: %s", path, status_name(status));
    master_keys_wipe(&masters);
    if (lock >= 0)
        (void)close(lock);
    return status;
}

enum status keys_file_add(const char *data_dir, struct keys *out, struct buf *error) {
    return change(data_dir, NULL, out, add, error);
}

enum status keys_file_promote(const char *data_dir, struct keys *out, struct buf *error) {
    return change(data_dir, NULL, out, promote, error);
}

enum status keys_file_remove(const char *data_dir, const char *id_text, struct keys *out,
                             struct buf *error) {
    return change(data_dir, id_text, out, take_out, error);
}
