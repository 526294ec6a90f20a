/* The edge: libmicrohttpd's connections in, calls of the API, answers out. It decides nothing the
 * API could decide.
 *
 * It owns no thread and never blocks: its descriptors belong into the program's loop, which calls
 * http_server_run when one is readable or the timeout has passed. A request whose answer waits
 * (api.h) keeps its connection and nothing else. Not thread-safe. */
#ifndef TESTKIT_MOCK_HTTP_SERVER_H
#define TESTKIT_MOCK_HTTP_SERVER_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/error.h"
#include "common/base/scope.h"
#include "common/program/line_log.h"
#include "mock/control/control.h"

enum {
    /* A client in the middle of sending or reading may pause this long. */
    HTTP_SERVER_STALLED_SECONDS = 30,
    /* A connection between two requests may live this long: clients keep pools, and the real server
     * never closes one (HTTP-007). */
    HTTP_SERVER_IDLE_SECONDS = 600,
};

struct http_server_settings {
    int listen_fd;           /* consumed */
    struct control *control; /* borrowed; must outlive the server */
    struct line_log *log;    /* borrowed; likewise */
    size_t max_body;         /* of a request; more is 413 */
    /* Connections beyond this wait in the listen backlog until another one closes. */
    unsigned max_connections;
    unsigned stalled_seconds; /* HTTP_SERVER_STALLED_SECONDS but in tests */
    unsigned idle_seconds;    /* HTTP_SERVER_IDLE_SECONDS, likewise       */
};

struct http_server;

/* Fails  INTERNAL, NO_MEMORY. Owned: http_server_free(). */
MUST_USE bool http_server_new(const struct http_server_settings *settings, struct http_server **out,
                              struct error *err);
/* Closes all connections, whatever they are doing; also ends all waits for good. */
void http_server_free(struct http_server *server);

/* Adds the server's descriptors to an epoll descriptor; with each comes itself as data.fd.
 * Fails  INTERNAL */
MUST_USE bool http_server_watch(const struct http_server *server, int epoll_fd, struct error *err);
/* Milliseconds until run must be called even if nothing happens. */
int http_server_timeout_ms(const struct http_server *server);
void http_server_run(struct http_server *server);

/* For control_settings.ready: an answer of one of the server's connections no longer waits. */
void http_server_ready(struct response *res);

/* Accepts no more connections; answers from now on close theirs, and none waits any longer. */
void http_server_quiesce(struct http_server *server);
/* Requests that have been understood and are not answered to their end. */
size_t http_server_busy(const struct http_server *server);

#endif
