/* Takes messages from the outbox and writes down what became of them. */
#include "courier_private.h"

#include <sodium.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "generated/statements.h"
#include "segreteria/auth/link.h"
#include "segreteria/core/clock.h"
#include "segreteria/core/log.h"

#define POLL_MS 5000 /* NOTIFY tells of new messages; this finds those that are due again */
#define STATEMENT_MS 20000
#define WRITE_DOWN_MS 1000
#define WRITE_DOWN_TRIES 120
#define FILES_PURGE_MS ((uint64_t)3600 * 1000)

const struct db_statement *const courier_statements[COURIER_STATEMENTS] = {
    &stmt_mail_lease, &stmt_mail_hand, &stmt_mail_sent, &stmt_mail_failed};

static void take_more(struct courier *courier);

/* ---- the end of a delivery ---- */

static bool is_idle(const struct courier *courier) {
    for (size_t i = 0; i < COURIER_AT_ONCE; i++)
        if (courier->deliveries[i].busy)
            return false;
    return !courier->leasing || !db_lane_ready(courier->lane);
}

static void tell_idle(struct courier *courier) {
    if (courier->on_idle == NULL || !is_idle(courier))
        return;
    void (*on_idle)(void *context) = courier->on_idle;
    courier->on_idle = NULL;
    on_idle(courier->idle_context);
}

static void delivery_end(struct delivery *delivery) {
    struct courier *courier = delivery->courier;
    transfer_stop(delivery);
    buf_wipe(&delivery->message);
    delivery->busy = false;
    take_more(courier);
    tell_idle(courier);
}

/* ---- writing down ---- */

static void submit(struct delivery *delivery, const struct db_statement *statement,
                   void (*on_result)(struct db_call *call, const struct db_result *result)) {
    delivery->params[0] = str_of(delivery->id);
    delivery->params[1] = str_of(delivery->lease);
    delivery->call = (struct db_call){.statement = statement,
                                      .params = delivery->params,
                                      .deadline_ms = loop_now_ms(delivery->courier->loop) +
                                                     STATEMENT_MS,
                                      .on_result = on_result};
}

static void write_down(struct delivery *delivery);

static void on_again(struct loop_timer *timer) {
    write_down((struct delivery *)(void *)((char *)timer - offsetof(struct delivery, again)));
}

/* Until the data base takes it. In the meantime nothing else can happen to the message: it is
 * handed over in any case, or its lease ends. */
static void write_down_later(struct delivery *delivery) {
    struct courier *courier = delivery->courier;
    if (++delivery->tries >= WRITE_DOWN_TRIES || courier->on_idle != NULL) {
        log_warn("mail_outcome_not_stored", "id=%s template=%s", delivery->id, delivery->template);
        delivery_end(delivery);
        return;
    }
    delivery->again.on_due = on_again;
    loop_timer_set(courier->loop, &delivery->again, loop_now_ms(courier->loop) + WRITE_DOWN_MS);
}

static void on_written(struct db_call *call, const struct db_result *result) {
    struct delivery *delivery = (struct delivery *)(void *)((char *)call -
                                                            offsetof(struct delivery, call));
    delivery->calling = false;
    if (db_result_outcome(result) != DB_DONE) {
        write_down_later(delivery);
        return;
    }
    uint64_t ms = loop_now_ms(delivery->courier->loop) - delivery->started_ms;
    struct str state = db_result_get(result, "out_state");
    if (delivery->reason[0] == '\0')
        log_info("mail_sent", "id=%s template=%s ms=%llu", delivery->id, delivery->template,
                 (unsigned long long)ms);
    else if (str_eq(state, STR("dead")))
        log_warn("mail_given_up", "id=%s template=%s reason=%s", delivery->id, delivery->template,
                 log_quote(&(struct log_quoted){0}, str_of(delivery->reason)));
    else
        log_warn("mail_failed", "id=%s template=%s reason=%s", delivery->id, delivery->template,
                 log_quote(&(struct log_quoted){0}, str_of(delivery->reason)));
    delivery_end(delivery);
}

static void write_down(struct delivery *delivery) {
    const struct db_statement *statement = delivery->call.statement;
    submit(delivery, statement, on_written);
    delivery->calling = db_lane_submit(delivery->courier->lane, &delivery->call) == STATUS_OK;
    if (!delivery->calling)
        write_down_later(delivery);
}

static void write_down_first(struct delivery *delivery, const struct db_statement *statement) {
    transfer_stop(delivery);
    buf_wipe(&delivery->message);
    delivery->tries = 0;
    delivery->call.statement = statement;
    write_down(delivery);
}

void delivery_sent(struct delivery *delivery) {
    delivery->reason[0] = '\0';
    write_down_first(delivery, &stmt_mail_sent);
}

void delivery_failed(struct delivery *delivery, bool again, const char *reason, ...) {
    va_list args;
    va_start(args, reason);
    (void)vsnprintf(delivery->reason, sizeof delivery->reason, reason, args);
    va_end(args);
    delivery->params[2] = str_of(delivery->reason);
    delivery->params[3] = again ? STR("true") : STR("false");
    write_down_first(delivery, &stmt_mail_failed);
}

/* ---- leave to hand over ---- */

static void on_handed(struct db_call *call, const struct db_result *result) {
    struct delivery *delivery = (struct delivery *)(void *)((char *)call -
                                                            offsetof(struct delivery, call));
    delivery->calling = false;
    if (delivery->easy == NULL) { /* the transfer failed meanwhile, and waited for this */
        char reason[REASON_SIZE];
        memcpy(reason, delivery->reason, sizeof reason);
        delivery_failed(delivery, true, "%s", reason);
    } else if (db_result_outcome(result) != DB_DONE)
        delivery_failed(delivery, true, "the data base did not answer in time");
    else if (str_eq(db_result_get(result, "out_ok"), STR("f"))) { /* restricted meanwhile */
        log_info("mail_dropped", "id=%s template=%s", delivery->id, delivery->template);
        delivery_end(delivery);
    } else if (!str_eq(db_result_get(result, "out_ok"), STR("t")))
        delivery_end(delivery); /* it was late: another instance has the message now */
    else {
        delivery->handed = true;
        (void)curl_easy_pause(delivery->easy, CURLPAUSE_CONT);
    }
}

enum status delivery_hand(struct delivery *delivery) {
    submit(delivery, &stmt_mail_hand, on_handed);
    enum status status = db_lane_submit(delivery->courier->lane, &delivery->call);
    delivery->calling = status == STATUS_OK;
    return status;
}

/* ---- the beginning of a delivery ---- */

/* The link's secret, made again; NOT_FOUND: by none of the master keys there are. */
static enum status make_secret(const struct courier *courier, const struct db_result *result,
                               size_t row, char out[TOKEN_TEXT_SIZE]) {
    struct uuid id;
    unsigned char hash[TOKEN_HASH_BYTES];
    size_t len = 0;
    struct str stored = db_result_value(result, row, db_result_column(result, "link_hash"));
    struct str purpose = db_result_value(result, row, db_result_column(result, "purpose"));
    enum status status = uuid_parse(
        db_result_value(result, row, db_result_column(result, "link_id")), &id);
    if (status != STATUS_OK)
        return status;
    if (stored.len < 2 ||
        sodium_hex2bin(hash, sizeof hash, stored.ptr + 2, stored.len - 2, NULL, &len, NULL) != 0 ||
        len != sizeof hash)
        return STATUS_INTERNAL;
    return link_secret_stored(atomic_load(courier->keys), purpose, &id, hash, out);
}

static enum status compose(struct delivery *delivery, const struct db_result *result, size_t row) {
    struct courier *courier = delivery->courier;
    char secret[TOKEN_TEXT_SIZE] = "";
    struct mail_message message = {
        .id = str_of(delivery->id),
        .template = str_of(delivery->template),
        .to = str_of(delivery->to),
        .lang = db_result_value(result, row, db_result_column(result, "lang")),
        .params = db_result_value(result, row, db_result_column(result, "params")),
        .purpose = db_result_value(result, row, db_result_column(result, "purpose")),
        .unix_ms = clock_unix_ms()};
    enum status status = STATUS_OK;
    if (!str_is_none(message.purpose)) {
        status = make_secret(courier, result, row, secret) == STATUS_OK ? STATUS_OK
                                                                        : STATUS_MISMATCH;
        message.secret = str_of(secret);
    }
    if (status == STATUS_OK)
        status = mail_compose(&courier->options.sender, &message, &delivery->message);
    sodium_memzero(secret, sizeof secret);
    return status;
}

static void copy_text(char *out, size_t size, struct str text) {
    (void)snprintf(out, size, "%.*s", STR_FMT(text));
}

/* Files need no leave: a second time the same file is written. */
static void deliver_file(struct delivery *delivery) {
    enum status status = file_write(delivery->courier, delivery->id, buf_str(&delivery->message));
    if (status != STATUS_OK) {
        delivery_failed(delivery, true, "the file cannot be written");
        return;
    }
    log_info("mail_written", "path=%s/mail/%s.eml template=%s", delivery->courier->options.data_dir,
             delivery->id, delivery->template);
    delivery_sent(delivery);
}

static void deliver(struct delivery *delivery, const struct db_result *result, size_t row) {
    struct courier *courier = delivery->courier;
    copy_text(delivery->id, sizeof delivery->id, db_result_value(result, row, 0));
    copy_text(delivery->template, sizeof delivery->template,
              db_result_value(result, row, db_result_column(result, "template")));
    copy_text(delivery->to, sizeof delivery->to,
              db_result_value(result, row, db_result_column(result, "to_address")));
    copy_text(delivery->lease, sizeof delivery->lease, str_of(courier->lease_id));
    delivery->busy = true;
    delivery->started_ms = loop_now_ms(courier->loop);
    delivery->given = 0;
    delivery->asked = delivery->handed = false;
    delivery->reason[0] = delivery->verb[0] = '\0';
    buf_init(&delivery->message, MAIL_MESSAGE_MAX);
    enum status status = compose(delivery, result, row);
    if (status == STATUS_MISMATCH)
        delivery_failed(delivery, false, "its link was made with another master key");
    else if (status != STATUS_OK)
        delivery_failed(delivery, status == STATUS_NO_MEMORY, "it cannot be written: %s",
                        status == STATUS_INVALID ? "no mail can go to this address"
                                                 : status_name(status));
    else if (courier->options.smtp_url == NULL)
        deliver_file(delivery);
    else if (transfer_start(delivery) != STATUS_OK)
        delivery_failed(delivery, true, "the transfer cannot begin");
}

/* ---- leases ---- */

static struct delivery *free_delivery(struct courier *courier) {
    for (size_t i = 0; i < COURIER_AT_ONCE; i++)
        if (!courier->deliveries[i].busy)
            return &courier->deliveries[i];
    return NULL;
}

static void poll_in(struct courier *courier, uint64_t ms) {
    loop_timer_set(courier->loop, &courier->poll, loop_now_ms(courier->loop) + ms);
}

/* One that was over before anybody sent it. */
static void log_over(const struct db_result *result, size_t row, struct str state) {
    struct str id = db_result_value(result, row, 0);
    struct str template = db_result_value(result, row, db_result_column(result, "template"));
    struct str reason = db_result_value(result, row, db_result_column(result, "error"));
    if (str_eq(state, STR("dropped")))
        log_info("mail_dropped", "id=%.*s template=%.*s", STR_FMT(id), STR_FMT(template));
    else
        log_warn("mail_given_up", "id=%.*s template=%.*s reason=%s", STR_FMT(id), STR_FMT(template),
                 log_quote(&(struct log_quoted){0}, reason));
}

static void on_leased(struct db_call *call, const struct db_result *result) {
    struct courier *courier = (struct courier *)(void *)((char *)call -
                                                         offsetof(struct courier, lease));
    courier->leasing = false;
    size_t rows = db_result_outcome(result) == DB_DONE ? db_result_rows(result) : 0;
    for (size_t row = 0; row < rows; row++) {
        struct str state = db_result_value(result, row, db_result_column(result, "state"));
        struct delivery *delivery = free_delivery(courier);
        if (str_eq(state, STR("leased")) && delivery != NULL) {
            deliver(delivery, result, row);
        } else {
            log_over(result, row, state);
        }
    }
    if (rows > 0 || courier->woken)
        take_more(courier);
    tell_idle(courier);
}

static void take_more(struct courier *courier) {
    size_t free_count = 0;
    for (size_t i = 0; i < COURIER_AT_ONCE; i++)
        free_count += !courier->deliveries[i].busy;
    if (courier->leasing || courier->on_idle != NULL || free_count == 0)
        return;
    poll_in(courier, POLL_MS);
    const struct uuid id = uuid_v7();
    uuid_format(&id, courier->lease_id);
    (void)snprintf(courier->lease_limit, sizeof courier->lease_limit, "%zu", free_count);
    courier->lease_params[0] = str_of(courier->lease_limit);
    courier->lease_params[1] = str_of(courier->lease_id);
    courier->lease = (struct db_call){.statement = &stmt_mail_lease,
                                      .params = courier->lease_params,
                                      .deadline_ms = loop_now_ms(courier->loop) + STATEMENT_MS,
                                      .on_result = on_leased};
    courier->woken = false;
    courier->leasing = db_lane_submit(courier->lane, &courier->lease) == STATUS_OK;
}

static void on_poll(struct loop_timer *timer) {
    struct courier *courier = (struct courier *)(void *)((char *)timer -
                                                         offsetof(struct courier, poll));
    uint64_t now = loop_now_ms(courier->loop);
    poll_in(courier, POLL_MS);
    if (courier->options.smtp_url == NULL && now >= courier->files_purged_ms) {
        courier->files_purged_ms = now + FILES_PURGE_MS;
        file_purge(courier);
    }
    take_more(courier);
}

void courier_wake(struct courier *courier) {
    courier->woken = true;
    take_more(courier);
}

/* ---- life ---- */

void courier_drain(struct courier *courier, void (*on_idle)(void *context), void *context) {
    courier->on_idle = on_idle;
    courier->idle_context = context;
    loop_timer_clear(courier->loop, &courier->poll);
    tell_idle(courier);
}

enum status courier_create(const struct courier_options *options,
                           const _Atomic(const struct keys *) *keys, struct loop *loop,
                           struct db_lane *lane, struct courier **out) {
    struct courier *courier = calloc(1, sizeof *courier);
    if (courier == NULL)
        return STATUS_NO_MEMORY;
    courier->options = *options;
    courier->keys = keys;
    courier->loop = loop;
    courier->lane = lane;
    courier->poll.on_due = on_poll;
    for (size_t i = 0; i < COURIER_AT_ONCE; i++)
        courier->deliveries[i].courier = courier;
    if (options->smtp_url != NULL && transfer_open(courier) != STATUS_OK) {
        free(courier);
        return STATUS_NO_MEMORY;
    }
    poll_in(courier, 100);
    *out = courier;
    return STATUS_OK;
}

void courier_destroy(struct courier *courier) {
    if (courier == NULL)
        return;
    if (courier->leasing)
        db_lane_cancel(courier->lane, &courier->lease);
    loop_timer_clear(courier->loop, &courier->poll);
    for (size_t i = 0; i < COURIER_AT_ONCE; i++) {
        struct delivery *delivery = &courier->deliveries[i];
        if (!delivery->busy)
            continue;
        if (delivery->calling)
            db_lane_cancel(courier->lane, &delivery->call);
        loop_timer_clear(courier->loop, &delivery->again);
        transfer_stop(delivery);
        buf_wipe(&delivery->message);
    }
    if (courier->multi != NULL)
        transfer_close(courier);
    free(courier);
}
