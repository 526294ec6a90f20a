/* The inside of a world; for the domain's own files. */
#ifndef TESTKIT_MOCK_DOMAIN_WORLD_STATE_H
#define TESTKIT_MOCK_DOMAIN_WORLD_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/scope.h"
#include "common/base/text.h"
#include "common/env/env.h"
#include "mock/domain/address_pool.h"
#include "mock/domain/instance.h"
#include "mock/domain/resource_id.h"
#include "mock/domain/store.h"
#include "mock/domain/world.h"

/* Indexes of the instance store and their keys. */
enum {
    INSTANCES_BY_ID,           /* id                                 */
    INSTANCES_BY_NAME,         /* name, id                           */
    INSTANCES_BY_IP,           /* the four octets; with address only */
    INSTANCES_BY_EXPIRY,       /* expires_at_ns, id; with expiry only               */
    INSTANCES_WITH_VOLUMES,    /* id; of those whose volumes count as attached     */
    INSTANCES_BY_STANDBY,      /* auto_standby_due_ns(), id; of those that are idle  */
    INSTANCES_BY_RESTART,      /* restart_due_ns(), id; of those with something due  */
    INSTANCES_BY_BOOT_FAILURE, /* boot_failure_due_ns(), id; of those whose boot fails */
};

/* Indexes of the snapshot store and their keys. */
enum {
    SNAPSHOTS_BY_ID,     /* id                                    */
    SNAPSHOTS_BY_SOURCE, /* source instance id, id                */
    SNAPSHOTS_BY_NAME,   /* source instance id, name; named only  */
};

/* Indexes of the schedule store and their keys. */
enum {
    SCHEDULES_BY_INSTANCE, /* instance id             */
    SCHEDULES_BY_DUE,      /* next_run_at_ns, instance id */
};

struct world {
    const struct env *env; /* borrowed */
    struct world_settings settings;
    int64_t started_ns; /* sweeps and scheduler polls come every minute from here */
    int64_t moment_ns;  /* of the event that is happening; 0: none, it is now      */
    int64_t changed_ns; /* the latest moment at which something changed */
    uint64_t revision;
    struct store instances; /* struct instance */
    struct store snapshots; /* struct snapshot */
    struct store schedules; /* struct schedule */
    struct cow_map images;  /* of those that are not ready (image.c) */
    struct address_pool addresses;
    struct capacity_use used; /* sum over the stored instances */
};

/* An id that no instance or snapshot of this world has. */
struct resource_id world_new_id(const struct world *world);

/* Whether one more instance or snapshot is allowed.
 * Fails    RESOURCE_EXHAUSTED */
MUST_USE bool world_check_room(const struct world *world, struct error *err);

/* The first moment not before at_ns of those on which the server looks for what is due: its start
 * and every minute from there. INT64_MAX when that is after the end of time. */
int64_t world_tick_ns(const struct world *world, int64_t at_ns);

#endif
