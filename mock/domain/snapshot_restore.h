/* POST /instances/{id}/snapshots/{snapshotId}/restore: snapshots.md section 7. */
#ifndef TESTKIT_MOCK_DOMAIN_SNAPSHOT_RESTORE_H
#define TESTKIT_MOCK_DOMAIN_SNAPSHOT_RESTORE_H

#include <stdbool.h>

#include "common/base/error.h"
#include "common/base/scope.h"
#include "common/base/text.h"
#include "mock/domain/instance.h"
#include "mock/domain/target_state.h"
#include "mock/domain/world.h"

/* Puts the instance back to what it was at capture; id, name, created_at and its deadline stay
 * (SNAP-R-030, SNAP-R-031, NEW-069). Compression of the snapshot is called off (COMP-019).
 * ids      full ids; may point into the records themselves
 * out      borrowed from the world, valid until its next change
 * Fails    in this order
 *   NOT_FOUND           instance or snapshot not found (SNAP-R-016); field as snapshots_get()
 *   INVALID_ARGUMENT    ""  invalid request: snapshot {s} belongs to instance {i} (SNAP-R-018)
 *   INVALID_STATE       it is Running (SNAP-R-019)
 *   INVALID_ARGUMENT    as target_check()
 *   NO_MEMORY
 *   NOT_FOUND "image"   instance image not found (SNAP-R-025)
 *   INTERNAL            no room to run (SNAP-R-027), or no address
 * Up to NO_MEMORY a failed call changes nothing; after that the disk has been replaced all the
 * same, and the instance is Stopped or in Standby as the snapshot is. */
MUST_USE bool snapshot_restore(struct world *world, struct text instance_id,
                               struct text snapshot_id, const struct snapshot_target *target,
                               const struct instance **out, struct error *err);

#endif
