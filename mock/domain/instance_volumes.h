/* POST and DELETE /instances/{id}/volumes/{volumeId}, as the API description has them. The real
 * server does neither (INST-VOL-003, INST-VOL-004); which of the two answers is the edge's choice.
 */
#ifndef TESTKIT_MOCK_DOMAIN_INSTANCE_VOLUMES_H
#define TESTKIT_MOCK_DOMAIN_INSTANCE_VOLUMES_H

#include <stdbool.h>

#include "common/base/error.h"
#include "common/base/scope.h"
#include "common/base/text.h"
#include "mock/domain/instance.h"
#include "mock/domain/world.h"

/* Adds a volume at the end of the instance's list, in any state. Every volume exists.
 * id       full id; may point into the record itself
 * volume   borrowed for the call
 * out      borrowed from the world, valid until its next change
 * Fails    NOT_FOUND         ""         instance not found
 *          ALREADY_EXISTS    "volumes"     attached to it already, or taken by another (INST-C-078)
 *          INVALID_ARGUMENT  "volumes"     invalid request: ... (INST-C-070 to INST-C-076)
 *          INVALID_ARGUMENT  "hypervisor"  more than it can have (INST-C-044)
 *          NO_MEMORY
 * A failed call changes nothing. */
MUST_USE bool instance_attach_volume(struct world *world, struct text id,
                                     const struct volume_attachment *volume,
                                     const struct instance **out, struct error *err);

/* Fails    NOT_FOUND  ""           instance not found
 *          NOT_FOUND  "volumes"    volume not attached to this instance
 *          NO_MEMORY */
MUST_USE bool instance_detach_volume(struct world *world, struct text id, struct text volume_id,
                                     const struct instance **out, struct error *err);

#endif
