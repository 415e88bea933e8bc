/* A password for the command line. Nothing of it stays in memory that nobody wipes: no stdio. */
#include "password.h"

#include <errno.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "segreteria/auth/password.h"
#include "segreteria/auth/password_choice.h"

#define GENERATED_LENGTH 26

/* Up to the end of the line; false: it does not fit, or nothing came. */
static bool read_line(char *out, size_t size) {
    size_t len = 0;
    for (;;) {
        char c;
        ssize_t n = read(STDIN_FILENO, &c, 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0 || c == '\n')
            break;
        if (len + 1 == size)
            return false;
        out[len++] = c;
    }
    if (len > 0 && out[len - 1] == '\r')
        len--;
    out[len] = '\0';
    return len > 0;
}

/* A terminal shows nothing meanwhile, and is as it was afterwards: signals wait until then. */
static bool ask_once(const char *prompt, char *out, size_t size) {
    struct termios before, silent;
    sigset_t all, mask;
    (void)sigfillset(&all);
    if (tcgetattr(STDIN_FILENO, &before) != 0 || sigprocmask(SIG_BLOCK, &all, &mask) != 0)
        return false;
    silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    bool done = tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) == 0 && fputs(prompt, stderr) >= 0 &&
                read_line(out, size);
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    (void)fputc('\n', stderr);
    (void)sigprocmask(SIG_SETMASK, &mask, NULL);
    return done;
}

static const char *reason_against(struct str password, struct str email) {
    if (password.len < PASSWORD_MIN_BYTES || password.len > PASSWORD_MAX_BYTES)
        return "a password has 10 to 1024 characters";
    if (!str_is_utf8(password))
        return "a password is UTF-8 text";
    switch (password_choice_check(password, email)) {
    case PASSWORD_COMMON: return "that password is among the most common ones";
    case PASSWORD_CONTEXT:
        return "that password is little more than the address or the service's name";
    case PASSWORD_FINE: break;
    }
    return NULL;
}

enum status cli_password_ask(struct str email, char *out, size_t size, struct buf *error) {
    char again[PASSWORD_MAX_BYTES + 1] = "";
    bool terminal = isatty(STDIN_FILENO) == 1;
    const char *against = NULL;
    if (terminal ? !ask_once("Password: ", out, size) : !read_line(out, size))
        against = "a password has 10 to 1024 characters";
    else
        against = reason_against(str_of(out), email);
    if (against == NULL && terminal &&
        (!ask_once("Once more: ", again, sizeof again) || strcmp(out, again) != 0))
        against = "the two are not the same";
    sodium_memzero(again, sizeof again);
    if (against != NULL)
        buf_append_text(error, against);
    return against == NULL ? STATUS_OK : STATUS_INVALID;
}

enum status cli_password_generate(char *out, size_t size) {
    static const char letters[] = "abcdefghijkmnpqrstuvwxyz23456789"; /* 32 of them */
    if (size <= GENERATED_LENGTH)
        return STATUS_TOO_LARGE;
    for (size_t i = 0; i < GENERATED_LENGTH; i++)
        out[i] = letters[randombytes_uniform(sizeof letters - 1)];
    out[GENERATED_LENGTH] = '\0';
    return STATUS_OK;
}
