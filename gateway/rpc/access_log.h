/* One line per call on standard error. Never contains metadata values, tokens or bodies. */
#ifndef TESTKIT_GATEWAY_RPC_ACCESS_LOG_H
#define TESTKIT_GATEWAY_RPC_ACCESS_LOG_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/text.h"
#include "gateway/proxy/rpc_status.h"

enum access_log_form { ACCESS_LOG_OFF, ACCESS_LOG_TEXT, ACCESS_LOG_JSON };

struct access_log {
    enum access_log_form form;
    int fd;
};

struct access_entry {
    struct text method; /* the :path as received */
    enum rpc_code code;
    int http_status; /* 0 = the upstream was not asked or did not answer */
    int64_t duration_ns;
    size_t request_bytes;
    size_t reply_bytes;
};

/* One write() per line, so lines of several threads do not mix. A line that cannot be written at
 * once is lost: who does not read standard error must not hold calls back. Safe from any thread. */
void access_log_write(const struct access_log *log, const struct access_entry *entry);

#endif
