/* One self-contained server state: instances, snapshots, settings, clock, ids.
 *
 * Pure: no sockets, JSON, wall clock or threads. Time, ids and memory come from the env, so the
 * same calls always give the same world. Nothing here waits: a timed transition (boot,
 * compression) is over as soon as someone asks at or after its end.
 * Not thread-safe: the owner serialises calls. */
#ifndef TESTKIT_MOCK_DOMAIN_WORLD_H
#define TESTKIT_MOCK_DOMAIN_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/scope.h"
#include "common/env/env.h"
#include "mock/domain/capacity.h"
#include "mock/domain/compression.h"
#include "mock/domain/hypervisor.h"

struct instance_limits {
    int64_t max_overlay_bytes; /* 100 GiB, INST-C-047 */
    int64_t max_vcpus;         /* 16, INST-C-048      */
    int64_t max_memory_bytes;  /* 32 GiB, INST-C-049  */
};

/* Where the real server does otherwise than its API description says. All false: as described. */
struct world_quirks {
    bool judge_disabled_compression;  /* a level also counts with enabled false (COMP-012)       */
    bool failed_run_forgets_snapshot; /* last_snapshot_id becomes null (SCHED-T-011)             */
    bool restart_at_once;             /* no backoff before the first restart (INST-RP-007)       */
};

struct world_settings {
    enum hypervisor default_hypervisor; /* never HYPERVISOR_UNSET                   */
    int64_t boot_delay_ns;              /* >= 0; from start to Running              */
    int64_t compression_delay_ns;       /* >= 0; from capture to compressed         */
    struct host_platform host;
    struct capacity capacity;
    struct instance_limits limits;
    struct compression_choice compression_default; /* passed compression_check         */
    struct world_quirks quirks;
    size_t max_records; /* instances and snapshots; 0: as many as memory holds    */
};

/* firecracker, boot 250 ms, compression 1 s, linux/amd64, the capacity and limits of
 * instances.md, no compression. */
struct world_settings world_settings_default(void);

struct world;

/* Creates an empty world; NULL when out of memory. Owned: world_free().
 * env       borrowed; must outlive the world and every cursor opened on it
 * settings  copied */
MUST_USE struct world *world_new(const struct env *env, const struct world_settings *settings);
/* A copy as it is now, in constant time and space however large, since both share all records and
 * indexes until one of them changes. NULL when out of memory. Owned: world_free().
 * env  borrowed, as for world_new; its memory is the same heap as the original's */
MUST_USE struct world *world_fork(const struct world *from, const struct env *env);
void world_free(struct world *world);

const struct world_settings *world_settings(const struct world *world); /* borrowed */

/* The world's present, UTC nanoseconds since 1970. Read it once per request and hand it to the
 * ..._view functions, so that one answer shows one moment. */
int64_t world_now_ns(const struct world *world);

/* Lets everything happen that is due by now and that others may see happen (expiry, scheduled
 * snapshots, auto-standby, restarts, boots that a test makes fail), each at its own moment and in
 * order. To be called before every request, and by the edge when the next event is due. What lacks
 * memory is tried again next time, and then happens after whatever has changed meanwhile. */
void world_advance(struct world *world);
/* When the next of these events is due; INT64_MAX for never. */
int64_t world_next_event_ns(const struct world *world);
/* Counts the changes, so that who waits for one knows whether to look again. */
uint64_t world_revision(const struct world *world);

size_t world_instance_count(const struct world *world);
size_t world_snapshot_count(const struct world *world);
/* What the host has from now on, each amount up to CAPACITY_MAX; instances that take more keep it.
 */
void world_set_capacity(struct world *world, const struct capacity *capacity);
/* What live instances take of settings->capacity (RES-009). */
struct capacity_use world_capacity_use(const struct world *world);

#endif
