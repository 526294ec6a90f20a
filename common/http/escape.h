/* Percent-encoding (RFC 3986). */
#ifndef TESTKIT_COMMON_HTTP_ESCAPE_H
#define TESTKIT_COMMON_HTTP_ESCAPE_H

#include <stdbool.h>

#include "common/base/arena.h"
#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/base/text.h"

enum escape_set {
    ESCAPE_SEGMENT,   /* one path segment: all but unreserved [A-Za-z0-9-._~] is escaped */
    ESCAPE_QUERY,     /* query key or value: as ESCAPE_SEGMENT, space is %20             */
    ESCAPE_QUERY_KEY, /* as ESCAPE_QUERY, '[' and ']' kept: tags[team]                   */
};

/* Appends `t` escaped with upper-case hex. Returns !out->failed. */
bool escape_append(struct buffer *out, struct text t, enum escape_set set);

/* Decodes %xx (and '+' to space when plus_is_space) into the arena.
 * Fails  INVALID_ARGUMENT  a '%' without two hex digits; message: invalid URL escape "%zz"
 *        NO_MEMORY */
MUST_USE bool unescape(struct text t, bool plus_is_space, struct arena *arena, struct text *out,
                       struct error *err);

#endif
