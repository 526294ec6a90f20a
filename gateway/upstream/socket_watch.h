/* Which sockets the loop listens to, with as few system calls as epoll allows.
 *
 * curl says what it wants of a socket several times per transfer: read while waiting, nothing when
 * the connection goes to its pool, read again for the next one. Telling the kernel each time would
 * cost two calls per transfer. So the wishes are only noted, and compared with what the kernel
 * knows right before the wait; a pooled connection stays registered until it speaks out of turn.
 *
 * Not thread-safe: belongs to the loop's thread. */
#ifndef TESTKIT_GATEWAY_UPSTREAM_SOCKET_WATCH_H
#define TESTKIT_GATEWAY_UPSTREAM_SOCKET_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/epoll.h>

#include "common/base/scope.h"

enum { WATCH_IN = 1, WATCH_OUT = 2 };

struct watched_socket {
    uint8_t wanted; /* WATCH_ bits curl asked for last                    */
    uint8_t known;  /* WATCH_ bits the kernel has; 0 = not registered     */
    bool noted;     /* in the list of changes                             */
    bool keep;      /* we opened it and are told when it closes, so it may
                       stay registered while nothing is wanted            */
};

struct socket_watch {
    int epoll_fd;
    struct watched_socket *sockets; /* by descriptor */
    size_t socket_count;
    int *changes; /* descriptors whose wish changed since the last wait */
    size_t change_count;
    size_t change_capacity;
};

/* False, errno set, when the descriptor or memory is missing; fini is fine afterwards. */
MUST_USE bool socket_watch_init(struct socket_watch *watch);
void socket_watch_fini(struct socket_watch *watch);

/* Reports events of a descriptor that only wakes the loop: each write to it once, unread. */
MUST_USE bool socket_watch_add_wakeup(struct socket_watch *watch, int event_fd);

/* A socket of ours was opened: makes room, so that wishes about it cannot fail. */
MUST_USE bool socket_watch_opened(struct socket_watch *watch, int fd);
/* A socket of ours is about to be closed. */
void socket_watch_closing(struct socket_watch *watch, int fd);

/* Notes what is wanted of fd; 0 for nothing. False when out of memory, for a socket unknown to
 * socket_watch_opened. */
MUST_USE bool socket_watch_want(struct socket_watch *watch, int fd, unsigned wanted);

/* Waits for events, after telling the kernel what changed. As epoll_wait, but never -1: an
 * interrupted wait gives 0. */
int socket_watch_wait(struct socket_watch *watch, struct epoll_event *events, int max,
                      int timeout_ms);

/* What the event means for a socket: WATCH_ bits that are wanted, 0 when none is. An error counts
 * as readable and writable, so that whoever reads learns which one. */
unsigned socket_watch_ready(struct socket_watch *watch, const struct epoll_event *event);

#endif
