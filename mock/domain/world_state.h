/* The inside of a world; for the domain's own files. */
#ifndef TESTKIT_MOCK_DOMAIN_WORLD_STATE_H
#define TESTKIT_MOCK_DOMAIN_WORLD_STATE_H

#include <stdbool.h>
#include <stdint.h>

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
    INSTANCES_BY_ID,   /* id                                 */
    INSTANCES_BY_NAME, /* name, id                           */
    INSTANCES_BY_IP,   /* the four octets; with address only */
};

/* Indexes of the snapshot store and their keys. */
enum {
    SNAPSHOTS_BY_ID,     /* id                                    */
    SNAPSHOTS_BY_SOURCE, /* source instance id, id                */
    SNAPSHOTS_BY_NAME,   /* source instance id, name; named only  */
};

struct world {
    const struct env *env; /* borrowed */
    struct world_settings settings;
    struct store instances; /* struct instance */
    struct store snapshots; /* struct snapshot */
    struct address_pool addresses;
    struct capacity_use used; /* sum over the stored instances */
};

/* An id that no instance or snapshot of this world has. */
struct resource_id world_new_id(const struct world *world);

/* Changing the stored instances, with the bookkeeping of capacity and addresses that goes with it.
 * Each follows the store's prepare of the same name (store.h).
 * instance   an edited copy of a stored one, or a new one; the world takes its own references */
void world_put_instance(struct world *world, const struct instance *instance);
/* instance   as stored; may be gone afterwards */
void world_remove_instance(struct world *world, const struct instance *instance);

#endif
