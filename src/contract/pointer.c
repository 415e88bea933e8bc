/* JSON Pointers (RFC 6901), a token at a time. */
#include "pointer.h"

size_t pointer_put(char *out, struct str token) {
    size_t n = 0;
    out[n++] = '/';
    for (size_t i = 0; i < token.len; i++) {
        char c = token.ptr[i];
        if (c == '~' || c == '/') {
            out[n++] = '~';
            c = c == '~' ? '0' : '1';
        }
        out[n++] = c;
    }
    return n;
}

bool pointer_get(struct str token, char *out, size_t size, size_t *len) {
    size_t n = 0;
    for (size_t i = 0; i < token.len; i++) {
        char c = token.ptr[i];
        if (c == '~') {
            if (i + 1 == token.len || (token.ptr[i + 1] != '0' && token.ptr[i + 1] != '1'))
                return false;
            c = token.ptr[++i] == '0' ? '~' : '/';
        }
        if (n == size)
            return false;
        out[n++] = c;
    }
    *len = n;
    return true;
}
