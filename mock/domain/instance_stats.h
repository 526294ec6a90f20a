/* What an instance uses, as the host would measure it (instances.md 14, 21). Pure. */
#ifndef TESTKIT_MOCK_DOMAIN_INSTANCE_STATS_H
#define TESTKIT_MOCK_DOMAIN_INSTANCE_STATS_H

#include <stdint.h>

#include "mock/domain/instance.h"

struct instance_stats {
    int64_t allocated_vcpus;
    int64_t allocated_memory_bytes; /* base and hotplug                                       */
    int64_t cpu_centiseconds;       /* of processor time since the last start (INST-STATS-006) */
    int64_t memory_rss_bytes;
    int64_t memory_vms_bytes;
    int64_t network_rx_bytes;
    int64_t network_tx_bytes;
};

/* Without a virtual machine process everything but the allocation is 0 (INST-STATS-002). */
struct instance_stats instance_stats(const struct instance *instance, int64_t now_ns);

#endif
