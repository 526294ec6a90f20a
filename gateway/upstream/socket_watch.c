#include "gateway/upstream/socket_watch.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool socket_watch_init(struct socket_watch *watch)
{
    *watch = (struct socket_watch){ .epoll_fd = epoll_create1(EPOLL_CLOEXEC) };
    return watch->epoll_fd >= 0;
}

void socket_watch_fini(struct socket_watch *watch)
{
    if (watch->epoll_fd >= 0)
        close(watch->epoll_fd);
    free(watch->sockets);
    free(watch->changes);
    *watch = (struct socket_watch){ .epoll_fd = -1 };
}

bool socket_watch_add_wakeup(struct socket_watch *watch, int event_fd)
{
    /* Edge-triggered: every write is an event, so nobody needs to read the counter back. */
    struct epoll_event event = { .events = EPOLLIN | EPOLLET, .data.fd = event_fd };
    return epoll_ctl(watch->epoll_fd, EPOLL_CTL_ADD, event_fd, &event) == 0;
}

static struct watched_socket *find(struct socket_watch *watch, int fd)
{
    return (fd >= 0 && (size_t)fd < watch->socket_count) ? &watch->sockets[fd] : NULL;
}

/* Both arrays grow to the highest descriptor, so noting a change never needs memory. */
static bool make_room(struct socket_watch *watch, int fd)
{
    if (find(watch, fd) != NULL)
        return true;

    size_t count = watch->socket_count == 0 ? 64 : watch->socket_count;
    while (count <= (size_t)fd)
        count *= 2;

    int *changes = realloc(watch->changes, count * sizeof *changes);
    if (changes == NULL)
        return false;
    watch->changes = changes;
    watch->change_capacity = count;

    struct watched_socket *sockets = realloc(watch->sockets, count * sizeof *sockets);
    if (sockets == NULL)
        return false;
    memset(sockets + watch->socket_count, 0, (count - watch->socket_count) * sizeof *sockets);
    watch->sockets = sockets;
    watch->socket_count = count;
    return true;
}

bool socket_watch_opened(struct socket_watch *watch, int fd)
{
    if (!make_room(watch, fd))
        return false;
    struct watched_socket *socket = &watch->sockets[fd];
    *socket = (struct watched_socket){ .keep = true, .noted = socket->noted };
    return true;
}

void socket_watch_closing(struct socket_watch *watch, int fd)
{
    struct watched_socket *socket = find(watch, fd);
    if (socket != NULL)
        *socket = (struct watched_socket){ .noted = socket->noted };
}

static uint32_t epoll_bits(unsigned wanted)
{
    return ((wanted & WATCH_IN) != 0 ? (uint32_t)EPOLLIN : 0) |
           ((wanted & WATCH_OUT) != 0 ? (uint32_t)EPOLLOUT : 0);
}

/* Makes the kernel's view equal to the wish. */
static void tell_kernel(struct socket_watch *watch, int fd, struct watched_socket *socket)
{
    struct epoll_event event = { .events = epoll_bits(socket->wanted), .data.fd = fd };
    if (socket->wanted == 0)
        epoll_ctl(watch->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
    else if (epoll_ctl(watch->epoll_fd, socket->known == 0 ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, fd,
                       &event) != 0) {
        /* A descriptor that was closed behind our back left the kernel's list with it. */
        if (errno == ENOENT)
            epoll_ctl(watch->epoll_fd, EPOLL_CTL_ADD, fd, &event);
        else if (errno == EEXIST)
            epoll_ctl(watch->epoll_fd, EPOLL_CTL_MOD, fd, &event);
    }
    socket->known = socket->wanted;
}

bool socket_watch_want(struct socket_watch *watch, int fd, unsigned wanted)
{
    if (!make_room(watch, fd))
        return false;
    struct watched_socket *socket = &watch->sockets[fd];
    socket->wanted = (uint8_t)wanted;

    /* Nobody will tell us when a foreign descriptor (a resolver's pipe) closes and its number
     * comes back as something else, so it is forgotten at once. */
    if (wanted == 0 && !socket->keep && socket->known != 0)
        tell_kernel(watch, fd, socket);

    if (!socket->noted) {
        socket->noted = true;
        watch->changes[watch->change_count++] = fd;
    }
    return true;
}

static void apply_changes(struct socket_watch *watch)
{
    for (size_t i = 0; i < watch->change_count; i++) {
        int fd = watch->changes[i];
        struct watched_socket *socket = &watch->sockets[fd];
        socket->noted = false;
        /* Wanting nothing of a pooled connection needs no call, unless the kernel would keep
         * reporting that it can be written. */
        bool may_stay = socket->wanted == 0 && socket->known == WATCH_IN;
        if (socket->wanted != socket->known && !may_stay)
            tell_kernel(watch, fd, socket);
    }
    watch->change_count = 0;
}

int socket_watch_wait(struct socket_watch *watch, struct epoll_event *events, int max,
                      int timeout_ms)
{
    apply_changes(watch);
    int n = epoll_wait(watch->epoll_fd, events, max, timeout_ms);
    return n < 0 ? 0 : n;
}

unsigned socket_watch_ready(struct socket_watch *watch, const struct epoll_event *event)
{
    struct watched_socket *socket = find(watch, event->data.fd);
    if (socket == NULL)
        return 0;
    if (socket->wanted == 0) {
        /* A pooled connection speaks out of turn, most likely to say goodbye. curl looks at it
         * before the next use; until then it need not wake us again. */
        if (socket->known != 0)
            tell_kernel(watch, event->data.fd, socket);
        return 0;
    }

    unsigned ready = 0;
    if ((event->events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0)
        ready |= WATCH_IN;
    if ((event->events & (EPOLLOUT | EPOLLHUP | EPOLLERR)) != 0)
        ready |= WATCH_OUT;
    return ready & socket->wanted;
}
