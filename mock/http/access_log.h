/* One line per answered request on a descriptor: GET /instances/web-1 200 812 43us
 *
 * Lines are collected and written when the loop has nothing else to do. A reader that does not
 * keep up never holds the server back: lines beyond the buffer are dropped and counted. Tokens
 * never get here. Not thread-safe. */
#ifndef TESTKIT_MOCK_HTTP_ACCESS_LOG_H
#define TESTKIT_MOCK_HTTP_ACCESS_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/buffer.h"
#include "common/base/text.h"

enum access_log_format { ACCESS_LOG_OFF, ACCESS_LOG_TEXT, ACCESS_LOG_JSON };

struct access_log {
    enum access_log_format format;
    int fd; /* borrowed */
    struct buffer lines;
    uint64_t dropped;
};

struct access_entry {
    struct text method;
    struct text target; /* raw, with the query */
    int status;
    uint64_t bytes; /* of the body */
    int64_t micros;
    const char *cause; /* NULL, or what the client was not told */
};

void access_log_init(struct access_log *log, enum access_log_format format, int fd);
/* Writes what it can and forgets the rest. */
void access_log_fini(struct access_log *log);

void access_log_add(struct access_log *log, const struct access_entry *entry);
/* Writes as much as the descriptor takes without blocking. */
void access_log_flush(struct access_log *log);

#endif
