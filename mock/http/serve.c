#include "mock/http/serve.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/epoll.h>

#include "common/base/fd.h"
#include "common/env/env.h"

#define DRAIN_NS (2 * NS_PER_SEC)

struct loop {
    struct http_server *server;
    struct line_log *log;
    const struct serve_source *sources;
    size_t source_count;
    int epoll_fd;
};

/* Edges, since the end of a process stays readable. */
static bool watch_sources(const struct loop *loop, struct error *err)
{
    for (size_t i = 0; i < loop->source_count; i++) {
        const int fd = loop->sources[i].fd;
        struct epoll_event event = { .events = EPOLLIN | EPOLLET, .data.fd = fd };
        if (fd >= 0 && epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0)
            return error_set(err, ERROR_INTERNAL, "cannot wait for events: %s", strerror(errno));
    }
    return true;
}

static bool told_to_end(const struct loop *loop, int fd)
{
    for (size_t i = 0; i < loop->source_count; i++) {
        const struct serve_source *source = &loop->sources[i];
        if (source->fd == fd)
            return source->on_news(source->ctx);
    }
    return false; /* one of the server's own */
}

/* One turn: waits at most max_ms, then serves what is there. True when a source says that it is
 * time to end. Log lines wait for a quiet moment, since writing one costs as much as a request. */
static bool turn(const struct loop *loop, int max_ms)
{
    enum { LOG_DELAY_MS = 10, LOG_PIECE_BYTES = 16 * 1024, SERVER_FDS = 2 };
    struct epoll_event events[SERVER_FDS + SERVE_MAX_SOURCES];
    int timeout_ms = http_server_timeout_ms(loop->server);
    bool end = false;

    if (loop->log->lines.len > 0 && timeout_ms > LOG_DELAY_MS)
        timeout_ms = LOG_DELAY_MS;
    if (timeout_ms > max_ms)
        timeout_ms = max_ms;
    const int count = epoll_wait(loop->epoll_fd, events, (int)ARRAY_LEN(events), timeout_ms);
    for (int i = 0; i < count; i++)
        end = told_to_end(loop, events[i].data.fd) || end;
    if ((count == 0 && timeout_ms > 0) || loop->log->lines.len > LOG_PIECE_BYTES)
        line_log_flush(loop->log);
    http_server_run(loop->server);
    return end;
}

static void run(const struct loop *loop)
{
    while (!turn(loop, INT_MAX))
        ;

    http_server_quiesce(loop->server);
    const int64_t deadline_ns = monotonic_now_ns() + DRAIN_NS;
    while (http_server_busy(loop->server) > 0) {
        const int64_t left_ns = deadline_ns - monotonic_now_ns();
        if (left_ns <= 0 || turn(loop, (int)(left_ns / NS_PER_MS) + 1))
            break;
    }
}

bool serve(struct http_server *server, struct line_log *log, const struct serve_source *sources,
           size_t count, struct error *err)
{
    SCOPED(fd) const int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    const struct loop loop = { server, log, sources, count, epoll_fd };

    assert(count <= SERVE_MAX_SOURCES);
    if (epoll_fd < 0)
        return error_set(err, ERROR_INTERNAL, "cannot wait for events: %s", strerror(errno));
    if (!watch_sources(&loop, err) || !http_server_watch(server, epoll_fd, err))
        return false;
    run(&loop);
    return true;
}
