/* Connection strings: hosts out of the text and the environment, names to addresses, parameters for
 * libpq. */
#include "conninfo.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "segreteria/core/log.h"
#include "segreteria/core/str.h"

#define HOST_LIST_SIZE (ADDRESSES_MAX * sizeof(((struct address *)0)->host))
#define HOSTADDR_LIST_SIZE (ADDRESSES_MAX * sizeof(((struct address *)0)->hostaddr))
#define PORT_LIST_SIZE (ADDRESSES_MAX * sizeof(((struct address *)0)->port))

static const char *option_value(const PQconninfoOption *options, const char *keyword) {
    for (; options != NULL && options->keyword != NULL; options++)
        if (strcmp(options->keyword, keyword) == 0)
            return options->val != NULL && options->val[0] != '\0' ? options->val : NULL;
    return NULL;
}

static bool is_numeric(const char *host) {
    unsigned char ignored[sizeof(struct in6_addr)];
    return inet_pton(AF_INET, host, ignored) == 1 || inet_pton(AF_INET6, host, ignored) == 1;
}

static bool is_socket_path(const char *host) {
    return host[0] == '\0' || host[0] == '/' || host[0] == '@';
}

/* As libpq reads its comma-separated lists: one port may serve all hosts. */
NODISCARD static enum status split_hosts(struct conninfo *conninfo, const char *hosts,
                                         const char *ports) {
    struct str host_rest = str_of(hosts), port_rest = str_of(ports), host, port = STR_NONE;
    bool several_ports = ports != NULL && strchr(ports, ',') != NULL;
    while (str_split(&host_rest, ',', &host)) {
        if (conninfo->hosts.count == ADDRESSES_MAX)
            return STATUS_TOO_LARGE;
        struct address *address = &conninfo->hosts.at[conninfo->hosts.count++];
        if (several_ports && !str_split(&port_rest, ',', &port))
            return STATUS_INVALID;
        if (!several_ports)
            port = port_rest;
        if (!str_copy(host, address->host, sizeof address->host) ||
            !str_copy(port, address->port, sizeof address->port))
            return STATUS_TOO_LARGE;
        if (!is_numeric(address->host))
            conninfo->needs_resolving = conninfo->needs_resolving || !is_socket_path(address->host);
        else if (!str_copy(host, address->hostaddr, sizeof address->hostaddr))
            return STATUS_TOO_LARGE;
    }
    return STATUS_OK;
}

NODISCARD static enum status read_options(struct conninfo *conninfo, const PQconninfoOption *given,
                                          const PQconninfoOption *defaults) {
    static const char *const tcp[] = {"keepalives", "keepalives_idle", "keepalives_interval",
                                      "keepalives_count", "tcp_user_timeout"};
    conninfo->allows_keepalive_setup = true;
    for (size_t i = 0; i < sizeof tcp / sizeof tcp[0]; i++)
        if (option_value(given, tcp[i]) != NULL)
            conninfo->allows_keepalive_setup = false;
    const char *attrs = option_value(defaults, "target_session_attrs");
    conninfo->sets_session_attrs = option_value(given, "target_session_attrs") != NULL ||
                                   (attrs != NULL && strcmp(attrs, "any") != 0);
    conninfo->sets_gssencmode = option_value(given, "gssencmode") != NULL;
    const char *hosts = option_value(given, "host"), *ports = option_value(given, "port");
    if (hosts == NULL)
        hosts = option_value(defaults, "host");
    if (ports == NULL)
        ports = option_value(defaults, "port");
    if (hosts == NULL || option_value(given, "hostaddr") != NULL ||
        option_value(defaults, "hostaddr") != NULL)
        return STATUS_OK;
    return split_hosts(conninfo, hosts, ports);
}

enum status conninfo_create(const char *text, struct conninfo **out) {
    enum status status = STATUS_NO_MEMORY;
    char *complaint = NULL;
    PQconninfoOption *given = NULL, *defaults = NULL;
    struct conninfo *conninfo = calloc(1, sizeof *conninfo);
    if (conninfo == NULL || (conninfo->text = strdup(text)) == NULL)
        goto done;
    defaults = PQconndefaults();
    given = PQconninfoParse(text, &complaint);
    status = given == NULL ? STATUS_INVALID : read_options(conninfo, given, defaults);
    if (status == STATUS_OK) {
        *out = conninfo;
        conninfo = NULL;
    } else {
        log_error("db_conninfo_invalid", "reason=%s", status_name(status));
    }
done:
    PQconninfoFree(given);
    PQconninfoFree(defaults);
    PQfreemem(complaint);
    conninfo_destroy(conninfo);
    return status;
}

void conninfo_destroy(struct conninfo *conninfo) {
    if (conninfo == NULL)
        return;
    if (conninfo->text != NULL)
        explicit_bzero(conninfo->text, strlen(conninfo->text));
    free(conninfo->text);
    free(conninfo);
}

/* Every address of one name, while there is room. */
static void resolve_name(const struct address *host, struct addresses *out) {
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM}, *list = NULL;
    int error = getaddrinfo(host->host, NULL, &hints, &list);
    if (error != 0) {
        log_warn("db_resolve_failed", "host=%s error=\"%s\"", host->host, gai_strerror(error));
        return;
    }
    for (const struct addrinfo *one = list; one != NULL && out->count < ADDRESSES_MAX;
         one = one->ai_next) {
        struct address *address = &out->at[out->count];
        *address = *host;
        if (getnameinfo(one->ai_addr, one->ai_addrlen, address->hostaddr, sizeof address->hostaddr,
                        NULL, 0, NI_NUMERICHOST) == 0)
            out->count++;
    }
    freeaddrinfo(list);
}

enum status conninfo_resolve(const struct conninfo *conninfo, struct addresses *out) {
    out->count = 0;
    for (size_t i = 0; i < conninfo->hosts.count && out->count < ADDRESSES_MAX; i++) {
        const struct address *host = &conninfo->hosts.at[i];
        if (is_socket_path(host->host) || host->hostaddr[0] != '\0')
            out->at[out->count++] = *host;
        else
            resolve_name(host, out);
    }
    return out->count > 0 ? STATUS_OK : STATUS_NOT_FOUND;
}

struct address_lists {
    char host[HOST_LIST_SIZE], hostaddr[HOSTADDR_LIST_SIZE], port[PORT_LIST_SIZE];
};

static size_t append(char *list, size_t len, const char *part, bool comma) {
    if (comma)
        list[len++] = ',';
    size_t part_len = strlen(part);
    memcpy(list + len, part, part_len + 1);
    return len + part_len;
}

static void join(const struct addresses *addresses, size_t first, struct address_lists *lists) {
    size_t host_len = 0, hostaddr_len = 0, port_len = 0;
    for (size_t i = 0; i < addresses->count; i++) {
        const struct address *address = &addresses->at[(first + i) % addresses->count];
        host_len = append(lists->host, host_len, address->host, i > 0);
        hostaddr_len = append(lists->hostaddr, hostaddr_len, address->hostaddr, i > 0);
        port_len = append(lists->port, port_len, address->port, i > 0);
    }
}

#define PARAMETERS_MAX 16

struct parameters {
    size_t count;
    const char *keywords[PARAMETERS_MAX + 1], *values[PARAMETERS_MAX + 1];
};

static void set(struct parameters *parameters, const char *keyword, const char *value) {
    parameters->keywords[parameters->count] = keyword;
    parameters->values[parameters->count++] = value;
}

PGconn *conninfo_connect_start(const struct conninfo *conninfo, const struct addresses *addresses,
                               size_t first, const char *application_name, bool read_write) {
    struct parameters parameters = {0};
    struct address_lists lists;
    set(&parameters, "dbname", conninfo->text); /* expanded by libpq; what follows overrides it */
    if (addresses->count > 0) {
        join(addresses, first, &lists);
        set(&parameters, "host", lists.host);
        set(&parameters, "hostaddr", lists.hostaddr);
        set(&parameters, "port", lists.port);
    }
    set(&parameters, "client_encoding", "UTF8");
    set(&parameters, "fallback_application_name", application_name);
    if (read_write || !conninfo->sets_session_attrs)
        set(&parameters, "target_session_attrs", "read-write");
    if (!conninfo->sets_gssencmode)
        set(&parameters, "gssencmode",
            "disable"); /* its negotiation may block on a credential cache */
    if (conninfo->allows_keepalive_setup) {
        set(&parameters, "keepalives_idle", "10");
        set(&parameters, "keepalives_interval", "5");
        set(&parameters, "keepalives_count", "3");
        set(&parameters, "tcp_user_timeout", "10000");
    }
    return PQconnectStartParams(parameters.keywords, parameters.values, 1);
}
