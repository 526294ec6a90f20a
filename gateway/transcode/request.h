/* One gRPC request message -> one HTTP request, by the method's google.api.http rule.
 *
 * The path takes its variables, the body what the rule gives it, the query the rest; no field
 * travels twice (http.proto, rule 1). */
#ifndef TESTKIT_GATEWAY_TRANSCODE_REQUEST_H
#define TESTKIT_GATEWAY_TRANSCODE_REQUEST_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/http/http.h"
#include "gateway/transcode/schema.h"

struct transcoded_request {
    const struct binding *binding; /* the rule it follows, which says the verb; borrowed        */
    struct buffer target;          /* "/snapshots?kind=Standby", escaped                        */
    struct buffer body;
    bool has_body;
    struct buffer content_type; /* of a raw body (binding->is_raw), empty when the caller gave
                                   none; every other body is JSON                           */
};

enum { TRANSCODED_TARGET_MAX = 16 << 10, TRANSCODED_BODY_MAX = 32 << 20 };

void transcoded_request_fini(struct transcoded_request *request);

/* Translates with the first binding whose path variables are all set and fit.
 * out      owned: transcoded_request_fini(); must be zeroed before.
 * Fails    INVALID_ARGUMENT    malformed bytes or values (see json_from_wire); a path variable that
 *                              is empty, "." or "..", or does not fit its pattern; a content type
 *                              that is no header value; err->field names the field
 *          NOT_SUPPORTED       a set field of a type without translation, at all
 *                              (google.protobuf.Any) or in a query (Struct, Value, ListValue,
 *                              HttpBody)
 *          RESOURCE_EXHAUSTED  target or body larger than the limits above
 *          NO_MEMORY */
MUST_USE bool transcode_request(const struct method *method, struct text wire,
                                struct transcoded_request *out, struct error *err);

#endif
