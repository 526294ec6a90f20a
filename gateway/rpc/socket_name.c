#include "gateway/rpc/socket_name.h"

#include <netinet/in.h>
#include <string.h>

bool socket_name_get(int fd, struct socket_name *out)
{
    out->len = sizeof out->address;
    return getsockname(fd, (struct sockaddr *)&out->address, &out->len) == 0;
}

static bool is_inet(const struct socket_name *name)
{
    return name->address.ss_family == AF_INET || name->address.ss_family == AF_INET6;
}

static in_port_t port_of(const struct socket_name *name)
{
    return name->address.ss_family == AF_INET
               ? ((const struct sockaddr_in *)&name->address)->sin_port
               : ((const struct sockaddr_in6 *)&name->address)->sin6_port;
}

static bool is_same(const struct socket_name *a, const struct socket_name *b)
{
    if (is_inet(a) && is_inet(b))
        return port_of(a) == port_of(b);
    return a->len == b->len && memcmp(&a->address, &b->address, b->len) == 0;
}

static bool listens(int fd)
{
    int on = 0;
    socklen_t len = sizeof on;
    return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &on, &len) == 0 && on != 0;
}

bool socket_name_came_by(int fd, const struct socket_name *listener)
{
    struct socket_name own;
    return socket_name_get(fd, &own) && is_same(&own, listener) && !listens(fd);
}
