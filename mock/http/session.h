/* What a connection has while a request is there: its exchange, and the means to stand still.
 *
 * Idle connections have none, so ten thousand of them cost little. A connection whose answer waits
 * is suspended: libmicrohttpd forgets its socket, and only its end is watched, here. */
#ifndef TESTKIT_MOCK_HTTP_SESSION_H
#define TESTKIT_MOCK_HTTP_SESSION_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/error.h"
#include "common/base/scope.h"
#include "mock/control/control.h"
#include "mock/http/exchange.h"

struct MHD_Connection;
struct sessions;

struct session {
    struct exchange x;
    struct sessions *all;
    struct MHD_Connection *connection; /* borrowed until end                         */
    bool gone;                         /* the client has left while the answer waited */
    struct session *next_spare;        /* bookkeeping                                 */
};

struct sessions {
    struct control *control; /* borrowed */
    size_t max_body;         /* of a request */
    int departures_fd;       /* readable when a suspended connection's client has left */
    size_t suspended;        /* connections */
    bool resumed;            /* some, and libmicrohttpd has not yet run */
    bool heard;              /* something of a request, in this run of libmicrohttpd's */
    struct session *spares;
    size_t spare_count;
};

/* In the caller's memory. Owned: sessions_fini().
 * Fails  INTERNAL  the system refuses a descriptor; sessions_fini() is not needed then */
MUST_USE bool sessions_init(struct sessions *all, struct control *control, size_t max_body,
                            struct error *err);
/* No session may be left. */
void sessions_fini(struct sessions *all);

/* NULL when out of memory. Owned: session_end(). */
MUST_USE struct session *session_begin(struct sessions *all, struct MHD_Connection *connection);
void session_end(struct session *session);

/* For an answer that waits: nothing is read or sent until session_resume. The end of the client's
 * input means that it has left, as it does to Go's server. False when that could not be noticed:
 * the answer no longer waits, and the connection must be broken off. */
MUST_USE bool session_suspend(struct session *session);
/* The connection is about to be broken off by libmicrohttpd: sends what is to come outside of any
 * chunk, and resets it, as the response's `spoil` says. */
void session_spoil(const struct session *session);
/* For an answer that no longer waits. libmicrohttpd goes on where it was. */
void session_resume(struct session *session);
/* Forgets the answers of those who have left and resumes them, marked as gone. */
void sessions_drop_departed(struct sessions *all);

#endif
