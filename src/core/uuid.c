/* UUID version 7 (RFC 9562 section 5.7) and the text form. */
#include "segreteria/core/uuid.h"

#include <sodium.h>

#include "segreteria/core/clock.h"

struct uuid uuid_v7(void) {
    struct uuid uuid;
    randombytes_buf(uuid.bytes, sizeof uuid.bytes);
    uint64_t ms = (uint64_t)clock_unix_ms();
    for (unsigned i = 0; i < 6; i++)
        uuid.bytes[i] = (uint8_t)(ms >> (8 * (5 - i)));
    uuid.bytes[6] = (uint8_t)(0x70 | (uuid.bytes[6] & 0x0F));
    uuid.bytes[8] = (uint8_t)(0x80 | (uuid.bytes[8] & 0x3F));
    return uuid;
}

static bool hyphen_before(unsigned byte) {
    return byte == 4 || byte == 6 || byte == 8 || byte == 10;
}

void uuid_format(const struct uuid *uuid, char out[UUID_TEXT_SIZE]) {
    static const char hex[] = "0123456789abcdef";
    char *p = out;
    for (unsigned i = 0; i < 16; i++) {
        if (hyphen_before(i))
            *p++ = '-';
        *p++ = hex[uuid->bytes[i] >> 4];
        *p++ = hex[uuid->bytes[i] & 15];
    }
    *p = '\0';
}

static int hex_value(char c) {
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

enum status uuid_parse(struct str text, struct uuid *out) {
    if (text.len != UUID_TEXT_SIZE - 1)
        return STATUS_INVALID;
    struct uuid uuid;
    const char *p = text.ptr;
    for (unsigned i = 0; i < 16; i++) {
        if (hyphen_before(i) && *p++ != '-')
            return STATUS_INVALID;
        int high = hex_value(p[0]), low = hex_value(p[1]);
        if (high < 0 || low < 0)
            return STATUS_INVALID;
        uuid.bytes[i] = (uint8_t)(high << 4 | low);
        p += 2;
    }
    *out = uuid;
    return STATUS_OK;
}
