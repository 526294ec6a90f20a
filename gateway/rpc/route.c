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
static_assert(ARRAY_LEN(own_methods) == RPC_OWN_METHODS, "edition.h has a row for each");

bool rpc_route_prepare(struct metrics *metrics, struct rpc_edition *edition, struct error *err)
{
    const size_t count = schema_method_count(edition->schema);
    edition->method_rows = calloc(count, sizeof *edition->method_rows);
    if (edition->method_rows == NULL)
        return error_set(err, ERROR_NO_MEMORY, "no memory for the metrics");
    for (size_t i = 0; i < count; i++) {
        const struct method *m = schema_method(edition->schema, i);
        const struct metrics_method counted = { m->path, m->client_streams, m->server_streams };
        if (!metrics_row(metrics, &counted, &edition->method_rows[i], err))
            return false;
    }
    for (size_t i = 0; i < RPC_OWN_METHODS; i++)
        if (!metrics_row(metrics, &own_methods[i].method, &edition->own_rows[i], err))
            return false;
    return true;
}

const struct rpc_handler *rpc_route(struct rpc_call *call)
{
    const struct rpc_edition *edition = call->edition;
    const struct text path = rpc_call_path(call);
    const struct method *method = schema_find_method(edition->schema, path);
    call->proxy.method = method;
    call->metrics_row = method == NULL
                            ? METRICS_UNKNOWN_METHOD
                            : edition->method_rows[schema_method_index(edition->schema, method)];
    if (method != NULL && method->binding_count > 0)
        return method->server_streams ? &streamed_handler : &proxied_handler;
    for (size_t i = 0; i < RPC_OWN_METHODS; i++) {
        if (!text_equal(path, own_methods[i].method.path))
            continue;
        call->metrics_row = edition->own_rows[i];
        return own_methods[i].handler;
    }
    return &proxied_handler;
}
