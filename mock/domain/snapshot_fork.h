/* POST /snapshots/{snapshotId}/fork: snapshots.md section 8. */
#ifndef TESTKIT_MOCK_DOMAIN_SNAPSHOT_FORK_H
#define TESTKIT_MOCK_DOMAIN_SNAPSHOT_FORK_H

#include <stdbool.h>

#include "common/base/error.h"
#include "common/base/scope.h"
#include "common/base/text.h"
#include "mock/domain/instance.h"
#include "mock/domain/target_state.h"
#include "mock/domain/world.h"

/* Makes a new instance of a snapshot; its source plays no part (SNAP-F-019). Compression of the
 * snapshot is called off (COMP-018).
 * snapshot_id  full id; may point into the record itself
 * name         judged by the request validator; borrowed
 * out          borrowed from the world, valid until its next change
 * Fails        in this order
 *   NOT_FOUND           ""      snapshot not found
 *   NOT_SUPPORTED       ""      a writable volume was captured (SNAP-F-035: create refuses those)
 *   ALREADY_EXISTS      "name"  SNAP-F-012
 *   INVALID_ARGUMENT    as target_check()
 *   NO_MEMORY
 *   RESOURCE_EXHAUSTED  ""      apply snapshot fork target state: ... (SNAP-F-022)
 *   INTERNAL            the image is gone (SNAP-F-020), or no address is left
 * A failed call makes no instance. Up to NO_MEMORY it changes nothing; where it fails later,
 * compression has been called off all the same. */
MUST_USE bool snapshot_fork(struct world *world, struct text snapshot_id, struct text name,
                            const struct snapshot_target *target, const struct instance **out,
                            struct error *err);

#endif
