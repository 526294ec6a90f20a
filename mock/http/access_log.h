/* One line per answered request: GET /instances/web-1 200 812 43us
 *
 * Tokens never get here. */
#ifndef TESTKIT_MOCK_HTTP_ACCESS_LOG_H
#define TESTKIT_MOCK_HTTP_ACCESS_LOG_H

#include <stdint.h>

#include "common/base/text.h"
#include "common/program/line_log.h"

struct access_entry {
    struct text method;
    struct text target; /* raw, with the query */
    int status;
    uint64_t bytes; /* of the body */
    int64_t micros;
    const char *cause; /* NULL, or what the client was not told */
};

void access_log_add(struct line_log *log, const struct access_entry *entry);

#endif
