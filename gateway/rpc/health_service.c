#include "gateway/rpc/health_service.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/rpc/route.h"
#include "gateway/rpc/server_internal.h"
#include "gateway/services/health.h"

/* A call of Watch. Guarded by the service's mutex. */
struct watcher {
    struct rpc_call *call;
    char
        *service; /* that it asked about, NUL-terminated; its subject may change with the catalog */
    enum health_subject subject;
    enum health_status told; /* 0 = nothing yet                                  */
    bool is_listed;          /* its request has come and it is not over          */
    bool is_sending;         /* a message is on its way                          */
    bool is_leaving;         /* to be ended once it knows the state              */
    struct watcher *next;
    struct watcher *previous;
};

struct health_service {
    pthread_mutex_t mutex; /* taken after the server's streams_mutex, if both are */
    const struct catalog *catalog;
    struct health_facts facts;
    struct watcher *watchers;
    size_t watcher_count;
};

bool health_service_new(struct health_service **out, struct error *err)
{
    struct health_service *health = calloc(1, sizeof *health);
    if (health == NULL)
        return error_set(err, ERROR_NO_MEMORY, "no memory for the health service");
    pthread_mutex_init(&health->mutex, NULL);
    *out = health;
    return true;
}

void health_service_free(struct health_service *health)
{
    if (health == NULL)
        return;
    assert(health->watchers == NULL);
    pthread_mutex_destroy(&health->mutex);
    free(health);
}

static struct health_service *health_of(const struct rpc_call *call)
{
    return call->worker->server->config.health;
}

static struct health_facts facts_of(struct health_service *health)
{
    pthread_mutex_lock(&health->mutex);
    const struct health_facts facts = health->facts;
    pthread_mutex_unlock(&health->mutex);
    return facts;
}

/* The service the message asks about; refuses the call and returns false when it is no request. */
static bool read_service(struct rpc_call *call, const struct text *message, struct text *service)
{
    struct error err = { 0 };
    if (message == NULL)
        rpc_call_refuse(call, ERROR_INVALID_ARGUMENT, "the call carries no request message");
    else if (!health_read_request(*message, service, &err))
        rpc_call_refuse(call, err.code, "%s", err.message);
    else
        return true;
    return false;
}

/* ---- Check and List ----------------------------------------------------------------------- */

static void reply(struct rpc_call *call, const struct buffer *message)
{
    const struct text bytes = buffer_text(message);
    if (message->failed)
        rpc_call_refuse(call, ERROR_NO_MEMORY, "no memory for the answer");
    else
        rpc_call_end(call, &bytes);
}

static void check_received(struct rpc_call *call, const struct text *message)
{
    struct text service;
    if (!read_service(call, message, &service))
        return;
    const enum health_subject subject = health_find_subject(call->edition->catalog, service);
    if (subject == HEALTH_OF_NOBODY) {
        rpc_call_refuse(call, ERROR_NOT_FOUND, "this server has no such service");
        return;
    }
    SCOPED(buffer) struct buffer answer = buffer_capped(RPC_MAX_REPLY_BYTES);
    health_write_response(&answer, health_status(facts_of(health_of(call)), subject));
    reply(call, &answer);
}

static void list_received(struct rpc_call *call, const struct text *message)
{
    struct health_service *health = health_of(call);
    struct text ignored;
    if (!read_service(call, message, &ignored))
        return;
    SCOPED(buffer) struct buffer answer = buffer_capped(RPC_MAX_REPLY_BYTES);
    health_write_list(&answer, call->edition->catalog, facts_of(health));
    reply(call, &answer);
}

/* It ends without waiting for anything. */
static void ignore(struct rpc_call *call)
{
    (void)call;
}

const struct rpc_handler health_check_handler = {
    .start = rpc_call_receive,
    .received = check_received,
    .cancelled = ignore,
    .fini = ignore,
};

const struct rpc_handler health_list_handler = {
    .start = rpc_call_receive,
    .received = list_received,
    .cancelled = ignore,
    .fini = ignore,
};

/* ---- Watch -------------------------------------------------------------------------------- */

static void list(struct health_service *health, struct watcher *watcher)
{
    watcher->is_listed = true;
    watcher->next = health->watchers;
    if (health->watchers != NULL)
        health->watchers->previous = watcher;
    health->watchers = watcher;
    health->watcher_count++;
}

static void unlist(struct health_service *health, struct watcher *watcher)
{
    if (!watcher->is_listed)
        return;
    watcher->is_listed = false;
    if (watcher->previous != NULL)
        watcher->previous->next = watcher->next;
    else
        health->watchers = watcher->next;
    if (watcher->next != NULL)
        watcher->next->previous = watcher->previous;
    health->watcher_count--;
}

/* Says what the watcher does not know yet, if its last message is out. */
static void tell(struct health_service *health, struct watcher *watcher)
{
    const enum health_status status = health_status(health->facts, watcher->subject);
    if (watcher->is_sending || !watcher->is_listed)
        return;
    if (watcher->told == status) {
        if (watcher->is_leaving) {
            unlist(health, watcher);
            rpc_call_refuse(watcher->call, ERROR_UNAVAILABLE, "the gateway is shutting down");
        }
        return;
    }
    SCOPED(buffer) struct buffer message = buffer_capped(16);
    if (!health_write_response(&message, status))
        return; /* no memory: with the next change */
    watcher->told = status;
    watcher->is_sending = rpc_call_send(watcher->call, buffer_text(&message));
}

static void tell_all(struct health_service *health)
{
    struct watcher *next = NULL;
    for (struct watcher *watcher = health->watchers; watcher != NULL; watcher = next) {
        next = watcher->next;
        tell(health, watcher);
    }
}

void health_service_set_catalog(struct health_service *health, const struct catalog *catalog)
{
    pthread_mutex_lock(&health->mutex);
    health->catalog = catalog;
    for (struct watcher *watcher = health->watchers; watcher != NULL; watcher = watcher->next)
        watcher->subject = health_find_subject(catalog, text_of(watcher->service));
    tell_all(health);
    pthread_mutex_unlock(&health->mutex);
}

void health_service_set_upstream(struct health_service *health, bool is_up)
{
    pthread_mutex_lock(&health->mutex);
    health->facts.is_upstream_up = is_up;
    tell_all(health);
    pthread_mutex_unlock(&health->mutex);
}

void health_service_drain(struct health_service *health)
{
    pthread_mutex_lock(&health->mutex);
    health->facts.is_draining = true;
    tell_all(health);
    pthread_mutex_unlock(&health->mutex);
}

static void watch_start(struct rpc_call *call)
{
    struct watcher *watcher = calloc(1, sizeof *watcher);
    if (watcher == NULL) {
        rpc_call_refuse(call, ERROR_NO_MEMORY, "no memory for a watcher");
        return;
    }
    watcher->call = call;
    call->state = watcher;
    rpc_call_receive(call);
}

/* Many watchers keep one, so what is no name, or a very long one, is kept as one that nobody has.
 */
static bool keep_service(struct rpc_call *call, struct text service)
{
    enum { SERVICE_NAME_MAX = 1024 };
    struct watcher *watcher = call->state;
    const struct text kept =
        service.len == 0 ? TEXT("")
        : service.len > SERVICE_NAME_MAX || memchr(service.data, '\0', service.len) != NULL
            ? TEXT("?")
            : service;
    watcher->service = strndup(kept.data, kept.len);
    if (watcher->service == NULL)
        rpc_call_refuse(call, ERROR_NO_MEMORY, "no memory for a watcher");
    return watcher->service != NULL;
}

static void watch_received(struct rpc_call *call, const struct text *message)
{
    struct health_service *health = health_of(call);
    struct watcher *watcher = call->state;
    struct text service;
    if (!read_service(call, message, &service) || !keep_service(call, service))
        return;
    pthread_mutex_lock(&health->mutex);
    watcher->subject = health_find_subject(health->catalog, text_of(watcher->service));
    const bool is_full = health->watcher_count == HEALTH_MAX_WATCHERS;
    if (!is_full) {
        list(health, watcher);
        tell(health, watcher);
    }
    pthread_mutex_unlock(&health->mutex);
    if (is_full)
        rpc_call_refuse(call, ERROR_RESOURCE_EXHAUSTED,
                        "%d calls of Watch are open, as many as this server keeps",
                        HEALTH_MAX_WATCHERS);
}

static void watch_sent(struct rpc_call *call)
{
    struct health_service *health = health_of(call);
    struct watcher *watcher = call->state;
    pthread_mutex_lock(&health->mutex);
    watcher->is_sending = false;
    tell(health, watcher);
    pthread_mutex_unlock(&health->mutex);
}

static void watch_cancelled(struct rpc_call *call)
{
    struct health_service *health = health_of(call);
    if (call->state != NULL) {
        pthread_mutex_lock(&health->mutex);
        unlist(health, call->state);
        pthread_mutex_unlock(&health->mutex);
    }
    rpc_call_refuse(call, ERROR_CANCELLED, "the client has gone");
}

static void watch_drain(struct rpc_call *call)
{
    struct health_service *health = health_of(call);
    struct watcher *watcher = call->state;
    if (watcher == NULL)
        return; /* refused already */
    pthread_mutex_lock(&health->mutex);
    watcher->is_leaving = true;
    tell(health, watcher);
    const bool has_asked = watcher->is_listed;
    pthread_mutex_unlock(&health->mutex);
    if (!has_asked)
        rpc_call_refuse(call, ERROR_UNAVAILABLE, "the gateway is shutting down");
}

static void watch_fini(struct rpc_call *call)
{
    struct health_service *health = health_of(call);
    if (call->state == NULL)
        return;
    pthread_mutex_lock(&health->mutex);
    unlist(health, call->state);
    pthread_mutex_unlock(&health->mutex);
    free(((struct watcher *)call->state)->service);
    free(call->state);
}

const struct rpc_handler health_watch_handler = {
    .start = watch_start,
    .received = watch_received,
    .sent = watch_sent,
    .cancelled = watch_cancelled,
    .drain = watch_drain,
    .fini = watch_fini,
};
