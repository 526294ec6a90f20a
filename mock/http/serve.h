/* The program's one loop: connections, the log, and whatever else the program listens to. */
#ifndef TESTKIT_MOCK_HTTP_SERVE_H
#define TESTKIT_MOCK_HTTP_SERVE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/error.h"
#include "common/base/scope.h"
#include "common/program/line_log.h"
#include "mock/http/server.h"

enum { SERVE_MAX_SOURCES = 4 };

/* A descriptor the loop listens to: signals, the end of a process. */
struct serve_source {
    int fd; /* borrowed, non-blocking; negative: there is none */
    /* Called when it has become readable. Takes all there is, for it is called again only when more
     * comes. True ends the serving. */
    bool (*on_news)(void *ctx);
    void *ctx;
};

/* Serves until a source says that it is time to end, then accepts no more, lets running answers
 * finish for at most two seconds, and returns. A source that says so once more ends the wait.
 * count  at most SERVE_MAX_SOURCES
 * Fails  INTERNAL  the system refuses a descriptor */
MUST_USE bool serve(struct http_server *server, struct line_log *log,
                    const struct serve_source *sources, size_t count, struct error *err);

#endif
