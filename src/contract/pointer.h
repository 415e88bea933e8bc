/* JSON Pointers (RFC 6901), a token at a time. */
#ifndef SEGRETERIA_CONTRACT_POINTER_H
#define SEGRETERIA_CONTRACT_POINTER_H

#include "segreteria/core/str.h"

/* The most that one token takes in a pointer. */
#define POINTER_TOKEN_MAX(len) (1 + 2 * (len))

/* Writes "/" and the token, escaped (section 3), without a NUL: how many bytes, at most
 * POINTER_TOKEN_MAX(token.len). */
size_t pointer_put(char *out, struct str token);

/* A token of a pointer, what stands between two "/", with "~1" and "~0" undone (section 4). False
 * when it does not fit into `size` bytes or has another "~". No NUL is written. */
bool pointer_get(struct str token, char *out, size_t size, size_t *len);

#endif
