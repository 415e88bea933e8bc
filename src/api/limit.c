/* Rate limits on the way of a request: whose buckets it takes from, the fields that say what is
 * left, and the refusal. A caller with a valid token counts for the token and its account, anybody
 * else for the address: an IPv6 client for its network of 64 bits, because that is what one is
 * given. A token that turns out not to be valid counts for the address, too. */
#include "internal.h"
#include "segreteria/auth/rate.h"
#include "segreteria/core/clock.h"

#define FIELD_SIZE 64

static struct rate_limiter *limiter_of(const struct api_call *call) {
    return call->worker->shared->limiter;
}

static struct str address_of(const struct api_call *call) {
    const struct http_address *client = http_request_client(call->request);
    return str_from((const char *)client->bytes,
                    http_address_is_v4(client) ? sizeof client->bytes : 8);
}

static struct rate_verdict take_of_address(const struct api_call *call, uint32_t units) {
    return rate_take(limiter_of(call), call->operation->rate, RATE_ADDRESS, address_of(call), units,
                     clock_monotonic_us());
}

/* The token's first: one that goes on although it is refused takes nothing of what its account's
 * other tokens have. */
static struct rate_verdict take_of_caller(const struct api_call *call) {
    if (!call->authenticated)
        return take_of_address(call, 1);
    const struct principal *who = &call->principal;
    uint64_t now_us = clock_monotonic_us();
    struct rate_verdict token = rate_take(limiter_of(call), call->operation->rate, RATE_TOKEN,
                                          str_of(who->token_id), 1, now_us);
    if (!token.allowed)
        return token;
    struct rate_verdict account = rate_take(limiter_of(call), call->operation->rate, RATE_ACCOUNT,
                                            str_of(who->account_id), 1, now_us);
    return !account.allowed || account.remaining < token.remaining ? account : token;
}

/* printf would take longer than all the rest. */
static char *put_text(char *out, struct str text) {
    memcpy(out, text.ptr, text.len);
    return out + text.len;
}

static char *put_number(char *out, uint32_t value) {
    char digits[10];
    size_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + value % 10);
    while ((value /= 10) != 0);
    return put_text(out, str_from(digits + at, sizeof digits - at));
}

static void tell(struct api_call *call, const struct rate_verdict *verdict) {
    char *value = arena_alloc(call->arena, FIELD_SIZE), *p = value;
    if (value == NULL)
        return;
    p = put_text(p, verdict->name);
    p = put_number(put_text(p, STR(";r=")), verdict->remaining);
    p = put_number(put_text(p, STR(";t=")), verdict->full_s);
    *p = '\0';
    http_request_add_field(call->request, "RateLimit-Policy", verdict->policy.ptr);
    http_request_add_field(call->request, "RateLimit", value);
}

static void count_refusal(struct api_call *call) {
    counter_add(&call->worker->metrics.rate_refused[call->operation->rate], 1);
}

static void refuse(struct api_call *call, const struct rate_verdict *verdict) {
    struct http_problem problem = {.code = "too_many_requests", .headers_count = 1};
    problem.headers[0].name = STR("Retry-After");
    problem.headers[0].value = arena_printf(call->arena, "%u", verdict->wait_s);
    tell(call, verdict);
    http_problem_send(call->request, &problem);
    count_refusal(call);
}

static bool is_limited(const struct api_call *call) {
    return limiter_of(call) != NULL && rate_limiter_on(limiter_of(call), call->operation->rate);
}

bool limit_pass(struct api_call *call) {
    if (!is_limited(call))
        return true;
    struct rate_verdict verdict = take_of_caller(call);
    if (verdict.allowed)
        tell(call, &verdict);
    else
        refuse(call, &verdict);
    return verdict.allowed;
}

bool limit_may_look_up(struct api_call *call) {
    if (!is_limited(call))
        return true;
    struct rate_verdict verdict = take_of_address(call, 0);
    if (verdict.remaining > 0)
        return true;
    verdict.wait_s = 1;
    refuse(call, &verdict);
    return false;
}

void limit_bad_token(struct api_call *call) {
    if (!is_limited(call))
        return;
    struct rate_verdict verdict = take_of_address(call, 1);
    tell(call, &verdict);
}

bool limit_line(struct api_call *call) {
    bool allowed = !is_limited(call) || take_of_caller(call).allowed;
    if (!allowed)
        count_refusal(call);
    return allowed;
}
