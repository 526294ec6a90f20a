#include "mock/domain/instance_stats.h"

#include "common/env/env.h"
#include "mock/domain/history.h"

/* Since the virtual machine process is there: it is another one after every start and restore, a
 * restore behind a snapshot of a Running instance included. */
static int64_t uptime_ns(const struct instance *instance, int64_t now_ns)
{
    const struct history *at = instance->history;
    while (at != NULL && at->event.start == HISTORY_NO_START)
        at = at->before;
    return at != NULL && now_ns > at->event.at_ns ? now_ns - at->event.at_ns : 0;
}

struct instance_stats instance_stats(const struct instance *instance, int64_t now_ns)
{
    enum { PAGE_BYTES = 4096, RECEIVED_PER_MS = 2, SENT_PER_MS = 1 };
    static const int64_t vmm_bytes = INT64_C(256) << 20;
    /* 5 % of each processor: a hundredth of a second in this time. */
    static const int64_t centisecond_ns = NS_PER_SEC / 5;
    const struct instance_config *config = instance->config;
    struct instance_stats stats = {
        .allocated_vcpus = config->vcpus,
        .allocated_memory_bytes = config->size_bytes + config->hotplug_bytes,
    };
    if (!instance_state_has_vmm(instance_view(instance, now_ns).state))
        return stats;

    int64_t up_ns = uptime_ns(instance, now_ns);
    stats.cpu_centiseconds = up_ns / centisecond_ns * config->vcpus +
                             up_ns % centisecond_ns * config->vcpus / centisecond_ns;
    stats.memory_rss_bytes = stats.allocated_memory_bytes / 10 / PAGE_BYTES * PAGE_BYTES;
    stats.memory_vms_bytes = stats.allocated_memory_bytes + vmm_bytes;
    if (config->network.enabled) {
        stats.network_rx_bytes = up_ns / NS_PER_MS * RECEIVED_PER_MS;
        stats.network_tx_bytes = up_ns / NS_PER_MS * SENT_PER_MS;
    }
    return stats;
}
