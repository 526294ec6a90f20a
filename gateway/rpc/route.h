/* Which handler answers which method. */
#ifndef TESTKIT_GATEWAY_RPC_ROUTE_H
#define TESTKIT_GATEWAY_RPC_ROUTE_H

#include "gateway/rpc/call.h"

/* Methods of the API: one request, one reply, by way of the upstream. Also answers calls of methods
 * that do not exist, with UNIMPLEMENTED. */
extern const struct rpc_handler proxied_handler;

/* Who answers a call that has arrived. Sets call->proxy.method. */
const struct rpc_handler *rpc_route(struct rpc_call *call);

#endif
