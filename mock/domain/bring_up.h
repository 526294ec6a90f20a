/* Bringing a virtual machine up: what it needs of the host, in the order it is asked for, and the
 * transition. On an edited copy; nothing of the world changes. For the domain's own files. */
#ifndef TESTKIT_MOCK_DOMAIN_BRING_UP_H
#define TESTKIT_MOCK_DOMAIN_BRING_UP_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/scope.h"
#include "mock/domain/instance.h"
#include "mock/domain/world.h"

/* A cold start of a Stopped instance: capacity, image, network (INST-ST-028). Each start gets a new
 * address (instances.md 10.2).
 * Fails    RESOURCE_EXHAUSTED  ""       insufficient resources: ... (INST-ST-026)
 *          NOT_FOUND           "image"  instance image not found (INST-ST-027)
 *          ALREADY_EXISTS      "name"   as bring_up_address() (INST-ST-029)
 *          INTERNAL            "network" */
MUST_USE bool bring_up_cold(const struct world *world, struct instance *edited, int64_t now_ns,
                            struct error *err);

/* Resumes one in Standby: image, capacity (INST-RS-007), and an address where it has none yet.
 * Fails    as above */
MUST_USE bool bring_up_resumed(const struct world *world, struct instance *edited, int64_t now_ns,
                               struct error *err);

/* The address for an instance of that config, if it is networked; nothing is taken.
 * Fails    ALREADY_EXISTS  "name"     another instance of that name holds an address (INST-N-002)
 *          INTERNAL        "network"  no address left */
MUST_USE bool bring_up_address(const struct world *world, const struct instance_config *config,
                               struct network_address *out, struct error *err);

/* Whether a Running guest can be put in standby at all.
 * Fails    INVALID_STATE  ""            invalid state transition: standby is not supported for
 *                                       instances with vGPU attached ... (INST-SB-015)
 *          NOT_SUPPORTED  "hypervisor"  it has no standby on this host (SNAP-C-034) */
MUST_USE bool bring_up_can_standby(const struct world *world, const struct instance *instance,
                                   struct error *err);

#endif
