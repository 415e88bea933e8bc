/* A server of the http room alone, with an application that needs no data base: what the raw-socket
 * suite and the measurements run against. Usage: echo_server PORT [--no-log]. Stops on SIGTERM
 * after draining.
 *
 *   GET  /livez            {"status":"ok"}
 *   GET  /public           4 KB of JSON, cacheable, for any origin
 *   GET  /wait?MS          answers after MS milliseconds
 *   GET  /size?N           N bytes of text
 *   GET  /made?N           N bytes of text, made in pieces while they are sent
 *   GET  /broken?N         the same, which cannot be made to the end
 *   GET  /pieces           {"made":N} pieces of all answers so far, {"open":N} that are under way
 *   POST /echo             the body, up to 64 KiB
 *   POST /count            {"bytes":N} of a streamed body
 *   POST /slow-count       the same, taking at most 1,000 bytes every 10 ms
 *   POST /time-left        {"ms":N}: the least time that a piece of a streamed body was given
 *   POST /refuse           401 before the body is read
 *   GET  /away             503 that says elsewhere, too (Location)
 *   GET  /hits             {"hits":N} requests for /echo, /count and /mark
 *   *    /mark             counts and answers 204
 */
#include <arpa/inet.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "helper_catalogue.h"
#include "segreteria/core/clock.h"
#include "segreteria/http/reply.h"
#include "segreteria/http/request.h"
#include "segreteria/http/server.h"

struct echo {
    struct loop *loop;
    struct contract *contract;
    unsigned hits;
    unsigned made, open;
    struct loop_watch signals;
};

struct job {
    struct echo *echo;
    struct http_request *request;
    struct loop_timer timer;
    size_t bytes;
    bool slow, waiting, timed;
    int64_t least_ms; /* until the deadline */
    struct http_source source;
    size_t left;
    bool breaks;
};

#define PIECE 30000
static char piece[PIECE];

static struct job *job_of_source(struct http_source *source) {
    return (struct job *)(void *)((char *)source - offsetof(struct job, source));
}

static void give_piece(struct job *job) {
    size_t n = job->left < PIECE ? job->left : PIECE;
    if (n > 0) {
        job->left -= n;
        job->echo->made++;
        http_source_give(&job->source, str_from(piece, n), NULL, NULL);
    } else if (job->breaks) {
        http_source_fail(&job->source);
    } else {
        http_source_end(&job->source);
    }
}

/* Every other piece takes its time. */
static void on_wanted(struct http_source *source) {
    struct job *job = job_of_source(source);
    job->waiting = !job->waiting;
    if (job->waiting)
        loop_timer_set(job->echo->loop, &job->timer, loop_now_ms(job->echo->loop) + 1);
    else
        give_piece(job);
}

static void on_over(struct http_source *source) {
    struct job *job = job_of_source(source);
    job->echo->open--;
    loop_timer_clear(job->echo->loop, &job->timer);
}

static void send_made(struct job *job, size_t size, bool breaks) {
    for (size_t i = 0; i < PIECE; i++)
        piece[i] = (char)('a' + i % 26);
    job->left = size;
    job->breaks = breaks;
    job->source = (struct http_source){.on_wanted = on_wanted, .on_over = on_over};
    job->echo->open++;
    struct http_reply reply = {
        .status = 200, .content_type = "text/plain", .source = &job->source, .etag = STR("")};
    http_reply_send(job->request, &reply);
}

static void answer(struct http_request *request, int status, const char *type, struct str body) {
    struct http_reply reply = {.status = status, .content_type = type};
    if (body.len > 0) {
        reply.parts[0] = body;
        reply.parts_count = 1;
    }
    http_reply_send(request, &reply);
}

static void on_timer(struct loop_timer *timer) {
    struct job *job = (struct job *)(void *)((char *)timer - offsetof(struct job, timer));
    if (job->source.on_over != NULL)
        give_piece(job);
    else if (job->slow)
        http_request_resume_body(job->request);
    else
        answer(job->request, 200, NULL, STR("{\"waited\":true}"));
}

static uint64_t number(struct str text) {
    uint64_t value = 0;
    return str_to_u64(text, 100000000, &value) == STATUS_OK ? value : 0;
}

static void send_filled(struct http_request *request, size_t size) {
    char *bytes = malloc(size + 1);
    struct http_reply reply = {
        .status = 200, .content_type = "text/plain", .owner = bytes, .release = free};
    if (bytes == NULL) {
        http_problem_simple(request, "overloaded");
        return;
    }
    for (size_t i = 0; i < size; i++)
        bytes[i] = (char)('a' + i % 26);
    reply.parts[0] = str_from(bytes, size);
    reply.parts_count = 1;
    http_reply_send(request, &reply);
}

static bool is(struct http_request *request, const char *path) {
    return str_eq(http_request_path(request), str_of(path));
}

static void get(struct echo *echo, struct http_request *request, struct job *job) {
    if (is(request, "/livez")) {
        http_request_set_operation(request,
                                   contract_operation_find(echo->contract, STR("system_livez")));
        struct http_reply reply = {.status = 200, .constant = true, .parts_count = 1};
        reply.parts[0] = STR("{\"status\":\"ok\"}");
        http_reply_send(request, &reply);
    } else if (is(request, "/public")) {
        http_request_set_operation(request,
                                   contract_operation_find(echo->contract, STR("test_public")));
        static char text[4096];
        memset(text, ' ', sizeof text);
        text[0] = '{';
        text[sizeof text - 1] = '}';
        answer(request, 200, NULL, str_from(text, sizeof text));
    } else if (is(request, "/wait")) {
        job->waiting = true;
        loop_timer_set(echo->loop, &job->timer,
                       loop_now_ms(echo->loop) + number(http_request_query(request)));
    } else if (is(request, "/size")) {
        send_filled(request, (size_t)number(http_request_query(request)));
    } else if (is(request, "/made") || is(request, "/broken")) {
        send_made(job, (size_t)number(http_request_query(request)), is(request, "/broken"));
    } else if (is(request, "/pieces")) {
        answer(request, 200, NULL,
               arena_printf(http_request_arena(request), "{\"made\":%u,\"open\":%u}", echo->made,
                            echo->open));
    } else if (is(request, "/away")) {
        struct http_problem problem = {.code = "unavailable", .headers_count = 1};
        problem.headers[0].name = STR("Location");
        problem.headers[0].value = STR("/livez");
        http_problem_send(request, &problem);
    } else if (is(request, "/hits")) {
        answer(request, 200, NULL,
               arena_printf(http_request_arena(request), "{\"hits\":%u}", echo->hits));
    } else {
        http_problem_simple(request, "not_found");
    }
}

static void on_head(void *context, struct http_request *request) {
    struct echo *echo = context;
    enum http_method method = http_request_method(request);
    struct job *job = arena_zalloc(http_request_arena(request), sizeof *job);
    if (job == NULL) {
        http_problem_simple(request, "overloaded");
        return;
    }
    *job = (struct job){.echo = echo, .request = request, .timer.on_due = on_timer};
    http_request_set_context(request, job);
    if (is(request, "/mark")) {
        echo->hits++;
        answer(request, 204, NULL, STR_NONE);
    } else if (method == HTTP_OPTIONS) {
        struct http_reply reply = {.status = 204};
        http_reply_header(&reply, STR("Allow"), STR("GET, HEAD, OPTIONS"));
        http_reply_send(request, &reply);
    } else if (method == HTTP_GET || method == HTTP_HEAD) {
        get(echo, request, job);
    } else if (is(request, "/echo")) {
        echo->hits++;
        http_request_read_body(request, 65536);
    } else if (is(request, "/count") || is(request, "/slow-count") || is(request, "/time-left")) {
        echo->hits++;
        job->timed = is(request, "/time-left");
        job->least_ms = INT64_MAX;
        job->slow = is(request, "/slow-count");
        http_request_stream_body(request);
    } else if (is(request, "/refuse")) {
        http_problem_simple(request, "unauthorized");
    } else {
        http_problem_simple(request, "not_found");
    }
}

static void on_body(void *context, struct http_request *request, struct str body) {
    (void)context;
    struct str type = http_request_header(request, STR("Content-Type"));
    answer(request, 200,
           str_is_none(type) ? "application/octet-stream"
                             : arena_strdup(http_request_arena(request), type),
           body);
}

static size_t on_chunk(void *context, struct http_request *request, struct str chunk, bool last) {
    struct echo *echo = context;
    struct job *job = http_request_context(request);
    int64_t left_ms = (int64_t)(http_request_deadline_ms(request) - loop_now_ms(echo->loop));
    if (last) {
        struct arena *arena = http_request_arena(request);
        answer(request, 200, NULL,
               job->timed ? arena_printf(arena, "{\"ms\":%lld}", (long long)job->least_ms)
                          : arena_printf(arena, "{\"bytes\":%zu}", job->bytes));
        return 0;
    }
    if (left_ms < job->least_ms)
        job->least_ms = left_ms;
    size_t taken = job->slow && chunk.len > 1000 ? 1000 : chunk.len;
    job->bytes += taken;
    if (taken < chunk.len)
        loop_timer_set(echo->loop, &job->timer, loop_now_ms(echo->loop) + 10);
    return taken;
}

static void on_abandoned(void *context, struct http_request *request) {
    struct echo *echo = context;
    struct job *job = http_request_context(request);
    if (job != NULL)
        loop_timer_clear(echo->loop, &job->timer);
}

static void on_signal(struct loop_watch *watch, uint32_t events) {
    (void)events;
    loop_stop(((struct echo *)(void *)((char *)watch - offsetof(struct echo, signals)))->loop);
}

static enum status stop_on_signals(struct echo *echo) {
    sigset_t set;
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigprocmask(SIG_BLOCK, &set, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    int fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    echo->signals = (struct loop_watch){.fd = fd, .on_ready = on_signal};
    return loop_watch_set(echo->loop, &echo->signals, EPOLLIN);
}

static int listen_on(uint16_t port) {
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), one = 1;
    (void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(fd, 1024) != 0) {
        perror("listen");
        exit(1);
    }
    return fd;
}

static unsigned from_environment(const char *name, unsigned otherwise) {
    const char *text = getenv(name);
    uint64_t value;
    return text != NULL && str_to_u64(str_of(text), UINT32_MAX, &value) == STATUS_OK
               ? (unsigned)value
               : otherwise;
}

/* TRUSTED: networks divided by commas. */
static size_t read_proxies(struct http_network *out, size_t most) {
    struct str rest = str_of(getenv("TRUSTED")), text;
    size_t count = 0;
    while (count < most && str_split(&rest, ',', &text))
        if (http_network_parse(text, &out[count]) == STATUS_OK)
            count++;
    return count;
}

int main(int argc, char **argv) {
    uint64_t port = argc > 1 ? number(str_of(argv[1])) : 8080;
    struct echo echo = {0};
    struct http_server *server = NULL;
    if (loop_create(&echo.loop) != STATUS_OK)
        return 1;
    echo.contract = test_contract();
    struct http_application application = {&echo, on_head, on_body, on_chunk, on_abandoned};
    struct str origin = STR("https://app.example");
    struct http_network proxies[8];
    size_t proxies_count = read_proxies(proxies, 8);
    struct http_server_options options = {
        .loop = echo.loop,
        .listen_fd = listen_on((uint16_t)port),
        .limits = http_limits_default(),
        .contract = echo.contract,
        .application = &application,
        .cors_origins = &origin,
        .cors_origins_count = 1,
        .access_log = argc < 3,
        .trusted_proxies = proxies,
        .trusted_proxies_count = proxies_count,
    };
    options.limits.head_deadline_ms = from_environment("HEAD_MS", options.limits.head_deadline_ms);
    options.limits.body_deadline_ms = from_environment("BODY_MS", options.limits.body_deadline_ms);
    options.limits.idle_timeout_ms = from_environment("IDLE_MS", options.limits.idle_timeout_ms);
    options.limits.evict_idle_ms = from_environment("EVICT_MS", options.limits.evict_idle_ms);
    options.limits.request_deadline_ms = from_environment("REQUEST_MS",
                                                          options.limits.request_deadline_ms);
    options.limits.answer_deadline_ms = from_environment("ANSWER_MS",
                                                         options.limits.answer_deadline_ms);
    options.limits.connections_max = from_environment("CONNECTIONS",
                                                      options.limits.connections_max);
    if (http_server_create(&options, &server) != STATUS_OK)
        return 1;
    if (stop_on_signals(&echo) != STATUS_OK)
        return 1;
    (void)fprintf(stderr, "listening on %u\n", (unsigned)port);
    loop_run(echo.loop);
    http_server_drain(server);
    http_server_destroy(server);
    (void)close(options.listen_fd);
    (void)close(echo.signals.fd);
    contract_destroy(echo.contract);
    loop_destroy(echo.loop);
    return 0;
}
