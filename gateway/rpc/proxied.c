/* Calls of the API's unary methods: one message in, an exchange with the upstream, one message out.
 */
#include "gateway/rpc/proxied.h"

#include "gateway/rpc/route.h"
#include "gateway/rpc/server_internal.h"

static void refuse_overload(struct rpc_call *call)
{
    metrics_call_refused(call->worker->metrics);
    rpc_status_overloaded(&call->status, call->edition->max_inflight);
    rpc_call_end(call, NULL);
}

void proxied_start(struct rpc_call *call)
{
    struct rpc_server *server = call->worker->server;
    const struct text path = rpc_call_path(call);
    call->is_counted = true;
    size_t before = atomic_fetch_add_explicit(&server->inflight, 1, memory_order_relaxed);
    if (call->proxy.method == NULL)
        rpc_call_refuse(call, ERROR_NOT_SUPPORTED, "unknown method " TEXT_FMT, TEXT_ARGS(path));
    else if (before >= call->edition->max_inflight)
        refuse_overload(call);
    else
        rpc_call_receive(call);
}

/* An error that comes first has no initial metadata, so that it is one frame and clients may see
 * that nothing has begun. */
void proxied_note_answer(struct rpc_call *call, bool is_new)
{
    const struct proxy_call *proxy = &call->proxy;
    const bool is_ok = call->status.code == RPC_OK;
    for (size_t i = 0; is_new && i < proxy->returned_count; i++)
        (is_ok ? rpc_call_add_header : rpc_call_add_trailer)(call, proxy->returned[i].name,
                                                             proxy->returned[i].value);
    rpc_call_add_trailer(call, TEXT("hypeman-unknown-enum"), text_of(proxy->notes.unknown_enum));
}

/* proxy_call.finish: on the upstream's thread, or on ours when the call ended early. */
static void on_finished(struct proxy_call *proxy)
{
    struct rpc_call *call = proxy->context;
    const bool is_ok = call->status.code == RPC_OK;
    const struct text reply = buffer_text(&proxy->reply);
    call->http_status = proxy->http_status;
    call->upstream_ns = proxy->exchange.duration_ns;
    proxied_note_answer(call, true);
    rpc_call_end(call, is_ok ? &reply : NULL);
}

static bool read_metadata(struct rpc_call *call, struct error *err)
{
    const struct metadata_names *allowed = &call->edition->proxy.forwarded;
    for (size_t i = 0; i < call->metadata.count; i++)
        if (!metadata_forward(allowed, rpc_slice_text(&call->metadata.metadata[i].key),
                              rpc_slice_text(&call->metadata.metadata[i].value),
                              &call->proxy.metadata, err))
            return false;
    return true;
}

bool proxied_prepare(struct rpc_call *call, const struct text *message)
{
    struct error err = { 0 };
    if (message == NULL && call->is_closed) {
        rpc_call_refuse(call, ERROR_CANCELLED, "the call ended before its request was complete");
        return false;
    }
    if (message == NULL) {
        rpc_call_refuse(call, ERROR_INVALID_ARGUMENT, "the call carries no request message");
        return false;
    }
    if (!read_metadata(call, &err)) {
        rpc_status_from_error(&call->status, &err);
        rpc_call_end(call, NULL);
        return false;
    }
    struct proxy_call *proxy = &call->proxy;
    proxy->settings = &call->edition->proxy;
    proxy->upstream = call->worker->upstream;
    proxy->time_left_ms = rpc_call_time_left_ms(call);
    proxy->status = &call->status;
    proxy->context = call;
    return true;
}

static void received(struct rpc_call *call, const struct text *message)
{
    if (!proxied_prepare(call, message))
        return;
    call->proxy.finish = on_finished;
    proxy_call_start(&call->proxy, *message);
}

static void cancelled(struct rpc_call *call)
{
    proxy_call_cancel(&call->proxy);
}

void proxied_fini(struct rpc_call *call)
{
    struct metrics_worker *metrics = call->worker->metrics;
    if (call->proxy.exchange.done != NULL)
        metrics_upstream_done(metrics, &call->proxy.exchange);
    metrics_unknown_members(metrics, call->proxy.notes.unknown_members);
    proxy_call_fini(&call->proxy);
}

const struct rpc_handler proxied_handler = {
    .start = proxied_start,
    .received = received,
    .cancelled = cancelled,
    .fini = proxied_fini,
};
