/* The program's one loop: connections, signals, the log. */
#ifndef TESTKIT_MOCK_HTTP_SERVE_H
#define TESTKIT_MOCK_HTTP_SERVE_H

#include <stdbool.h>

#include "common/base/error.h"
#include "common/base/scope.h"
#include "common/program/line_log.h"
#include "mock/http/server.h"

/* Blocks SIGTERM and SIGINT, to be read by serve_until_signal, and ignores SIGPIPE. First thing in
 * main. */
void serve_take_signals(void);

/* Serves until SIGTERM or SIGINT, then accepts no more, lets running answers finish for at most two
 * seconds, and returns. A second signal ends the wait.
 * Fails  INTERNAL  the system refuses a descriptor */
MUST_USE bool serve_until_signal(struct http_server *server, struct line_log *log,
                                 struct error *err);

#endif
