#include "gateway/rpc/farewell.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/env/env.h"
#include "gateway/rpc/socket_name.h"

/* Of the whole process, as what the dynamic linker calls has no context. */
static struct {
    atomic_int kept_fd; /* an epoll descriptor of those that are kept; -1 before the end */
    atomic_size_t kept;
    struct socket_name listener; /* written before kept_fd */
} farewell = { .kept_fd = -1 };

void farewell_begin(int listener)
{
    if (atomic_load(&farewell.kept_fd) < 0 && socket_name_get(listener, &farewell.listener))
        atomic_store(&farewell.kept_fd, epoll_create1(EPOLL_CLOEXEC));
}

static bool keep(int kept_fd, int fd)
{
    const int copy = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    struct epoll_event event = { .events = EPOLLIN, .data.fd = copy };
    if (copy < 0)
        return false;
    if (epoll_ctl(kept_fd, EPOLL_CTL_ADD, copy, &event) != 0) {
        close(copy);
        return false;
    }
    atomic_fetch_add(&farewell.kept, 1);
    return true;
}

/* In the place of libc's, for the whole process. */
int shutdown(int fd, int how)
{
    const int kept_fd = atomic_load(&farewell.kept_fd);
    if (kept_fd >= 0 && how == SHUT_RDWR && socket_name_came_by(fd, &farewell.listener) &&
        keep(kept_fd, fd))
        how = SHUT_WR;
    return (int)syscall(SYS_shutdown, fd, how);
}

/* True when the client has closed, or is gone. */
static bool has_closed(int fd)
{
    char unwanted[4096];
    for (;;) {
        const ssize_t n = recv(fd, unwanted, sizeof unwanted, MSG_DONTWAIT);
        if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
            return true;
        if (n < 0 && errno == EAGAIN)
            return false;
    }
}

size_t farewell_wait(int64_t limit_ms)
{
    enum { AT_ONCE = 64 };
    const int kept_fd = atomic_load(&farewell.kept_fd);
    const int64_t until_ns = monotonic_now_ns() + limit_ms * NS_PER_MS;
    while (kept_fd >= 0 && atomic_load(&farewell.kept) > 0) {
        struct epoll_event events[AT_ONCE];
        const int64_t left_ns = until_ns - monotonic_now_ns();
        if (left_ns <= 0)
            break;
        const int count = epoll_wait(kept_fd, events, AT_ONCE, (int)(left_ns / NS_PER_MS) + 1);
        for (int i = 0; i < count; i++)
            if (has_closed(events[i].data.fd)) {
                close(events[i].data.fd);
                atomic_fetch_sub(&farewell.kept, 1);
            }
    }
    return atomic_load(&farewell.kept);
}
