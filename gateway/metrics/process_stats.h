/* What the system says of this process, under the names all Prometheus clients use. */
#ifndef TESTKIT_GATEWAY_METRICS_PROCESS_STATS_H
#define TESTKIT_GATEWAY_METRICS_PROCESS_STATS_H

#include "common/base/buffer.h"

/* Appends process_resident_memory_bytes and its kin; what /proc does not tell is left out. */
void process_stats_write(struct buffer *out);

#endif
