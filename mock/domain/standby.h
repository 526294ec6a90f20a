/* POST /instances/{id}/standby and /restore: instances.md 10.1, 10.5, 10.6. */
#ifndef TESTKIT_MOCK_DOMAIN_STANDBY_H
#define TESTKIT_MOCK_DOMAIN_STANDBY_H

#include <stdbool.h>

#include "common/base/error.h"
#include "common/base/scope.h"
#include "common/base/text.h"
#include "mock/domain/compression.h"
#include "mock/domain/instance.h"
#include "mock/domain/world.h"

/* What compression does to a standby image shows nowhere (COMP-033, INST-SB-017), so that it was
 * asked for is all that counts. */
struct standby_request {
    struct compression_choice compression; /* level within 0..19 */
    bool has_compression_delay;
    /* What is wrong with the delay, to be reported in its turn; NULL when nothing. Borrowed. */
    const struct error *delay_error;
};

/* id       full id; may point into the record itself
 * out      borrowed from the world, valid until its next change
 * Fails    in this order; a failed call changes nothing
 *   INVALID_ARGUMENT  "compression"  level must be between ... (INST-SB-007)
 *   as given          delay_error (INST-SB-008, INST-SB-009)
 *   NOT_FOUND         instance not found
 *   INVALID_STATE     invalid state transition: cannot standby from state {S}; vGPU INST-SB-015
 *   NOT_SUPPORTED     "hypervisor"   it has no standby on this host
 *   INTERNAL          ""             a test made it fail (transition_control.h)
 *   NO_MEMORY */
MUST_USE bool instance_standby(struct world *world, struct text id,
                               const struct standby_request *request, const struct instance **out,
                               struct error *err);

/* From Standby to Running; nothing to do for one that is up.
 * Fails    NOT_FOUND           instance not found
 *          INVALID_STATE       invalid state transition: cannot restore from state {S}
 *          INTERNAL            a test made it fail
 *          NOT_FOUND           "image"  instance image not found (INST-RS-005)
 *          RESOURCE_EXHAUSTED  INST-RS-006
 *          ALREADY_EXISTS "name", INTERNAL "network"  a fork that gets its first address
 *          NO_MEMORY
 * A failed call changes nothing. */
MUST_USE bool instance_restore(struct world *world, struct text id, const struct instance **out,
                               struct error *err);

#endif
