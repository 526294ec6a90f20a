/* JSON -> protobuf wire bytes, by the tables of a schema, in one pass without a tree.
 *
 * Unknown members are skipped and counted, null means unset, a member given twice is refused (of
 * equal keys of a map the last counts, as on the wire). An enum text the schema does not know
 * becomes 0 and is noted, so nothing is lost silently. */
#ifndef TESTKIT_GATEWAY_TRANSCODE_FROM_JSON_H
#define TESTKIT_GATEWAY_TRANSCODE_FROM_JSON_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/base/text.h"
#include "gateway/transcode/schema.h"

/* What a translation met and could not express. */
struct json_notes {
    size_t unknown_members;
    char unknown_enum[256]; /* "hypervisor=xen, kind=Frozen"; cut; "" when none */
};

/* Appends the message's wire bytes.
 * Fails  INVALID_ARGUMENT    not JSON, or a value that does not fit its field; err->field is the
 *                            JSON path: snapshots[3].size_bytes must be an integer, not a string
 *        NOT_SUPPORTED       a member of type google.protobuf.Any
 *        RESOURCE_EXHAUSTED  nested deeper than 64 levels of JSON or 64 messages, or *out is full
 *        NO_MEMORY */
MUST_USE bool json_to_wire(const struct message *message, struct text json, struct buffer *out,
                           struct json_notes *notes, struct error *err);

/* An answer's body as it came. */
struct http_answer {
    struct text content_type; /* empty when it named none; only an HttpBody keeps it */
    struct text body;
};

/* The same for an HTTP answer, whose request followed `binding`: with a response_body rule the
 * whole JSON value fills that one field of the reply; an empty body is an empty message; a
 * google.api.HttpBody takes any bytes as they are. */
MUST_USE bool transcode_reply(const struct binding *binding, const struct http_answer *answer,
                              struct buffer *out, struct json_notes *notes, struct error *err);

#endif
