/* Messages as files, where there is no mail server: <data directory>/mail/<id>.eml, for the owner
 * alone. Old ones are removed. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "courier_private.h"
#include "segreteria/core/log.h"

#define FOLDER "mail"
#define KEPT_SECONDS ((time_t)30 * 24 * 3600)

static int open_folder(const struct courier *courier) {
    int data = courier->options.data_dir_fd;
    if (mkdirat(data, FOLDER, 0700) != 0 && errno != EEXIST)
        return -1;
    return openat(data, FOLDER, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
}

static bool write_all(int fd, struct str text) {
    while (text.len > 0) {
        ssize_t written = write(fd, text.ptr, text.len);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        text = str_from(text.ptr + written, text.len - (size_t)written);
    }
    return true;
}

static bool write_in(int folder, const char *id, struct str message) {
    char temporary[64], name[64];
    (void)snprintf(temporary, sizeof temporary, ".%s.part", id);
    (void)snprintf(name, sizeof name, "%s.eml", id);
    int fd = openat(folder, temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return false;
    bool ok = write_all(fd, message) && fsync(fd) == 0;
    ok = close(fd) == 0 && ok && renameat(folder, temporary, folder, name) == 0;
    if (!ok)
        (void)unlinkat(folder, temporary, 0);
    return ok && fsync(folder) == 0;
}

enum status file_write(const struct courier *courier, const char *id, struct str message) {
    int folder = open_folder(courier);
    bool ok = folder >= 0 && write_in(folder, id, message);
    if (!ok)
        log_warn("mail_file_failed", "errno=%d", errno);
    if (folder >= 0)
        (void)close(folder);
    return ok ? STATUS_OK : STATUS_IO;
}

void file_purge(const struct courier *courier) {
    int folder = openat(courier->options.data_dir_fd, FOLDER,
                        O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    DIR *list = folder < 0 ? NULL : fdopendir(folder);
    if (list == NULL) {
        if (folder >= 0)
            (void)close(folder);
        return;
    }
    const struct dirent *entry;
    time_t before = time(NULL) - KEPT_SECONDS;
    while ((entry = readdir(list)) != NULL) {
        struct stat info;
        struct str name = str_of(entry->d_name);
        bool ours = str_ends_with(name, STR(".eml")) || str_ends_with(name, STR(".part"));
        if (ours && fstatat(dirfd(list), entry->d_name, &info, AT_SYMLINK_NOFOLLOW) == 0 &&
            S_ISREG(info.st_mode) && info.st_mtime < before)
            (void)unlinkat(dirfd(list), entry->d_name, 0);
    }
    (void)closedir(list);
}
