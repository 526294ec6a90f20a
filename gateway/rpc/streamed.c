/* Calls of the API's methods that stream their replies: one message in, an exchange with the
 * upstream, a message out for each item of its answer.
 *
 * The upstream's thread makes messages, and one at a time is on its way to the client. Between the
 * two is a queue of some WAITING_FULL bytes; when it is full nothing more is read from the
 * upstream. It is a pair of buffers: messages are added to one, under the mutex, while whoever
 * sends empties the other. Sending passes from hand to hand: the upstream's thread begins when
 * nothing is on its way, and the call's worker goes on with each `sent`, until there is nothing. So
 * messages stay in order, and the call ends behind the last. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/rpc/proxied.h"
#include "gateway/rpc/route.h"
#include "gateway/rpc/server_internal.h"

/* A piece of the answer is small, yet one may complete an item as large as they may be, and be full
 * of items that grow: a number of JSON becomes a google.protobuf.Value of 11 bytes. */
enum { WAITING_FULL = 32 << 10, WAITING_MAX = RPC_MAX_REPLY_BYTES + (1 << 20) };

struct streamed {
    struct proxy_stream stream;
    struct buffer going; /* messages, each behind its length; of whoever sends */
    size_t gone;         /* bytes of it */

    pthread_mutex_t mutex; /* guards what follows; nothing is called while it is held */
    struct buffer waiting;
    bool is_sending;      /* a message is on its way, or the end */
    bool has_sent;        /* a message, ever                     */
    bool is_over;         /* call->status is written: no message is added any more */
    bool is_unwanted;     /* messages that are not gone yet never will be */
    bool is_expelled;     /* the server stops, and cannot wait            */
    bool waits_for_room;  /* the upstream does                            */
    uint64_t exchange_id; /* 0 before it was submitted                    */
};

/* ---- The end ------------------------------------------------------------------------------- */

/* By whoever sends, when nothing more is to be sent. */
static void end(struct rpc_call *call)
{
    struct streamed *s = call->state;
    pthread_mutex_lock(&s->mutex);
    const bool is_expelled = s->is_expelled;
    const bool has_sent = s->has_sent;
    pthread_mutex_unlock(&s->mutex);
    if (is_expelled) {
        struct error err = { 0 };
        error_set(&err, ERROR_UNAVAILABLE, "the gateway is shutting down; call again");
        buffer_fini(&call->status.details);
        rpc_status_from_error(&call->status, &err);
    }
    proxied_note_answer(call, !has_sent);
    rpc_call_end(call, NULL);
}

/* proxy_call.finish: on the upstream's thread, or on ours when the call ended early. */
static void on_finished(struct proxy_call *proxy)
{
    struct rpc_call *call = proxy->context;
    struct streamed *s = call->state;
    call->http_status = proxy->http_status;
    call->upstream_ns = proxy->exchange.duration_ns;
    pthread_mutex_lock(&s->mutex);
    const bool is_idle = !s->is_sending;
    s->is_over = true;
    s->is_sending = true;
    pthread_mutex_unlock(&s->mutex);
    if (is_idle)
        end(call);
}

/* ---- Messages, on the upstream's thread ---------------------------------------------------- */

static bool has_room(struct proxy_call *proxy)
{
    struct streamed *s = ((struct rpc_call *)proxy->context)->state;
    pthread_mutex_lock(&s->mutex);
    const bool has = s->waiting.len < WAITING_FULL || s->is_unwanted;
    s->waits_for_room = !has;
    pthread_mutex_unlock(&s->mutex);
    return has;
}

static bool add_waiting(struct streamed *s, struct text message)
{
    return buffer_append(&s->waiting, &message.len, sizeof message.len) &&
           buffer_append_text(&s->waiting, message);
}

static bool deliver(struct proxy_call *proxy, struct text message)
{
    struct rpc_call *call = proxy->context;
    struct streamed *s = call->state;
    pthread_mutex_lock(&s->mutex);
    const bool is_mine = !s->is_sending && !s->is_unwanted;
    const bool is_first = is_mine && !s->has_sent;
    const bool is_kept = is_mine || s->is_unwanted || add_waiting(s, message);
    s->is_sending |= is_mine;
    s->has_sent |= is_mine;
    pthread_mutex_unlock(&s->mutex);
    for (size_t i = 0; is_first && i < proxy->returned_count; i++)
        rpc_call_add_header(call, proxy->returned[i].name, proxy->returned[i].value);
    if (is_mine)
        (void)rpc_call_send(call, message);
    return is_kept;
}

/* ---- Messages, on the worker's thread ------------------------------------------------------ */

/* What was sent is forgotten and what waits is next. Without anything the sending is over; true
 * when the call is, too. */
static bool turn_over(struct rpc_call *call)
{
    struct streamed *s = call->state;
    buffer_recycle(&s->going, STREAM_KEPT_BYTES);
    s->gone = 0;
    pthread_mutex_lock(&s->mutex);
    if (s->is_unwanted)
        buffer_recycle(&s->waiting, STREAM_KEPT_BYTES);
    const struct buffer emptied = s->going;
    s->going = s->waiting;
    s->waiting = emptied;
    const bool ends = s->going.len == 0 && s->is_over;
    const bool has_room = s->waits_for_room;
    s->is_sending = s->going.len > 0 || ends;
    s->waits_for_room = false;
    pthread_mutex_unlock(&s->mutex);
    if (has_room)
        proxy_call_resume(&call->proxy);
    return ends;
}

static struct text take_going(struct streamed *s)
{
    struct text message = { .len = 0 };
    memcpy(&message.len, s->going.data + s->gone, sizeof message.len);
    message.data = s->going.data + s->gone + sizeof message.len;
    s->gone += sizeof message.len + message.len;
    return message;
}

static bool is_unwanted(struct streamed *s)
{
    pthread_mutex_lock(&s->mutex);
    const bool is = s->is_unwanted;
    pthread_mutex_unlock(&s->mutex);
    return is;
}

static void sent(struct rpc_call *call)
{
    struct streamed *s = call->state;
    const bool is_used_up = s->gone == s->going.len || is_unwanted(s);
    if (is_used_up && turn_over(call))
        end(call);
    else if (s->gone < s->going.len)
        (void)rpc_call_send(call, take_going(s));
}

/* ---- The call ------------------------------------------------------------------------------ */

static void start(struct rpc_call *call)
{
    struct streamed *s = calloc(1, sizeof *s);
    if (s == NULL) {
        rpc_call_refuse(call, ERROR_NO_MEMORY, "no memory for a stream");
        return;
    }
    pthread_mutex_init(&s->mutex, NULL);
    s->stream.has_room = has_room;
    s->stream.deliver = deliver;
    s->going = buffer_capped(WAITING_MAX);
    s->waiting = buffer_capped(WAITING_MAX);
    call->state = s;
    proxied_start(call);
}

/* Once it is known by which number the exchange can be cancelled. */
static void note_exchange(struct rpc_call *call)
{
    struct streamed *s = call->state;
    pthread_mutex_lock(&s->mutex);
    s->exchange_id = call->proxy.exchange.id;
    const bool is_unwanted = s->is_unwanted;
    pthread_mutex_unlock(&s->mutex);
    if (is_unwanted)
        proxy_call_cancel(&call->proxy);
}

static void received(struct rpc_call *call, const struct text *message)
{
    struct streamed *s = call->state;
    if (!proxied_prepare(call, message))
        return;
    call->proxy.stream = &s->stream;
    call->proxy.finish = on_finished;
    proxy_call_start(&call->proxy, *message);
    note_exchange(call);
}

/* From now on nothing is sent but the status. The exchange ends soon, if it is not over, and with
 * it the call: behind the message that is on its way. */
static void give_up(struct rpc_call *call, bool is_expelled)
{
    struct streamed *s = call->state;
    if (s == NULL)
        return;
    pthread_mutex_lock(&s->mutex);
    s->is_unwanted = true;
    s->is_expelled |= is_expelled;
    const uint64_t id = s->exchange_id;
    pthread_mutex_unlock(&s->mutex);
    if (id != 0)
        upstream_cancel(call->worker->upstream, id);
}

static void cancelled(struct rpc_call *call)
{
    give_up(call, false);
}

static void expel(struct rpc_call *call)
{
    give_up(call, true);
}

static void fini(struct rpc_call *call)
{
    struct streamed *s = call->state;
    proxied_fini(call);
    if (s == NULL)
        return;
    buffer_fini(&s->going);
    buffer_fini(&s->waiting);
    pthread_mutex_destroy(&s->mutex);
    free(s);
}

const struct rpc_handler streamed_handler = {
    .start = start,
    .received = received,
    .sent = sent,
    .cancelled = cancelled,
    .expel = expel,
    .fini = fini,
};
