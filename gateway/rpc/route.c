#include "gateway/rpc/route.h"

#include <assert.h>
#include <stdlib.h>

#include "gateway/rpc/server_internal.h"

/* proto/grpc. An API may declare the same services; what it has an HTTP rule for is its own. */
#define PATH(literal)                                                                              \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }
static const struct {
    struct metrics_method method;
    const struct rpc_handler *handler;
} own_methods[] = {
    { { PATH("/grpc.health.v1.Health/Check"), false, false }, &health_check_handler },
    { { PATH("/grpc.health.v1.Health/List"), false, false }, &health_list_handler },
    { { PATH("/grpc.health.v1.Health/Watch"), false, true }, &health_watch_handler },
    { { PATH("/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"), true, true },
      &reflection_handler },
    { { PATH("/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"), true, true },
      &reflection_handler },
};
static_assert(ARRAY_LEN(own_methods) == RPC_OWN_METHODS, "server_internal.h has a row for each");

/* Row 1 + i is the schema's method i; then come those of our own that it does not have. */
bool rpc_route_init(struct rpc_server *server, struct error *err)
{
    const struct schema *schema = server->config.schema;
    size_t count = schema_method_count(schema);
    struct metrics_method *methods = calloc(count + RPC_OWN_METHODS, sizeof *methods);
    if (methods == NULL)
        return error_set(err, ERROR_NO_MEMORY, "no memory for the metrics");
    for (size_t i = 0; i < count; i++) {
        const struct method *m = schema_method(schema, i);
        methods[i] = (struct metrics_method){ m->path, m->client_streams, m->server_streams };
    }
    for (size_t i = 0; i < RPC_OWN_METHODS; i++) {
        const struct method *m = schema_find_method(schema, own_methods[i].method.path);
        if (m == NULL)
            methods[count++] = own_methods[i].method;
        server->own_rows[i] = m == NULL ? count : 1 + schema_method_index(schema, m);
    }
    const bool made =
        metrics_new(methods, count, server->config.worker_count, &server->metrics, err);
    free(methods);
    return made;
}

const struct rpc_handler *rpc_route(struct rpc_call *call)
{
    const struct rpc_server *server = call->worker->server;
    const struct text path = rpc_call_path(call);
    const struct method *method = schema_find_method(server->config.schema, path);
    call->proxy.method = method;
    call->metrics_row = method == NULL ? METRICS_UNKNOWN_METHOD
                                       : 1 + schema_method_index(server->config.schema, method);
    if (method != NULL && method->binding_count > 0)
        return &proxied_handler;
    for (size_t i = 0; i < RPC_OWN_METHODS; i++) {
        if (!text_equal(path, own_methods[i].method.path))
            continue;
        call->metrics_row = server->own_rows[i];
        return own_methods[i].handler;
    }
    return &proxied_handler;
}
