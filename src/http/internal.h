/* What the http room's own files share: server, connection and request, and who may touch what.
 *
 * A request's way: handler_uri (MHD read the request line) -> head checked -> application -> body
 * -> answer given (http_reply_send) -> answer queued -> finished (MHD completed it). MHD lets an
 * answer be queued only when it calls the handler, and closes the connection when that happens
 * before the body was read; so an answer given at another time waits in the request, and the
 * request is suspended while there is nothing to do. All on the loop's thread.
 */
#ifndef SEGRETERIA_HTTP_INTERNAL_H
#define SEGRETERIA_HTTP_INTERNAL_H

#include <microhttpd.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "compress.h"
#include "headers.h"
#include "segreteria/core/buf.h"
#include "segreteria/core/clock.h"
#include "segreteria/core/log.h"
#include "segreteria/http/metrics.h"
#include "segreteria/http/reply.h"
#include "segreteria/http/request.h"
#include "segreteria/http/server.h"

/* MHD keeps all of a connection's request (and the head of its answer) in one block of this size,
 * zeroed whole after each request, so it is what an idle connection costs. */
#define CONNECTION_MEMORY ((size_t)12 * 1024)
#define ANSWER_MEMORY ((size_t)2560) /* of it, kept for the head of the answer */
#define HTTP_METHODS "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"
#define FIELDS_MAX 64 /* header fields of a request */
#define DRAIN_MAX                                                                                  \
    ((uint64_t)64 *                                                                                \
     1024) /* a refused body up to this size is read so that the connection can live on */
#define BODY_KEEP ((size_t)16 * 1024) /* body memory kept with a request for its next use */
#define ACCEPTS_A_TURN 128
#define LINGER_MAX 64 /* closed connections still read from, so that their last answer arrives */
#define LINGER_MS 2000
#define LINGER_BYTES ((size_t)4 * 1024 * 1024)
#define RATE_PERIOD_MS 30000 /* over which body_min_rate is averaged */

enum phase {             /* what a connection's deadline is about */
             PHASE_NEW,  /* nothing has come yet */
             PHASE_IDLE, /* between requests */
             PHASE_HEAD,
             PHASE_BODY,
             PHASE_STREAM,
             PHASE_APPLICATION,
             PHASE_ANSWER,
             PHASE_SOURCE, /* the application makes the next piece of the answer */
             PHASE_CLOSING /* shut down; MHD will notice */
};

struct http_connection {
    struct http_server *server;
    struct MHD_Connection *mhd;
    int fd;
    enum phase phase;
    uint64_t due_ms; /* of the phase */
    struct loop_timer timer;
    struct http_request *request;          /* NULL: idle */
    struct http_connection *newer, *older; /* all connections, by when they last became idle */
    struct sockaddr_storage peer;
    bool dirty; /* the client may still be sending: linger after the last answer */
};

enum request_state {
    REQUEST_HEAD,      /* the request line is here */
    REQUEST_CHECKED,   /* the head is sound; the application does not know of it yet */
    REQUEST_DECIDING,  /* the application has it; neither answered nor asked for the body */
    REQUEST_READING,   /* the body is being gathered */
    REQUEST_STREAMING, /* the body goes through on_chunk */
    REQUEST_WAITING,   /* the application has all of it */
    REQUEST_ANSWERED,  /* the answer waits for MHD to call */
    REQUEST_QUEUED     /* MHD sends it */
};

struct http_request {
    struct http_server *server;
    struct http_connection *connection;
    enum request_state state;
    struct arena arena;
    struct http_request *next,
        **link; /* free list; else one of the server's lists: `parked` or `resuming` */
    struct str target, path, query;
    enum http_method method;
    bool http_1_0;
    struct header_values headers;
    uint64_t content_length; /* UINT64_MAX: chunked */
    bool has_body;
    bool body_wanted; /* by the client's leave: the first call is over, MHD reads the body */
    bool body_complete;
    bool suspended;  /* in MHD */
    bool in_handler; /* MHD is calling us about this request */
    bool refused;    /* by the guard: the application never hears of it */
    struct buf body;
    size_t body_held; /* of the body's memory: what counts in the server's bodies_held */
    uint64_t body_limit;
    uint64_t body_seen; /* bytes that came */
    uint64_t rate_seen; /* body_seen at the start of the rate period */
    uint64_t dropped;   /* bytes of a body that came after the answer was given */
    bool paused;        /* the application took fewer bytes than it was offered */
    uint64_t started_us;
    uint64_t deadline_ms;
    char id[65];
    size_t id_len;
    bool client_known;
    struct http_address client;          /* behind trusted proxies */
    char client_text[HTTP_ADDRESS_SIZE]; /* "": not made yet */
    void *context;
    const struct operation *operation;
    struct {
        const char *name, *value;
    } fields[4]; /* of the answer, whatever it is */
    size_t fields_count;
    struct http_reply reply;
    char *coded;         /* the compressed body; malloc */
    uint64_t sent_bytes; /* of the answer's content */
};

struct http_server {
    struct loop *loop;
    struct MHD_Daemon *mhd;
    struct http_limits limits;
    const struct contract *contract;
    const struct http_application *application;
    const struct str *cors_origins;
    size_t cors_origins_count;
    const struct http_network *trusted_proxies;
    size_t trusted_proxies_count;
    bool access_log;
    bool draining;
    struct loop_watch listen_watch, mhd_watch;
    struct loop_timer listen_pause; /* out of descriptors: try again later */
    struct loop_hook hook, last_hook;
    bool mhd_ready;
    struct http_connection *newest, *oldest;
    size_t connections_count;
    size_t bodies_held; /* bytes */
    size_t active;      /* requests between their request line and the end of their answer */
    struct http_request *free_requests;
    size_t free_count;
    struct http_request *parked;   /* to be suspended once MHD_run returns */
    struct http_request *resuming; /* to be resumed before MHD_run */
    unsigned lingering;
    struct lingerer *lingerers;
    uint64_t id_seed, id_count;
    int64_t date_second;
    char date[CLOCK_HTTP_DATE_SIZE];
    char (*cache_control)[48]; /* by operation->index */
    unsigned char etag_key[16];
    struct constant_answer *constants; /* by operation->index */
    struct fixed_content *fixed;
    size_t fixed_count;
    struct compressor *compressor;
    struct http_metrics *metrics; /* or NULL */
    struct buf log;
    int64_t log_second; /* that log_date tells */
    char log_date[CLOCK_RFC3339_SIZE];
};

/* connection.c */
void connection_notified(void *cls, struct MHD_Connection *mhd, void **socket_context,
                         enum MHD_ConnectionNotificationCode code);
void connection_deadline(struct http_connection *connection, enum phase phase, uint64_t after_ms);
void connection_shutdown(struct http_connection *connection);
bool connection_left(const struct http_connection *connection); /* the client closed, or reset it */
bool connection_has_input(const struct http_connection *connection); /* bytes nobody has read yet */
/* Its request is over: the next one is waited for. */
void connection_idle(struct http_connection *connection);
/* Closes the connection that has been idle longest, if that is long enough not to cut off a client
 * in full swing. */
bool connection_evict(struct http_server *server);
/* Writes the answer that was given (if none was: the problem `code`) to the socket past MHD, for
 * the moments when MHD takes none. The caller then ends the connection. */
void connection_answer_raw(struct http_connection *connection, const char *code);

/* linger.c: keeps a duplicate of fd open and reads what still comes, so that the reset a close with
 * unread bytes causes does not overtake the answer. */
void linger_start(struct http_server *server, int fd);
void linger_stop_all(struct http_server *server);

/* accept.c */
void accept_ready(struct loop_watch *watch, uint32_t events);
void accept_again(struct loop_timer *timer);

/* request.c */
struct http_request *request_create(struct http_connection *connection, const char *target);
void request_finish(struct http_request *request);
void request_link(struct http_request **list, struct http_request *request);
void request_unlink(struct http_request *request);
void requests_free(struct http_server *server);
/* Reads the head's fields; false: some were malformed. */
bool request_read_fields(struct http_request *request, unsigned *count);

/* handler.c */
void *handler_uri(void *cls, const char *uri, struct MHD_Connection *mhd);
enum MHD_Result handler_access(void *cls, struct MHD_Connection *mhd, const char *url,
                               const char *method, const char *version, const char *upload,
                               size_t *upload_len, void **context);
void handler_completed(void *cls, struct MHD_Connection *mhd, void **context,
                       enum MHD_RequestTerminationCode code);
/* The application forgets the request (its deadline passed or the client went away). */
void request_abandon(struct http_request *request);
/* Something changed that MHD must be told when it next runs. */
void request_wake(struct http_request *request);
/* Only from within a callback of MHD's about this request. */
void request_suspend(struct http_request *request);

/* reply.c: hands the given answer to MHD. False: the connection must be closed. */
bool reply_queue(struct http_request *request);
/* Whether it was given a field of that name. */
bool reply_has(const struct http_reply *reply, struct str name);

/* source.c: a body that is made while it is sent. */
struct MHD_Response *source_response(struct http_request *request);
void source_over(struct http_request *request); /* no-op without one, or the second time */

/* constant.c: the same for a reply that says it is constant. False: it has to go the usual way. */
bool constant_queue(struct http_request *request);
struct constant_answer *constants_create(size_t operations);
void constants_free(struct http_server *server);

void fixed_free(struct http_server *server);

/* access_log.c */
void access_log_line(struct http_request *request, uint64_t duration_us, bool truncated);
void access_log_flush(struct http_server *server);

/* metrics.c; nothing where nobody counts */
void metrics_request(struct http_request *request, uint64_t duration_us, bool truncated);
void metrics_connections(struct http_server *server);
void metrics_accepted(struct http_server *server);
void metrics_active(struct http_server *server);

/* problem.c */
void problem_refuse(struct http_request *request, const char *code, struct str header,
                    const char *violation);

/* server.c */
/* loop_watch_set where a failure, which the loop logs, changes nothing. */
void server_watch(struct http_server *server, struct loop_watch *watch, uint32_t events);
const char *server_date(struct http_server *server);

#endif
