/* The state a fork or a restored snapshot is to end in: snapshots.md section 12, instances.md 10.7.
 * For the domain's own files. */
#ifndef TESTKIT_MOCK_DOMAIN_TARGET_STATE_H
#define TESTKIT_MOCK_DOMAIN_TARGET_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/scope.h"
#include "mock/domain/hypervisor.h"
#include "mock/domain/instance.h"
#include "mock/domain/snapshot.h"
#include "mock/domain/world.h"

/* What a request says about its target. */
struct snapshot_target {
    bool has_state;
    enum instance_state state;  /* Stopped, Standby or Running          */
    enum hypervisor hypervisor; /* HYPERVISOR_UNSET: that of the source */
};

/* Whether a snapshot can become that, in the contract's order: state, hypervisor, devices.
 * state    written: the state asked for, or the kind's default
 * Fails    INVALID_ARGUMENT
 *   "target_state"       invalid request: invalid target_state "Standby" for snapshot kind Stopped
 *                        (SNAP-R-006, SNAP-F-006)
 *   "target_hypervisor"  invalid request: target_hypervisor is only allowed for stopped snapshots;
 *                        invalid request: unsupported target hypervisor "vz" (SNAP-R-009,
 * SNAP-R-010) "hypervisor"         what hypervisor_check_devices() says (SNAP-R-013 to SNAP-R-015),
 *                        or SNAP-H-003 */
MUST_USE bool target_check(const struct world *world, const struct snapshot *snapshot,
                           const struct snapshot_target *target, enum instance_state *state,
                           struct error *err);

/* Takes an edited copy, Stopped or in Standby, to its target. Nothing of the world changes.
 * Fails    INVALID_STATE  a Stopped one cannot get into Standby (INST-FK-012)
 *          as bring_up_cold(), bring_up_resumed() */
MUST_USE bool target_apply(const struct world *world, struct instance *edited,
                           enum instance_state target, int64_t now_ns, struct error *err);

/* The event of an operation that took `instance` to its target. `other` is a full id. */
struct history_event target_event(enum history_kind kind, const struct instance *instance,
                                  struct text other);

#endif
