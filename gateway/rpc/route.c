#include "gateway/rpc/route.h"

#include "gateway/rpc/server_internal.h"

const struct rpc_handler *rpc_route(struct rpc_call *call)
{
    const struct rpc_server *server = call->worker->server;
    const struct text path = rpc_call_path(call);
    const struct method *method = schema_find_method(server->config.schema, path);
    call->proxy.method = method;
    call->metrics_row = method == NULL ? METRICS_UNKNOWN_METHOD
                                       : 1 + schema_method_index(server->config.schema, method);
    return &proxied_handler;
}
