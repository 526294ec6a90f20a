/* One answer, as the pipeline writes it and an edge sends it.
 *
 * The edge owns it and resets it for the next request of the same connection, so a busy connection
 * allocates nothing. Not thread-safe. */
#ifndef TESTKIT_MOCK_API_RESPONSE_H
#define TESTKIT_MOCK_API_RESPONSE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/arena.h"
#include "common/base/buffer.h"
#include "common/http/http.h"
#include "mock/api/ledger.h"

enum {
    RESPONSE_MAX_HEADERS = 16,
    RESPONSE_CHUNK_BYTES = 32 * 1024, /* a streamed piece ends with the item that reaches this */
};

/* What follows the bytes already in `body`, for answers that must not be held in memory whole. */
struct response_stream {
    /* Appends the next piece to *out and says in *done whether it was the last. False: the answer
     * cannot be finished and the edge breaks the connection off. */
    bool (*next)(void *ctx, struct buffer *out, bool *done);
    void (*close)(void *ctx); /* called once, when nothing more will be asked for */
    void *ctx;                /* borrowed from the response's arena               */
};

struct response {
    int status;
    const char *content_type; /* static; NULL for none */
    struct http_header headers[RESPONSE_MAX_HEADERS];
    size_t header_count;
    struct buffer body;            /* everything when stream.next is NULL, else the beginning */
    struct response_stream stream; /* next is NULL for an answer that is complete             */
    bool close;                    /* the connection cannot be used for another request       */
    const char *cause;   /* NULL, or what the client is not told (for the log); in the arena */
    struct arena *arena; /* borrowed; memory of this request, reset with the response        */
};

/* max_body   ceiling of what `body` may hold at a time. Owned: response_fini(). */
void response_init(struct response *res, struct arena *arena, size_t max_body);
void response_fini(struct response *res);
/* Closes the stream, if there is one; nothing more will be asked for. */
void response_close_stream(struct response *res);
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
    PROTOCOL_NO_HOST,
    PROTOCOL_UNKNOWN_CODING,
    PROTOCOL_TWO_LENGTHS,
    PROTOCOL_FAULT_COUNT,
};
void response_protocol_error(struct response *res, enum truth truth, enum protocol_fault fault);
/* No body and no content type. */
void response_empty(struct response *res, int status);

#endif
