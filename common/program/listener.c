#include "common/program/listener.h"

#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool refuse(const char *address, const char *reason, const char *taken_option,
                   struct error *err)
{
    char lower[128];
    snprintf(lower, sizeof lower, "%s", reason);
    lower[0] = (char)tolower((unsigned char)lower[0]);
    return taken_option == NULL
               ? error_set(err, ERROR_UNAVAILABLE, "cannot listen on %s: %s", address, lower)
               : error_set(err, ERROR_UNAVAILABLE,
                           "cannot listen on %s: %s; stop the other program or choose another port "
                           "with %s 127.0.0.1:0",
                           address, lower, taken_option);
}

static int open_socket(const struct addrinfo *ai)
{
    const int fd =
        socket(ai->ai_family, ai->ai_socktype | SOCK_NONBLOCK | SOCK_CLOEXEC, ai->ai_protocol);
    if (fd < 0)
        return -1;
    const int on = 1;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
        bind(fd, ai->ai_addr, ai->ai_addrlen) == 0 && listen(fd, SOMAXCONN) == 0)
        return fd;
    const int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

static bool describe(struct listener *listener, struct error *err)
{
    struct sockaddr_storage address = { 0 };
    socklen_t len = sizeof address;
    char host[NI_MAXHOST];
    char port[NI_MAXSERV];

    if (getsockname(listener->fd, (struct sockaddr *)&address, &len) != 0 ||
        getnameinfo((struct sockaddr *)&address, len, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return error_set(err, ERROR_UNAVAILABLE, "cannot read the listening address");
    const bool v6 = address.ss_family == AF_INET6;
    snprintf(listener->url, sizeof listener->url, "http://%s%.*s%s:%s", v6 ? "[" : "", 255, host,
             v6 ? "]" : "", port);
    return true;
}

bool listener_open(const char *host, uint16_t port, const char *option, struct listener *out,
                   struct error *err)
{
    const struct addrinfo hints = {
        .ai_flags = AI_PASSIVE | AI_NUMERICSERV,
        .ai_family = AF_UNSPEC,
        .ai_socktype = SOCK_STREAM,
    };
    const bool v6 = strchr(host, ':') != NULL;
    struct addrinfo *found = NULL;
    char address[320];
    char service[8];

    snprintf(address, sizeof address, "%s%.256s%s:%u", v6 ? "[" : "", host, v6 ? "]" : "", port);
    snprintf(service, sizeof service, "%u", port);
    const int rc = getaddrinfo(host, service, &hints, &found);
    if (rc != 0)
        return refuse(address, gai_strerror(rc), NULL, err);

    out->fd = open_socket(found);
    const int reason = errno;
    freeaddrinfo(found);
    if (out->fd < 0)
        return refuse(address, strerror(reason), reason == EADDRINUSE ? option : NULL, err);
    if (describe(out, err))
        return true;
    close(out->fd);
    return false;
}
