/* One line per call. Never contains metadata values but the trace's id, tokens or bodies.
 *
 * 2026-01-31T12:00:00.123Z /hypeman.v1.SnapshotService/GetSnapshot NOT_FOUND http=404 1.500ms
 * upstream=1.200ms in=12 out=34 trace=4bf92f3577b34da6a3ce929d0e0e4736 peer=ipv4:127.0.0.1:40000
 *
 * Of a stream also how many messages went out: "out=34 messages=2". */
#ifndef TESTKIT_GATEWAY_RPC_ACCESS_LOG_H
#define TESTKIT_GATEWAY_RPC_ACCESS_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/text.h"
#include "common/program/line_log.h"
#include "gateway/proxy/rpc_status.h"

struct access_entry {
    struct text method; /* the :path as received */
    enum rpc_code code;
    int http_status; /* 0 = the upstream was not asked or did not answer */
    int64_t duration_ns;
    int64_t upstream_ns; /* of the duration, spent on the upstream's answer */
    uint64_t request_bytes;
    uint64_t reply_bytes;
    bool is_stream;
    uint64_t reply_messages; /* of a stream */
    struct text trace_id;    /* empty = the caller traces nothing  */
    struct text peer;        /* as C-core says: "ipv4:127.0.0.1:40000" */
};

void access_log_add(struct line_log *log, const struct access_entry *entry);

#endif
