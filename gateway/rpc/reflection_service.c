/* grpc.reflection.v1 and v1alpha: a question is read only when the answer before it has been taken,
 * so a stream holds one of each. */
#include <stdatomic.h>
#include <stdlib.h>

#include "gateway/rpc/route.h"
#include "gateway/rpc/server_internal.h"
#include "gateway/services/reflection.h"

/* A tool needs one for a moment. */
enum { MAX_STREAMS = 100 };

static void start(struct rpc_call *call)
{
    struct rpc_server *server = call->worker->server;
    struct error err = { 0 };
    if (atomic_fetch_add(&server->reflection_streams, 1) >= MAX_STREAMS) {
        rpc_call_refuse(call, ERROR_RESOURCE_EXHAUSTED,
                        "%d reflection streams are open, as many as this server keeps",
                        MAX_STREAMS);
        return;
    }
    struct reflection_session *session = calloc(1, sizeof *session);
    if (session == NULL) {
        rpc_call_refuse(call, ERROR_NO_MEMORY, "no memory for a reflection stream");
        return;
    }
    call->state = session;
    if (reflection_session_init(session, call->edition->catalog, &err))
        rpc_call_receive(call);
    else
        rpc_call_refuse(call, err.code, "%s", err.message);
}

static void received(struct rpc_call *call, const struct text *message)
{
    struct error err = { 0 };
    SCOPED(buffer) struct buffer reply = buffer_capped(RPC_MAX_REPLY_BYTES);
    if (message == NULL)
        rpc_call_finish(call);
    else if (reflection_answer(call->state, *message, &reply, &err))
        (void)rpc_call_send(call, buffer_text(&reply));
    else
        rpc_call_refuse(call, err.code, "%s", err.message);
}

static void cancelled(struct rpc_call *call)
{
    rpc_call_refuse(call, ERROR_CANCELLED, "the client has gone");
}

static void drain(struct rpc_call *call)
{
    rpc_call_refuse(call, ERROR_UNAVAILABLE, "the gateway is shutting down");
}

static void fini(struct rpc_call *call)
{
    atomic_fetch_sub(&call->worker->server->reflection_streams, 1);
    if (call->state == NULL)
        return;
    reflection_session_fini(call->state);
    free(call->state);
}

const struct rpc_handler reflection_handler = {
    .start = start,
    .received = received,
    .sent = rpc_call_receive,
    .cancelled = cancelled,
    .drain = drain,
    .fini = fini,
};
