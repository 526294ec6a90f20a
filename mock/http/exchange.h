/* One request and its answer, in memory that serves the next one, of any connection. */
#ifndef TESTKIT_MOCK_HTTP_EXCHANGE_H
#define TESTKIT_MOCK_HTTP_EXCHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/buffer.h"
#include "common/base/text.h"
#include "common/http/http.h"
#include "mock/api/response.h"

enum {
    EXCHANGE_MAX_TARGET_BYTES = 8 * 1024,
    EXCHANGE_MAX_HEADER_BYTES = 16 * 1024,
    EXCHANGE_MAX_HEADERS = 100,
    /* A refused body is read to its end up to this much more, so that the client, still sending,
     * reads its 413 and the connection stays usable. */
    EXCHANGE_MAX_DRAINED_BYTES = 64 * 1024 * 1024,
};

enum exchange_stage {
    EXCHANGE_IDLE,      /* nobody's                             */
    EXCHANGE_LINE,      /* the request line is there            */
    EXCHANGE_RECEIVING, /* the headers are there, a body may be */
    EXCHANGE_WAITING,   /* all is there but an answer           */
    EXCHANGE_ANSWERING, /* the response is being sent           */
};

enum exchange_read {
    EXCHANGE_READ,   /* some bytes                            */
    EXCHANGE_IDLES,  /* none, until the stream goes on        */
    EXCHANGE_END,    /* there are no more                     */
    EXCHANGE_BROKEN, /* the answer cannot be sent to its end  */
};

struct exchange {
    struct arena arena;
    struct buffer body; /* of the request */
    enum truth truth;
    struct response response;
    enum exchange_stage stage;
    struct text target; /* as received, in the arena; data NULL when out of memory */
    struct text method; /* the token as sent */
    struct http_request request;
    struct http_header headers[EXCHANGE_MAX_HEADERS];
    size_t header_bytes;
    bool malformed_name;    /* of a header */
    bool unknown_coding;    /* Transfer-Encoding other than chunked, or more than one */
    bool lengths_differ;    /* two Content-Lengths                  */
    uint64_t drained_bytes; /* of a body that is refused */
    bool body_too_large;
    size_t sent;         /* of response.body, when it is a stream */
    uint64_t sent_bytes; /* of the whole answer's body            */
    int64_t started_ns;  /* monotonic */
};

/* In the caller's memory. Owned: exchange_fini().
 * max_body  ceiling of a request body
 * truth     in which the protocol's own refusals are told */
void exchange_init(struct exchange *x, size_t max_body, enum truth truth);
void exchange_fini(struct exchange *x);

/* The request line has arrived. */
void exchange_begin(struct exchange *x, struct text target);
/* A header, in the order received; borrowed until the exchange ends. */
void exchange_add_header(struct exchange *x, struct text name, struct text value);
/* The headers are complete. True when the body may come; false when the response already says why
 * not: the connection is then closed after it. */
bool exchange_check_head(struct exchange *x, struct text method, struct text version,
                         int64_t now_ns);
/* A piece of the body. False when more is drained than we care to: break the connection off. */
MUST_USE bool exchange_add_body(struct exchange *x, const char *bytes, size_t len);
/* The request is complete. False when the response already holds its refusal. */
bool exchange_check_body(struct exchange *x);

/* Copies the next at most max bytes of a streamed answer. *len is 0 for all but EXCHANGE_READ. */
MUST_USE enum exchange_read exchange_read_stream(struct exchange *x, char *out, size_t max,
                                                 size_t *len);

/* Over, however it ended; ready for the next. Its answer no longer waits. */
void exchange_end(struct exchange *x);

#endif
