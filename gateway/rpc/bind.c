#include "gateway/rpc/bind.h"

#include <ctype.h>
#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <grpc/grpc_security.h>

#include "common/base/text.h"

/* One listening socket. Each has credentials of its own: C-core replaces their certificates without
 * a lock, which is safe only as long as one thread accepts with them. */
static int listen_on(grpc_server *server, const char *address, struct tls_listener *listener)
{
    grpc_server_credentials *credentials = listener->identity == NULL
                                               ? grpc_insecure_server_credentials_create()
                                               : tls_listener_credentials(listener);
    int port = grpc_server_add_http2_port(server, address, credentials);
    grpc_server_credentials_release(credentials);
    return port;
}

/* ---- A path -------------------------------------------------------------------------------- */

static bool somebody_listens(const struct sockaddr_un *at)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd < 0)
        return false;
    /* EAGAIN: somebody whose queue is full. */
    bool listens = connect(fd, (const struct sockaddr *)at, sizeof *at) == 0 || errno == EAGAIN;
    close(fd);
    return listens;
}

/* C-core removes any socket that stands in its way, also one that another program serves: both
 * would run, one of them never to be reached again. */
static bool is_free(const char *path, struct error *err)
{
    struct sockaddr_un at = { .sun_family = AF_UNIX };
    size_t len = strlen(path);
    struct stat file;
    if (len == 0 || len >= sizeof at.sun_path)
        return error_set(err, ERROR_INVALID_ARGUMENT,
                         "cannot listen on unix:%s: a socket's path has 1 to %zu bytes", path,
                         sizeof at.sun_path - 1);
    memcpy(at.sun_path, path, len);
    if (lstat(path, &file) != 0)
        return true; /* what else is wrong with the path, bind says */
    if (!S_ISSOCK(file.st_mode))
        return error_set(err, ERROR_INVALID_ARGUMENT,
                         "cannot listen on unix:%s: a file that is no socket has this name", path);
    if (somebody_listens(&at))
        return error_set(err, ERROR_UNAVAILABLE,
                         "cannot listen on unix:%s: another program serves there; stop it or "
                         "choose another path",
                         path);
    return true;
}

static bool bind_path(grpc_server *server, const char *address, const char *path,
                      struct bound *bound, struct error *err)
{
    if (!is_free(path, err))
        return false;
    if (listen_on(server, address, &bound->listeners[0]) != 0)
        return true;
    return error_set(err, ERROR_UNAVAILABLE,
                     "cannot listen on %s: its folder does not exist or cannot be written",
                     address);
}

/* ---- A host and a port --------------------------------------------------------------------- */

static void addresses_scope_end(struct addrinfo **found)
{
    if (*found != NULL)
        freeaddrinfo(*found);
}

static bool resolve(const char *address, struct addrinfo **out, struct error *err)
{
    const struct addrinfo hints = { .ai_flags = AI_PASSIVE | AI_NUMERICSERV,
                                    .ai_socktype = SOCK_STREAM };
    const char *colon = strrchr(address, ':');
    bool is_v6 = address[0] == '[';
    char host[256];
    int failure = EAI_NONAME;
    if (colon != NULL &&
        (size_t)snprintf(host, sizeof host, "%.*s", (int)(colon - address) - 2 * is_v6,
                         address + is_v6) < sizeof host)
        failure = getaddrinfo(host, colon + 1, &hints, out);
    if (failure == 0)
        return true;
    char why[128];
    (void)snprintf(why, sizeof why, "%s", gai_strerror(failure));
    why[0] = (char)tolower((unsigned char)why[0]);
    return error_set(err, ERROR_INVALID_ARGUMENT, "cannot listen on %s: %s", address, why);
}

/* "127.0.0.1:50051" and "[::1]:50051"; port 0 where the address leaves it open. */
static bool describe(const struct addrinfo *found, int port, char *out, size_t size)
{
    char host[NI_MAXHOST];
    char service[NI_MAXSERV];
    bool is_v6 = found->ai_family == AF_INET6;
    if (getnameinfo(found->ai_addr, found->ai_addrlen, host, sizeof host, service, sizeof service,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0)
        return false;
    if (strcmp(service, "0") == 0)
        (void)snprintf(service, sizeof service, "%d", port);
    (void)snprintf(out, size, "%s%s%s:%s", is_v6 ? "[" : "", host, is_v6 ? "]" : "", service);
    return true;
}

/* One that works is enough: a name may have addresses this machine does not. */
static bool bind_host(grpc_server *server, const char *address, struct bound *bound,
                      struct error *err)
{
    SCOPED(addresses) struct addrinfo *found = NULL;
    if (!resolve(address, &found, err))
        return false;
    size_t count = 0;
    for (struct addrinfo *a = found; a != NULL && count < BIND_MAX_SOCKETS; a = a->ai_next) {
        char numeric[NI_MAXHOST + NI_MAXSERV + 4];
        int port = describe(a, bound->port, numeric, sizeof numeric)
                       ? listen_on(server, numeric, &bound->listeners[count++])
                       : 0;
        if (bound->port == 0)
            bound->port = port;
    }
    if (bound->port != 0)
        return true;
    return error_set(err, ERROR_UNAVAILABLE,
                     "cannot listen on %s: the port is taken or the address is not this machine's; "
                     "stop the other program or choose another with --listen 127.0.0.1:0",
                     address);
}

bool bind_address(grpc_server *server, const char *address, struct tls_identity *identity,
                  struct bound *bound, struct error *err)
{
    const struct text scheme = TEXT("unix:");
    for (size_t i = 0; i < BIND_MAX_SOCKETS; i++)
        bound->listeners[i].identity = identity;
    if (text_starts_with(text_of(address), scheme))
        return bind_path(server, address, address + scheme.len, bound, err);
    return bind_host(server, address, bound, err);
}
