/* An HTTP server for tests that does exactly what it is told, down to the byte.
 *
 * It listens on a free port of 127.0.0.1 and runs in its own thread. Each request it receives takes
 * the next scripted reply; when the script is used up, the reply set by fake_upstream_otherwise
 * (at first: 200 with the body {}). Everything received is kept and can be read back.
 *
 *     struct fake_upstream *server = fake_upstream_new();
 *     fake_upstream_answer(server, 200, "{\"id\":\"s1\"}");
 *     fake_upstream_reply(server, (struct fake_reply){ .end = FAKE_CLOSE });   // reads, hangs up
 *     ... drive the client against fake_upstream_url(server) ...
 *     assert_true(fake_upstream_wait_requests(server, 2));
 *     struct fake_request second = fake_upstream_request(server, 1);
 *     fake_upstream_free(server);
 *
 * Nothing sleeps: a reply may be held until the test lets it go, and the wait functions return as
 * soon as their condition is true, or false after ten seconds. All functions may be called from any
 * thread; a fault of the machinery itself (no memory, no port) aborts the test program. */
#ifndef TESTKIT_TESTS_SUPPORT_FAKE_UPSTREAM_H
#define TESTKIT_TESTS_SUPPORT_FAKE_UPSTREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/text.h"

struct fake_upstream;

enum fake_end {
    FAKE_KEEP,  /* leave the connection open for the next request      */
    FAKE_CLOSE, /* close it                                            */
    FAKE_RESET, /* close it so that the peer sees "connection reset"   */
};

/* What to do with one request. All zero: read it, answer nothing, keep the connection open. */
struct fake_reply {
    const char *bytes; /* sent as they are; copied; NULL for none                           */
    size_t len;        /* of bytes; 0: up to the NUL                                        */
    size_t after;      /* act when this many bytes of the request have come; 0: all of it   */
    size_t hold_at;    /* how many of the bytes are sent before a hold                      */
    bool hold;         /* stop there until fake_upstream_release; a hold that is never
                          released is a server that hangs                                   */
    bool drip;         /* one byte per write                                                */
    bool at_accept;    /* act when a connection opens, before anything is read; the request
                          then counts as one of no bytes                                    */
    enum fake_end end; /* when the bytes are sent                                           */
};

/* One request as it came. */
struct fake_request {
    struct text bytes; /* borrowed until fake_upstream_free; head and body */
    struct text body;  /* the part behind the blank line                   */
    size_t connection; /* counted from 0 in order of acceptance            */
    int64_t at_ns;     /* monotonic                                        */
};

struct fake_upstream *fake_upstream_new(void);
/* The same on a Unix socket, which the caller unlinks; its URL is "unix:PATH". */
struct fake_upstream *fake_upstream_new_at(const char *path);
void fake_upstream_free(struct fake_upstream *server);
int fake_upstream_port(const struct fake_upstream *server);
const char *fake_upstream_url(const struct fake_upstream *server); /* "http://127.0.0.1:PORT" */

/* ---- The script ---- */

void fake_upstream_reply(struct fake_upstream *server, struct fake_reply reply);
/* A whole JSON answer with its Content-Length, on a connection that stays open. */
void fake_upstream_answer(struct fake_upstream *server, int status, const char *body);
/* For every request the script has no reply for. */
void fake_upstream_otherwise(struct fake_upstream *server, struct fake_reply reply);

#define FAKE_ALL SIZE_MAX
/* Lets the held reply to that request (by its number, from 0) go on; FAKE_ALL: every one held
 * now. */
void fake_upstream_release(struct fake_upstream *server, size_t request);
/* Closes all connections, as a server does with idle ones or when it restarts. */
void fake_upstream_hang_up(struct fake_upstream *server);
/* From now on connections are refused; open ones live on. */
void fake_upstream_stop_listening(struct fake_upstream *server);

/* ---- What happened ---- */

size_t fake_upstream_request_count(struct fake_upstream *server);
struct fake_request fake_upstream_request(struct fake_upstream *server, size_t number);
size_t fake_upstream_connection_count(struct fake_upstream *server);

bool fake_upstream_wait_requests(struct fake_upstream *server, size_t count);
bool fake_upstream_wait_connections(struct fake_upstream *server, size_t count);
/* Until the peer has closed the connection of that number; *at_ns (may be NULL) is the monotonic
 * time at which that was seen. */
bool fake_upstream_wait_closed(struct fake_upstream *server, size_t connection, int64_t *at_ns);

#endif
