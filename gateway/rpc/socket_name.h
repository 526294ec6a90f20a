/* The local name of a socket, by which a connection is known to have come by a listener. */
#ifndef TESTKIT_GATEWAY_RPC_SOCKET_NAME_H
#define TESTKIT_GATEWAY_RPC_SOCKET_NAME_H

#include <stdbool.h>
#include <sys/socket.h>

#include "common/base/scope.h"

struct socket_name {
    struct sockaddr_storage address;
    socklen_t len;
};

/* False when it is no socket. */
MUST_USE bool socket_name_get(int fd, struct socket_name *out);

/* Whether that is a connection, still open here, that was accepted at the listener of that name; of
 * a listener for all addresses the port counts. */
bool socket_name_came_by(int fd, const struct socket_name *listener);

#endif
