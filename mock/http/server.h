/* The edge: libmicrohttpd's connections in, calls of the API, answers out. It decides nothing the
 * API could decide.
 *
 * It owns no thread and never waits: its epoll descriptor belongs into the program's loop, which
 * calls http_server_run when that is readable or the timeout has passed. Not thread-safe. */
#ifndef TESTKIT_MOCK_HTTP_SERVER_H
#define TESTKIT_MOCK_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/error.h"
#include "common/base/scope.h"
#include "mock/api/api.h"
#include "mock/http/access_log.h"

struct http_server_settings {
    int listen_fd;          /* consumed */
    struct api *api;        /* borrowed; must outlive the server */
    struct access_log *log; /* borrowed; likewise */
    size_t max_body;        /* of a request; more is 413 */
    /* Connections beyond this wait in the listen backlog until another one closes. */
    unsigned max_connections;
};

struct http_server;

/* Fails  INTERNAL, NO_MEMORY. Owned: http_server_free(). */
MUST_USE bool http_server_new(const struct http_server_settings *settings, struct http_server **out,
                              struct error *err);
/* Closes all connections, whatever they are doing. */
void http_server_free(struct http_server *server);

int http_server_epoll_fd(const struct http_server *server); /* borrowed */
/* Milliseconds until run must be called even if nothing happens; -1 for never. */
int http_server_timeout_ms(const struct http_server *server);
void http_server_run(struct http_server *server);

/* Accepts no more connections; answers from now on close theirs. */
void http_server_quiesce(struct http_server *server);
/* Requests that have been understood and are not answered to their end. */
size_t http_server_busy(const struct http_server *server);

#endif
