/* Retry-After (RFC 9110 10.2.3) as a time to wait. */
#ifndef TESTKIT_GATEWAY_PROXY_RETRY_AFTER_H
#define TESTKIT_GATEWAY_PROXY_RETRY_AFTER_H

#include <stdint.h>

#include "common/base/text.h"

/* Seconds, up to what google.protobuf.Duration holds; -1 when the header says nothing usable.
 * retry_after  seconds, or a date: "Sun, 06 Nov 1994 08:49:37 GMT"
 * date         the answer's Date, which a date is counted from: the server's clock and ours need
 *              not agree. Without it a date says nothing. */
int64_t retry_after_seconds(struct text retry_after, struct text date);

#endif
