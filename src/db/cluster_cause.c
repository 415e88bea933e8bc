/* Why PostgreSQL did not start, in one line for a person, out of what it and its programs wrote. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cluster_private.h"

#define TAIL_SIZE 16384

/* "... FATAL:  no space" -> "no space"; false when the line has no such mark. */
static bool line_message(struct str line, struct str *message) {
    static const char *const marks[] = {"FATAL:", "PANIC:", "ERROR:", "error:"};
    for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
        const char *at = line.len == 0 ? NULL
                                       : memmem(line.ptr, line.len, marks[i], strlen(marks[i]));
        if (at != NULL) {
            const char *start = at + strlen(marks[i]);
            *message = str_trim(str_from(start, (size_t)(line.ptr + line.len - start)));
            return true;
        }
    }
    return false;
}

/* The first error is the cause; those after it follow from it. What PostgreSQL logged just before a
 * complaint about its settings names the setting. */
static bool find_message(struct str output, struct str *before, struct str *message) {
    struct str line;
    *before = STR_NONE;
    while (str_split(&output, '\n', &line)) {
        if (line_message(line, message)) {
            const char contains[] = "contains errors";
            if (memmem(message->ptr, message->len, contains, sizeof contains - 1) == NULL) {
                *before = STR_NONE;
            }
            return true;
        }
        const char *at = line.len == 0 ? NULL : memmem(line.ptr, line.len, "LOG:", 4);
        if (at != NULL) {
            *before = str_trim(str_from(at + 4, (size_t)(line.ptr + line.len - at - 4)));
        }
    }
    return false;
}

/* The text with the path only our process knows replaced by the one the person gave, lines joined.
 */
static void append_for_person(const struct cluster *cluster, struct str text, struct buf *error) {
    size_t prefix = strlen(cluster->prefix);
    for (size_t i = 0; i < text.len; i++) {
        if (text.len - i >= prefix && memcmp(text.ptr + i, cluster->prefix, prefix) == 0) {
            buf_append_text(error, cluster->data_dir);
            i += prefix - 1;
        } else {
            buf_append_char(error, text.ptr[i] == '\n' ? ' ' : text.ptr[i]);
        }
    }
}

/* The end of today's log from the last start on; STR_NONE when there is none. */
static struct str log_tail(const struct cluster *cluster, char *tail, size_t size) {
    char path[96];
    char name[256];
    snprintf(path, sizeof path, "%s/current_logfiles", cluster->name);
    cluster_dir_first_line(cluster, path, name, sizeof name);
    /* "stderr ../log/postgresql-Mon.log" */
    const char *file = strrchr(name, '/');
    int length = snprintf(path, sizeof path, "log%s", file == NULL ? "" : file);
    if (file == NULL || length < 0 || (size_t)length >= sizeof path) {
        return STR_NONE;
    }
    int fd = openat(cluster->dir_fd, path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        return STR_NONE;
    }
    off_t end = lseek(fd, 0, SEEK_END);
    ssize_t n = pread(fd, tail, size, end > (off_t)size ? end - (off_t)size : 0);
    close(fd);
    struct str text = str_from(tail, n > 0 ? (size_t)n : 0);
    const char start[] = "starting PostgreSQL";
    const char *at;
    while ((at = memmem(text.ptr, text.len, start, sizeof start - 1)) != NULL) {
        text = str_from(at + 1, (size_t)(text.ptr + text.len - at - 1));
    }
    return text;
}

void cluster_cause(const struct cluster *cluster, struct str output, struct buf *error) {
    char tail[TAIL_SIZE];
    struct str before;
    struct str message;
    const char logs[] = "redirecting log output";
    bool logged = output.len > 0 && memmem(output.ptr, output.len, logs, sizeof logs - 1) != NULL;
    if (find_message(output, &before, &message) ||
        (logged && find_message(log_tail(cluster, tail, sizeof tail), &before, &message))) {
        if (!str_is_none(before)) {
            append_for_person(cluster, before, error);
            buf_append_text(error, "; ");
        }
        append_for_person(cluster, message, error);
        return;
    }
    message = str_trim(output);
    while (message.len > 0 && message.ptr[message.len - 1] == '\n') {
        message.len--;
    }
    append_for_person(cluster, message.len == 0 ? STR("it gave no reason") : message, error);
}
