#include "mock/http/session.h"

#include <assert.h>
#include <errno.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { MAX_SPARES = 64 }; /* kept for requests to come */

bool sessions_init(struct sessions *all, struct control *control, size_t max_body,
                   struct error *err)
{
    *all = (struct sessions){
        .control = control,
        .max_body = max_body,
        .departures_fd = epoll_create1(EPOLL_CLOEXEC),
    };
    return all->departures_fd >= 0 ||
           error_set(err, ERROR_INTERNAL, "cannot watch connections: %s", strerror(errno));
}

static void session_free(struct session *session)
{
    exchange_fini(&session->x);
    free(session);
}

static struct session *take_spare(struct sessions *all)
{
    struct session *session = all->spares;

    if (session != NULL) {
        all->spares = session->next_spare;
        all->spare_count--;
    }
    return session;
}

void sessions_fini(struct sessions *all)
{
    assert(all->suspended == 0);
    for (struct session *s = take_spare(all); s != NULL; s = take_spare(all))
        session_free(s);
    close(all->departures_fd);
}

struct session *session_begin(struct sessions *all, struct MHD_Connection *connection)
{
    struct session *session = take_spare(all);

    if (session == NULL) {
        session = malloc(sizeof *session);
        if (session == NULL)
            return NULL;
        exchange_init(&session->x, all->max_body, control_truth(all->control));
    }
    session->all = all;
    session->connection = connection;
    session->gone = false;
    return session;
}

void session_end(struct session *session)
{
    struct sessions *all = session->all;

    control_end(all->control, &session->x.response);
    exchange_end(&session->x);
    if (all->spare_count == MAX_SPARES) {
        session_free(session);
        return;
    }
    session->next_spare = all->spares;
    all->spares = session;
    all->spare_count++;
}

static int socket_of(const struct session *session)
{
    return MHD_get_connection_info(session->connection, MHD_CONNECTION_INFO_CONNECTION_FD)
        ->connect_fd;
}

bool session_suspend(struct session *session)
{
    struct sessions *all = session->all;
    struct epoll_event event = { .events = EPOLLRDHUP, .data.ptr = session };

    if (epoll_ctl(all->departures_fd, EPOLL_CTL_ADD, socket_of(session), &event) != 0) {
        control_forget(all->control, &session->x.response);
        return false;
    }
    MHD_suspend_connection(session->connection);
    all->suspended++;
    return true;
}

void session_spoil(const struct session *session)
{
    const struct response_spoil *spoil = &session->x.response.spoil;
    const int fd = socket_of(session);
    const struct sockaddr none = { .sa_family = AF_UNSPEC };

    /* What came before has been taken by the kernel, or libmicrohttpd would not have asked for
     * more. A client that leaves no room for these few bytes gets an answer cut short. */
    if (spoil->garbage != NULL)
        (void)send(fd, spoil->garbage, strlen(spoil->garbage), MSG_DONTWAIT | MSG_NOSIGNAL);
    /* Not by closing with SO_LINGER: libmicrohttpd sends the orderly end before it closes. */
    if (spoil->reset)
        (void)connect(fd, &none, sizeof none);
}

void session_resume(struct session *session)
{
    struct sessions *all = session->all;

    (void)epoll_ctl(all->departures_fd, EPOLL_CTL_DEL, socket_of(session), NULL);
    MHD_resume_connection(session->connection);
    all->suspended--;
    all->resumed = true;
}

void sessions_drop_departed(struct sessions *all)
{
    struct epoll_event events[64];
    int count = (int)ARRAY_LEN(events);

    while (all->suspended > 0 && count == (int)ARRAY_LEN(events)) {
        count = epoll_wait(all->departures_fd, events, (int)ARRAY_LEN(events), 0);
        for (int i = 0; i < count; i++) {
            struct session *session = events[i].data.ptr;
            session->gone = true;
            control_forget(all->control, &session->x.response);
            session_resume(session);
        }
    }
}
