/* Loads or makes the master key and derives the subkeys. */
#include "segreteria/auth/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "segreteria/core/log.h"

#define HEX_CHARS ((size_t)2 * crypto_kdf_KEYBYTES)
static const char context[crypto_kdf_CONTEXTBYTES + 1] = "segretar";

static enum status parse_hex(struct str text, unsigned char master[crypto_kdf_KEYBYTES],
                             struct buf *error, const char *source) {
    size_t len = 0;
    while (text.len > 0 && (text.ptr[text.len - 1] == '\n' || text.ptr[text.len - 1] == '\r'))
        text.len--;
    if (text.len != HEX_CHARS ||
        sodium_hex2bin(master, crypto_kdf_KEYBYTES, text.ptr, text.len, NULL, &len, NULL) != 0 ||
        len != crypto_kdf_KEYBYTES) {
        buf_printf(error, "%s does not hold a master key: 64 hexadecimal digits are expected",
                   source);
        return STATUS_INVALID;
    }
    return STATUS_OK;
}

static enum status read_file(const char *path, unsigned char master[crypto_kdf_KEYBYTES],
                             struct buf *error) {
    char text[HEX_CHARS + 3] = {0};
    struct stat info;
    enum status status = STATUS_IO;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0)
        return errno == ENOENT ? STATUS_NOT_FOUND : STATUS_IO;
    if (fstat(fd, &info) != 0)
        goto out;
    if (!S_ISREG(info.st_mode) || (info.st_mode & 077) != 0) {
        buf_printf(error, "%s must be a plain file that only its owner can read (chmod 600)", path);
        status = STATUS_INVALID;
        goto out;
    }
    ssize_t got = read(fd, text, sizeof text - 1);
    if (got >= 0)
        status = parse_hex(str_from(text, (size_t)got), master, error, path);
out:
    sodium_memzero(text, sizeof text);
    (void)close(fd);
    return status;
}

/* Written beside and linked into place: two servers that start at once agree on the one that was
 * first, and a crash leaves no half a key. */
static enum status make_file(const char *path, struct buf *error) {
    unsigned char master[crypto_kdf_KEYBYTES];
    char text[HEX_CHARS + 2], temporary[4096];
    enum status status = STATUS_IO;
    int len = snprintf(temporary, sizeof temporary, "%s.%ld", path, (long)getpid());
    if (len < 0 || (size_t)len >= sizeof temporary)
        return STATUS_TOO_LARGE;
    int fd = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        buf_printf(error, "cannot make %s: errno %d", temporary, errno);
        return STATUS_IO;
    }
    crypto_kdf_keygen(master);
    (void)sodium_bin2hex(text, sizeof text, master, sizeof master);
    text[HEX_CHARS] = '\n';
    if (write(fd, text, HEX_CHARS + 1) == (ssize_t)(HEX_CHARS + 1) && fsync(fd) == 0 &&
        (link(temporary, path) == 0 || errno == EEXIST))
        status = STATUS_OK;
    else
        buf_printf(error, "cannot write %s: errno %d", path, errno);
    (void)close(fd);
    (void)unlink(temporary);
    sodium_memzero(master, sizeof master);
    sodium_memzero(text, sizeof text);
    if (status == STATUS_OK)
        log_info("master_key_made",
                 "note=\"keep a copy of master.key: without it every token is worthless\"");
    return status;
}

static enum status load_master(const char *environment, const char *data_dir,
                               unsigned char master[crypto_kdf_KEYBYTES], struct buf *error) {
    if (environment != NULL)
        return parse_hex(str_of(environment), master, error, "SEGRETERIA_MASTER_KEY");
    char path[4000];
    int len = snprintf(path, sizeof path, "%s/master.key", data_dir);
    if (len < 0 || (size_t)len >= sizeof path)
        return STATUS_TOO_LARGE;
    enum status status = read_file(path, master, error);
    if (status == STATUS_NOT_FOUND) {
        status = make_file(path, error);
        if (status == STATUS_OK)
            status = read_file(path, master, error);
    }
    if (status == STATUS_IO && error->len == 0)
        buf_printf(error, "cannot read %s: errno %d", path, errno);
    return status;
}

enum status keys_load(const char *environment, const char *data_dir, struct keys *out,
                      struct buf *error) {
    unsigned char master[crypto_kdf_KEYBYTES];
    enum status status = load_master(environment, data_dir, master, error);
    if (status == STATUS_OK) {
        unsigned char *const subkeys[] = {out->token_hash, out->cursor, out->idempotency,
                                          out->derive, out->link};
        for (uint64_t i = 0; i < sizeof subkeys / sizeof subkeys[0]; i++)
            (void)crypto_kdf_derive_from_key(subkeys[i], KEYS_SUBKEY_BYTES, i + 1, context, master);
    }
    sodium_memzero(master, sizeof master);
    return status;
}

void keys_wipe(struct keys *keys) { sodium_memzero(keys, sizeof *keys); }
