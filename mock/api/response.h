/* One answer, as the pipeline writes it and an edge sends it.
 *
 * The edge owns it and resets it for the next request of the same connection, so a busy connection
 * allocates nothing. Not thread-safe. */
#ifndef TESTKIT_MOCK_API_RESPONSE_H
#define TESTKIT_MOCK_API_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/buffer.h"
#include "common/base/scope.h"
#include "common/http/http.h"
#include "common/http/query.h"
#include "mock/api/body.h"
#include "mock/api/ledger.h"
#include "mock/api/trace.h"
#include "mock/domain/instance.h"

enum {
    RESPONSE_MAX_HEADERS = 16,
    RESPONSE_CHUNK_BYTES = 32 * 1024, /* a streamed piece ends with the item that reaches this */
};

struct response;

/* What follows the bytes already in `body`, for answers that must not be held in memory whole. */
struct response_stream {
    /* Appends the next piece to *out and says in *done whether it was the last. Nothing appended
     * and not done: the stream waits. False: the answer cannot be finished and the edge breaks the
     * connection off. */
    bool (*next)(void *ctx, struct buffer *out, bool *done);
    void (*close)(void *ctx); /* called once, when nothing more will be asked for */
    void *ctx;                /* borrowed from the response's arena               */
    bool ended;               /* what is in `body` is the last piece              */
    bool broken;              /* ended, and not as it should                      */
    bool paced;               /* waits for the clock, as an answer does, and not for news */
};

/* How an edge is to spoil an answer (mock/control/symptom.h). All zero: not at all. */
struct response_spoil {
    bool lost;           /* not even a head is sent: the connection ends                    */
    bool reset;          /* where it ends early it does so by a reset                       */
    bool sized;          /* the stream's length is told beforehand, whether or not it comes */
    uint64_t size;       /* that length                                                     */
    const char *garbage; /* sent outside of any chunk where the stream breaks; static       */
};

/* For an operation that cannot answer yet. */
struct response_wait {
    /* Looks at the world as of now_ns and writes the answer, if it is time; `last`: it is, as if
     * the wait were over. False: not yet, and res->wake_at_ns is set. */
    bool (*again)(void *ctx, struct response *res, int64_t now_ns, bool last);
    void *ctx; /* borrowed from the response's arena */
};

/* The request as the pipeline has understood it, in the response's arena. All zero: not at all. */
struct response_asked {
    struct query query;
    struct body_value body;
    bool has_from;            /* something may be done to an instance... */
    enum instance_state from; /* ...which is in this state before        */
};

struct response {
    int status;
    const char *content_type; /* static; NULL for none */
    struct http_header headers[RESPONSE_MAX_HEADERS];
    size_t header_count;
    struct buffer body;            /* everything when stream.next is NULL, else the beginning */
    struct response_stream stream; /* next is NULL for an answer that is complete             */
    struct response_wait wait;     /* again is NULL once there is an answer                   */
    struct response_spoil spoil;
    /* While the answer or its next piece waits: it is looked at again at this time of the world's
     * clock, and before when the world has changed. INT64_MAX: only then. */
    int64_t wake_at_ns;
    bool close;                      /* the connection cannot be used for another request        */
    const char *cause;               /* NULL, or what the client is not told (for the log); in the
                                        arena                                                    */
    struct arena *arena;             /* borrowed; memory of this request, reset with the response */
    struct response *before, *after; /* of those that wait (waiting.h)                            */
    bool waiting;                    /* is one of them                                            */
    const char *request_id;          /* X-Mock-Request-Id; in the arena; NULL for none            */
    void *place;                     /* of mock/control: the world whose answer it is, or NULL    */
    uint64_t number;                 /* likewise: which request of that world                     */
    struct trace trace;
    struct response_asked asked;
    bool delivered;      /* said by the edge at the end: all of it has been sent */
    uint64_t sent_bytes; /* likewise: how much of the body                       */
};

/* max_body   ceiling of what `body` may hold at a time. Owned: response_fini(). */
void response_init(struct response *res, struct arena *arena, size_t max_body);
void response_fini(struct response *res);
/* Closes the stream, if there is one; nothing more will be asked for. */
void response_close_stream(struct response *res);
/* Puts the stream's next piece in the place of the body, which has been sent. False: there is none
 * yet; true also when the stream has ended. */
MUST_USE bool response_pull(struct response *res);
/* Whether there is nothing to send yet, not even the head: what comes with it would be too early
 * while a stream has no first piece (INST-LOG-013). */
bool response_must_wait(struct response *res);
/* Ready for the next request; also resets the arena. */
void response_reset(struct response *res);

/* Both texts must live as long as the response (static or in its arena). Headers beyond
 * RESPONSE_MAX_HEADERS are a bug. */
void response_add_header(struct response *res, const char *name, const char *value);

/* {"code":"...","message":"..."}, with a line feed where a handler and not a gate speaks (ERR-005).
 * The texts are escaped; nothing written before survives. */
void response_error(struct response *res, int status, const char *code, const char *message,
                    bool line_feed);
/* The same without escaping and with the message taken for a print format: most are not valid JSON
 * (VALID-002, VALID-004). */
void response_pasted_error(struct response *res, int status, const char *code, const char *message);
/* Go's plain-text error: text, line feed, nosniff. */
void response_text(struct response *res, int status, const char *text);
/* What is refused before any handler is asked; the connection is closed after it. Text without line
 * feed, as Go's server writes it, or the API's error shape, by the truth (HTTP-003, HTTP-004). */
enum protocol_fault {
    PROTOCOL_BAD_TARGET,
    PROTOCOL_BAD_HEADER,
    PROTOCOL_NO_HOST,
    PROTOCOL_UNKNOWN_CODING,
    PROTOCOL_TWO_LENGTHS,
    PROTOCOL_FAULT_COUNT,
};
void response_protocol_error(struct response *res, enum truth truth, enum protocol_fault fault);
/* An answer that has outgrown its buffer becomes a 500. To be called once it is written. */
void response_check_size(struct response *res);
/* No body and no content type. */
void response_empty(struct response *res, int status);

#endif
