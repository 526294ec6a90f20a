/* RFC 3339 timestamps with up to nine fractional digits. */
#ifndef TESTKIT_COMMON_JSON_RFC3339_H
#define TESTKIT_COMMON_JSON_RFC3339_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/buffer.h"
#include "common/base/text.h"

/* An instant; years 0001 to 9999, as google.protobuf.Timestamp. */
struct timestamp {
    int64_t seconds; /* since 1970-01-01T00:00:00Z, may be negative */
    int32_t nanos;   /* 0 .. 999999999, counts forward              */
};

/* Any offset is accepted and applied; digits beyond nanoseconds are dropped; second 60 is not
 * accepted. 't' and 'z' in lower case are accepted. False when malformed or out of range. */
MUST_USE bool rfc3339_parse(struct text t, struct timestamp *out);

/* True for years 0001 to 9999 and 0 <= nanos < 1e9; ask before appending a value from outside. */
bool timestamp_is_valid(struct timestamp ts);

/* In UTC with 'Z'; trailing zeros of the fraction are trimmed, no fraction at all when it is zero
 * (JSON-010). A timestamp that is not valid fails the buffer. Returns !out->failed. */
bool rfc3339_append(struct buffer *out, struct timestamp ts);

struct timestamp timestamp_from_ns(int64_t ns);

#endif
