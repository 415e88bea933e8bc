/* IP addresses and networks. An IPv4 address is kept in the form of an IPv6 one (::ffff:1.2.3.4),
 * so that a client is the same whichever kind of socket it came by.
 */
#ifndef SEGRETERIA_HTTP_ADDRESS_H
#define SEGRETERIA_HTTP_ADDRESS_H

#include <stdbool.h>

#include "segreteria/core/status.h"
#include "segreteria/core/str.h"

#define HTTP_ADDRESS_BYTES 16
#define HTTP_ADDRESS_SIZE 46 /* INET6_ADDRSTRLEN */

struct http_address {
    unsigned char bytes[HTTP_ADDRESS_BYTES]; /* network order */
};

/* "1.2.3.4" or "2001:db8::1", no port, no zone. */
NODISCARD enum status http_address_parse(struct str text, struct http_address *out);
/* NUL-terminated; an IPv4 address in its own form. */
void http_address_format(const struct http_address *address, char out[HTTP_ADDRESS_SIZE]);
bool http_address_is_v4(const struct http_address *address);

struct http_network {
    struct http_address address;
    unsigned bits; /* of the address that count, 0 to 128 */
};

/* An address (that one alone) or CIDR: "10.0.0.0/8", "2001:db8::/32". Bits beyond the prefix must
 * be zero. */
NODISCARD enum status http_network_parse(struct str text, struct http_network *out);
bool http_network_contains(const struct http_network *network, const struct http_address *address);

#endif
