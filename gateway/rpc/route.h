/* Which handler answers which method, and which row of the metrics counts it. */
#ifndef TESTKIT_GATEWAY_RPC_ROUTE_H
#define TESTKIT_GATEWAY_RPC_ROUTE_H

#include "gateway/rpc/call.h"

struct metrics;

/* Methods of the API: one request, by way of the upstream one reply, or a stream of them. The first
 * also answers calls of methods that do not exist, with UNIMPLEMENTED. */
extern const struct rpc_handler proxied_handler;
extern const struct rpc_handler streamed_handler;

/* The gateway's own. */
extern const struct rpc_handler health_check_handler;
extern const struct rpc_handler health_list_handler;
extern const struct rpc_handler health_watch_handler;
extern const struct rpc_handler reflection_handler;

/* Finds the edition's rows of the metrics, one for each method. Fails NO_MEMORY. */
MUST_USE bool rpc_route_prepare(struct metrics *metrics, struct rpc_edition *edition,
                                struct error *err);

/* Who answers a call that has arrived, by its edition. Sets call->proxy.method and
 * call->metrics_row. */
const struct rpc_handler *rpc_route(struct rpc_call *call);

#endif
