/* POST /instances/{id}/start and /stop: instances.md 10.1, 10.3, 10.4. */
#ifndef TESTKIT_MOCK_DOMAIN_POWER_H
#define TESTKIT_MOCK_DOMAIN_POWER_H

#include <stdbool.h>

#include "common/base/error.h"
#include "common/base/scope.h"
#include "common/base/text.h"
#include "mock/domain/instance.h"
#include "mock/domain/world.h"

/* Replace what the instance was created with, for this and later starts (INST-ST-024); an empty
 * list replaces nothing (INST-ST-023). */
struct start_request {
    struct text_list entrypoint;
    struct text_list cmd;
};

/* restart_status is cleared whatever else comes of the call: also when it is refused or has nothing
 * to do (INST-ST-025). Only NO_MEMORY changes nothing.
 * id       full id; may point into the record itself
 * out      borrowed from the world, valid until its next change
 * Fails    in this order
 *   NOT_FOUND      instance not found
 *   INVALID_STATE  invalid state transition: cannot start from state {S}, must be Stopped
 *   as bring_up_cold()
 *   NO_MEMORY */
MUST_USE bool instance_start(struct world *world, struct text id,
                             const struct start_request *request, const struct instance **out,
                             struct error *err);

/* With a restart policy, no automatic restart follows: also when there is nothing to stop
 * (INST-ST-011) and when one in Standby is refused (INST-ST-012). Only NO_MEMORY changes nothing.
 * Fails
 *   NOT_FOUND      instance not found
 *   INVALID_STATE  invalid state transition: cannot stop from state {S}, must be Running or
 *                  Initializing
 *   INTERNAL       a test made it fail (transition_control.h)
 *   NO_MEMORY */
MUST_USE bool instance_stop(struct world *world, struct text id, const struct instance **out,
                            struct error *err);

#endif
