/* POST /instances: rows 11 to 30 of instances.md 7.1. */
#ifndef TESTKIT_MOCK_DOMAIN_INSTANCE_CREATE_H
#define TESTKIT_MOCK_DOMAIN_INSTANCE_CREATE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/scope.h"
#include "mock/domain/instance.h"
#include "mock/domain/transition_plan.h"
#include "mock/domain/world.h"

/* All borrowed for the call.
 * The edge has done what concerns the text of the request: validator, rows 1 to 10, ttl and
 * expires_at being exclusive, ttl not negative. */
struct instance_request {
    /* As in instance.h, with defaults left to the domain: 0 bytes, rates and vCPUs mean "default"
     * (INST-DEF-001, 002, 005, 006; send 2 when `vcpus` is absent), hypervisor may be
     * HYPERVISOR_UNSET, platform may be empty, network.enabled is true when absent. tags and env
     * are sorted (pairs_sort); credentials are in ascending order of their keys. */
    struct instance_config config;

    /* What is wrong with auto_standby, to be reported in its turn (row 16); NULL when nothing:
     * { ERROR_INVALID_ARGUMENT, "auto_standby", "invalid request: ..." } */
    const struct error *auto_standby_error;

    /* Likewise of snapshot_policy.standby_compression_delay (row 10, after the level). */
    const struct error *snapshot_policy_error;

    const struct transition_plan *plan; /* NULL: nothing is asked of its transitions */

    int64_t ttl_ns;        /* > 0; 0 = none                                    */
    int64_t expires_at_ns; /* given as a date; 0 = none. At most one of the two */
    bool has_expires_at;   /* so that a date of 1970 is refused like any past   */
};

/* Creates and boots an instance. With a boot delay it is Initializing, else Running at once.
 * out      borrowed from the world, valid until the next change of the world
 * Fails    in this order (the edge turns code and field into status and code; INTERNAL texts are
 *          for explaining, the server's answer hides them: INST-X-031)
 *   INVALID_ARGUMENT  "snapshot_policy"  level must be between ... (INST-C-016)
 *   as given          snapshot_policy_error
 *   INTERNAL          "image"            empty (INST-C-021)
 *   INTERNAL          "size" "hotplug_size" "overlay_size" "vcpus"   negative (INST-C-045, 046)
 *   INVALID_ARGUMENT  "network.egress"   INST-C-055
 *   INVALID_ARGUMENT  "credentials"      INST-C-056 to 063
 *   INVALID_ARGUMENT  "tags"             INST-T-003
 *   as given          auto_standby_error
 *   INVALID_ARGUMENT  "health_check"     invalid request: ... (INST-C-067, 068)
 *   INTERNAL          "volumes"          INST-C-070 to 076
 *   INVALID_ARGUMENT  "gpu"              invalid request: ... (INST-C-087)
 *   INVALID_ARGUMENT  "expires_at"       invalid expires_at: must be in the future (NEW-043)
 *   INVALID_ARGUMENT  "hypervisor"       INST-C-042 to 044
 *   as image_resolve()                   INST-C-022 to 031
 *   INTERNAL          "hypervisor"       not available on this host (INST-C-041)
 *   INTERNAL          "overlay_size" "vcpus" "size"                  limits (INST-C-047 to 049)
 *   RESOURCE_EXHAUSTED ""                insufficient resources: ... (INST-C-050, 082)
 *   NOT_FOUND         "devices"          unknown: this host has none (INST-C-079)
 *   ALREADY_EXISTS    "name"             allocate network: ... (INST-N-002)
 *   INTERNAL          "network"          no address left
 *   INVALID_STATE     "volumes"          the same volume twice (INST-C-078)
 *   NO_MEMORY
 * A failed call leaves the world and *out as they were. */
MUST_USE bool instance_create(struct world *world, const struct instance_request *request,
                              const struct instance **out, struct error *err);

#endif
