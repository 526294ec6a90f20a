#include "gateway/rpc/accept_guard.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "common/base/scope.h"
#include "common/env/env.h"
#include "gateway/rpc/socket_name.h"

/* The one place with variables of the whole process: what the dynamic linker calls has no context.
 * spare and listener are -1 for none. */
static struct {
    atomic_size_t max_connections;
    atomic_int spare;
    atomic_int exempt;
    atomic_int listener; /* the last one that was accepted from */
    atomic_int highest;  /* number of a connection's descriptor */
    atomic_uint_fast64_t accepted;
    atomic_uint_fast64_t refused;
    atomic_size_t open_at_most; /* counted, and one more for each accepted since */
    atomic_int_fast64_t counted_at_ns;
} guard = { .max_connections = SIZE_MAX, .spare = -1, .exempt = -1, .listener = -1 };

/* Takes one unless there is one. */
static void take_spare(void)
{
    int none = -1;
    if (atomic_load(&guard.spare) >= 0)
        return;
    const int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (fd >= 0 && !atomic_compare_exchange_strong(&guard.spare, &none, fd))
        close(fd);
}

void accept_guard_set(size_t max_connections)
{
    atomic_store(&guard.max_connections, max_connections);
    atomic_store(&guard.open_at_most, 0);
    atomic_store(&guard.counted_at_ns, 0);
    take_spare();
}

void accept_guard_exempt(int listener)
{
    atomic_store(&guard.exempt, listener);
}

/* ---- Counting ------------------------------------------------------------------------------ */

static size_t count_open(int listener)
{
    const int highest = atomic_load(&guard.highest);
    struct socket_name name;
    size_t count = 0;
    if (listener < 0 || !socket_name_get(listener, &name))
        return 0;
    for (int fd = 0; fd <= highest; fd++)
        if (socket_name_came_by(fd, &name))
            count++;
    return count;
}

int accept_guard_listener(void)
{
    return atomic_load(&guard.listener);
}

struct accept_counts accept_guard_counts(void)
{
    return (struct accept_counts){ .accepted = atomic_load(&guard.accepted),
                                   .refused = atomic_load(&guard.refused),
                                   .open = count_open(atomic_load(&guard.listener)) };
}

/* ---- Accepting ----------------------------------------------------------------------------- */

/* Counting anew costs a system call per descriptor, which a flood of connections at the cap must
 * not cause each time. */
static bool is_room_for_one(int listener)
{
    enum { COUNT_PAUSE_MS = 50 };
    const size_t max = atomic_load(&guard.max_connections);
    if (atomic_load(&guard.open_at_most) < max)
        return true;
    const int64_t now_ns = monotonic_now_ns();
    if (now_ns - atomic_load(&guard.counted_at_ns) < COUNT_PAUSE_MS * NS_PER_MS)
        return false;
    /* The new one, already open, is counted too. */
    const size_t open = count_open(listener) - 1;
    atomic_store(&guard.counted_at_ns, now_ns);
    atomic_store(&guard.open_at_most, open);
    return open < max;
}

static void note_highest(int fd)
{
    int highest = atomic_load(&guard.highest);
    while (fd > highest && !atomic_compare_exchange_weak(&guard.highest, &highest, fd))
        continue;
}

static int system_accept(int listener, struct sockaddr *address, socklen_t *len, int flags)
{
    return (int)syscall(SYS_accept4, listener, address, len, flags);
}

/* Without a descriptor for it, the first in the queue is turned away. False when nobody waits, or
 * when not even that can be done now. */
static bool turn_one_away(int listener)
{
    const int spare = atomic_exchange(&guard.spare, -1);
    if (spare < 0)
        return false;
    close(spare);
    const int fd = system_accept(listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd >= 0)
        close(fd);
    take_spare();
    return fd >= 0;
}

/* Errors of the moment or of one connection (accept(2)), not of the listener. */
static bool will_pass(int error)
{
    static const int errors[] = { EMFILE,    ENFILE,       ENOBUFS,     ENOMEM,     EPERM,
                                  EPROTO,    ENETDOWN,     ENOPROTOOPT, EHOSTDOWN,  ENONET,
                                  ETIMEDOUT, EHOSTUNREACH, EOPNOTSUPP,  ENETUNREACH };
    for (size_t i = 0; i < ARRAY_LEN(errors); i++)
        if (errors[i] == error)
            return true;
    return false;
}

/* One connection within the cap, or -1 and errno. What still waits when the error is EAGAIN is
 * accepted with the next connection that comes, at the latest with the watchdog's. */
static int guarded_accept(int listener, struct sockaddr *address, socklen_t *len, int flags)
{
    const socklen_t room = len == NULL ? 0 : *len;
    for (;;) {
        if (len != NULL)
            *len = room;
        const int fd = system_accept(listener, address, len, flags);
        if (fd >= 0) {
            note_highest(fd);
            if (is_room_for_one(listener))
                return fd;
            close(fd);
        } else if ((errno != EMFILE && errno != ENFILE) || !turn_one_away(listener)) {
            if (will_pass(errno))
                errno = EAGAIN;
            return -1;
        }
        atomic_fetch_add(&guard.refused, 1);
    }
}

/* In the place of libc's, for the whole process. */
int accept4(int listener, struct sockaddr *restrict address, socklen_t *restrict len, int flags)
{
    if (listener == atomic_load(&guard.exempt))
        return system_accept(listener, address, len, flags);
    atomic_store(&guard.listener, listener);
    const int fd = guarded_accept(listener, address, len, flags);
    if (fd >= 0) {
        take_spare(); /* in case it was lost when there was none at all */
        atomic_fetch_add(&guard.accepted, 1);
        atomic_fetch_add(&guard.open_at_most, 1);
    }
    return fd;
}
