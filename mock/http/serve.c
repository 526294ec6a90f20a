#include "mock/http/serve.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "common/env/env.h"

#define DRAIN_NS (2 * NS_PER_SEC)

static sigset_t end_signals(void)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    return signals;
}

void serve_take_signals(void)
{
    const sigset_t signals = end_signals();
    sigprocmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
}

struct loop {
    struct http_server *server;
    struct line_log *log;
    int epoll_fd;
    int signal_fd;
};

static void close_fd(const int *fd)
{
    if (*fd >= 0)
        close(*fd);
}

static void loop_scope_end(struct loop *loop)
{
    close_fd(&loop->signal_fd);
    close_fd(&loop->epoll_fd);
}

static bool open_loop(struct loop *loop, struct error *err)
{
    const sigset_t signals = end_signals();

    loop->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    loop->signal_fd = signalfd(-1, &signals, SFD_NONBLOCK | SFD_CLOEXEC);
    struct epoll_event event = { .events = EPOLLIN, .data.fd = loop->signal_fd };
    if (loop->epoll_fd < 0 || loop->signal_fd < 0 ||
        epoll_ctl(loop->epoll_fd, EPOLL_CTL_ADD, loop->signal_fd, &event) != 0)
        return error_set(err, ERROR_INTERNAL, "cannot wait for signals: %s", strerror(errno));
    return http_server_watch(loop->server, loop->epoll_fd, err);
}

static bool took_signal(const struct loop *loop)
{
    struct signalfd_siginfo info;
    return read(loop->signal_fd, &info, sizeof info) == (ssize_t)sizeof info;
}

/* One turn: waits at most max_ms, then serves what is there. True when a
 * signal came. Log lines wait for a quiet moment, since writing one costs as much as a request. */
static bool turn(const struct loop *loop, int max_ms)
{
    enum { LOG_DELAY_MS = 10, LOG_PIECE_BYTES = 16 * 1024 };
    struct epoll_event events[3];
    int timeout_ms = http_server_timeout_ms(loop->server);
    bool signalled = false;

    if (loop->log->lines.len > 0 && timeout_ms > LOG_DELAY_MS)
        timeout_ms = LOG_DELAY_MS;
    if (timeout_ms > max_ms)
        timeout_ms = max_ms;
    const int count = epoll_wait(loop->epoll_fd, events, (int)ARRAY_LEN(events), timeout_ms);
    for (int i = 0; i < count; i++)
        signalled = signalled || (events[i].data.fd == loop->signal_fd && took_signal(loop));
    if ((count == 0 && timeout_ms > 0) || loop->log->lines.len > LOG_PIECE_BYTES)
        line_log_flush(loop->log);
    http_server_run(loop->server);
    return signalled;
}

bool serve_until_signal(struct http_server *server, struct line_log *log, struct error *err)
{
    SCOPED(loop)
    struct loop loop = { .server = server, .log = log, .epoll_fd = -1, .signal_fd = -1 };

    if (!open_loop(&loop, err))
        return false;
    while (!turn(&loop, INT_MAX))
        ;

    http_server_quiesce(server);
    const int64_t deadline_ns = monotonic_now_ns() + DRAIN_NS;
    while (http_server_busy(server) > 0) {
        const int64_t left_ns = deadline_ns - monotonic_now_ns();
        if (left_ns <= 0 || turn(&loop, (int)(left_ns / NS_PER_MS) + 1))
            break;
    }
    return true;
}
