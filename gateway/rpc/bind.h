/* The address the gRPC server listens on. */
#ifndef TESTKIT_GATEWAY_RPC_BIND_H
#define TESTKIT_GATEWAY_RPC_BIND_H

#include <stddef.h>

#include <grpc/grpc.h>

#include "common/base/error.h"
#include "gateway/rpc/tls.h"

enum { BIND_MAX_SOCKETS = 8 };

/* The sockets of one address: a name such as localhost has several. */
struct bound {
    int port; /* 0 for a socket's path */
    struct tls_listener listeners[BIND_MAX_SOCKETS];
};

/* Makes a server that is not started yet listen.
 * address   "127.0.0.1:50051", "[::1]:0" (0: any free port), "localhost:50051", "unix:/run/x.sock"
 * identity  borrowed; NULL for plain text
 * bound     must not move, and must outlive the server
 * Fails  INVALID_ARGUMENT  no such host; a path that is too long or is no socket
 *        UNAVAILABLE       the address is taken, or not this machine's; the message says what to do
 *        NO_MEMORY */
MUST_USE bool bind_address(grpc_server *server, const char *address, struct tls_identity *identity,
                           struct bound *bound, struct error *err);

#endif
