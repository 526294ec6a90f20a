/* One hypeman-gateway under test: its process, a scripted REST server behind it and a gRPC
 * connection in front.
 *
 *     struct gateway_rig *rig = gateway_rig_start(NULL);
 *     fake_upstream_answer(rig->upstream, 200, "{\"id\":\"s1\"}");
 *     SCOPED(grpc_raw_reply) struct grpc_raw_reply reply =
 *         gateway_rig_call(rig, "SnapshotService/GetSnapshot", TEXT("\n\2s1"));
 *     assert_int_equal(reply.code, RPC_OK);
 *     gateway_rig_stop(rig);
 *
 * What goes wrong in here fails the test. */
#ifndef TESTKIT_TESTS_SUPPORT_GATEWAY_RIG_H
#define TESTKIT_TESTS_SUPPORT_GATEWAY_RIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/text.h"
#include "gateway/proxy/rpc_status.h"
#include "tests/support/fake_upstream.h"
#include "tests/support/grpc_raw.h"
#include "tests/support/program.h"

/* ---- The rig ------------------------------------------------------------------------------- */

enum { GATEWAY_FLAGS_MAX = 16 };

struct gateway_rig {
    struct fake_upstream *upstream; /* NULL when the flags said where the server is */
    struct program program;
    struct grpc_raw_channel *channel;
    char target[PROGRAM_URL_BYTES]; /* "127.0.0.1:50051", "unix:/tmp/socket" */
    struct arena memory;            /* for the texts a test makes            */
    char *said;                     /* its own                               */
};

/* Starts a gateway on a free port in front of a fake upstream of its own.
 * flags  NULL-terminated; NULL for none. */
struct gateway_rig *gateway_rig_start(const char *const *flags);
/* The same without a fake upstream and --upstream. */
struct gateway_rig *gateway_rig_start_alone(const char *const *flags);
/* As gateway_rig_start, with at most that many open files. */
struct gateway_rig *gateway_rig_start_limited(const char *const *flags, size_t descriptors);
/* SIGTERM; the gateway must end with status 0, which a sanitizer's complaint prevents. */
void gateway_rig_stop(struct gateway_rig *rig);

/* Waits until the gateway has written these words to standard error, `times` times. */
void gateway_rig_wait_says(struct gateway_rig *rig, const char *words, size_t times);

/* cmocka's group setup and teardown: one gateway without flags, in *state. */
int gateway_rig_setup(void **state);
int gateway_rig_teardown(void **state);

/* One call. method  "SnapshotService/GetSnapshot", of hypeman.v1 */
struct grpc_raw_reply gateway_rig_call(struct gateway_rig *rig, const char *method,
                                       struct text message);
/* The same without waiting for its end. */
struct grpc_raw_call *gateway_rig_begin(struct gateway_rig *rig, const char *method,
                                        struct text message);

/* Makes one good call, which must be translated and answered. */
void gateway_rig_assert_serves(struct gateway_rig *rig);

size_t gateway_rig_count_descriptors(const struct gateway_rig *rig);
/* The gateway's open descriptors become so many at most: its last calls may still be on their way
 * out. */
void gateway_rig_assert_descriptors(struct gateway_rig *rig, size_t most);

/* What it wrote to standard error so far; borrowed until the next question. */
const char *gateway_rig_errors(struct gateway_rig *rig);

/* ---- Messages ------------------------------------------------------------------------------ */

/* `first` with one more length-delimited field behind it. */
struct text wire_and(struct arena *memory, struct text first, unsigned number, struct text value);
struct text wire_field(struct arena *memory, unsigned number, struct text value);

/* What grpc-status-details-bin held. Empty texts for what was not there. */
struct gateway_details {
    int code;
    const char *message;
    const char *reason; /* of ErrorInfo */
    const char *domain;
    const char *http_status; /* its metadata */
    const char *method;
    const char *field;      /* of the first violation in BadRequest */
    int64_t retry_after_s;  /* of RetryInfo, -1 for none            */
    const char *request_id; /* of RequestInfo                      */
};

/* False when the reply has none. Fails the test when it is malformed, when its code or message is
 * not that of the call, or when a text in it is no UTF-8, which other languages would refuse. */
bool gateway_details_read(const struct grpc_raw_reply *reply, struct arena *memory,
                          struct gateway_details *out);

/* Bytes of the call's trailers as they travel and as HTTP/2 counts them: text percent-encoded,
 * bytes in base64, and for each its name and 32. */
size_t gateway_trailer_bytes(const struct grpc_raw_reply *reply);

/* ---- HTTP answers -------------------------------------------------------------------------- */

/* "HTTP/1.1 STATUS ..." with Content-Length. headers  whole lines, "Name: value\r\n"; may be "" */
struct fake_reply http_answer(struct arena *memory, int status, const char *headers,
                              struct text body);

#endif
