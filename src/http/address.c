/* Addresses and networks: text to bytes and back. */
#include "segreteria/http/address.h"

#include <arpa/inet.h>

static const unsigned char mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

enum status http_address_parse(struct str text, struct http_address *out) {
    char copy[HTTP_ADDRESS_SIZE];
    struct http_address address;
    if (text.len == 0 || str_find(text, '\0') < text.len || !str_copy(text, copy, sizeof copy))
        return STATUS_INVALID;
    memcpy(address.bytes, mapped, sizeof mapped);
    if (inet_pton(AF_INET, copy, address.bytes + sizeof mapped) != 1 &&
        inet_pton(AF_INET6, copy, address.bytes) != 1)
        return STATUS_INVALID;
    *out = address;
    return STATUS_OK;
}

bool http_address_is_v4(const struct http_address *address) {
    return memcmp(address->bytes, mapped, sizeof mapped) == 0;
}

void http_address_format(const struct http_address *address, char out[HTTP_ADDRESS_SIZE]) {
    bool v4 = http_address_is_v4(address);
    const void *bytes = v4 ? address->bytes + sizeof mapped : address->bytes;
    if (inet_ntop(v4 ? AF_INET : AF_INET6, bytes, out, HTTP_ADDRESS_SIZE) == NULL)
        out[0] = '\0';
}

bool http_network_contains(const struct http_network *network, const struct http_address *address) {
    unsigned whole = network->bits / 8, rest = network->bits % 8;
    if (memcmp(network->address.bytes, address->bytes, whole) != 0)
        return false;
    return rest == 0 || (network->address.bytes[whole] ^ address->bytes[whole]) >> (8 - rest) == 0;
}

static bool ends_in_zeros(const struct http_network *network) {
    for (unsigned bit = network->bits; bit < 8 * HTTP_ADDRESS_BYTES; bit++)
        if ((network->address.bytes[bit / 8] >> (7 - bit % 8) & 1) != 0)
            return false;
    return true;
}

enum status http_network_parse(struct str text, struct http_network *out) {
    size_t slash = str_find(text, '/');
    struct http_network network = {.bits = 8 * HTTP_ADDRESS_BYTES};
    uint64_t bits = 0;
    if (http_address_parse(str_from(text.ptr, slash), &network.address) != STATUS_OK)
        return STATUS_INVALID;
    if (slash < text.len) {
        bool v4 = str_find(str_from(text.ptr, slash), ':') == slash;
        struct str digits = str_from(text.ptr + slash + 1, text.len - slash - 1);
        if (str_to_u64(digits, v4 ? 32 : 128, &bits) != STATUS_OK)
            return STATUS_INVALID;
        network.bits = (unsigned)bits + (v4 ? 96 : 0);
    }
    if (!ends_in_zeros(&network))
        return STATUS_INVALID;
    *out = network;
    return STATUS_OK;
}
