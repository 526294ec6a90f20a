/* POST /instances/{id}/fork: instances.md 10.7. */
#ifndef TESTKIT_MOCK_DOMAIN_INSTANCE_FORK_H
#define TESTKIT_MOCK_DOMAIN_INSTANCE_FORK_H

#include <stdbool.h>

#include "common/base/error.h"
#include "common/base/scope.h"
#include "common/base/text.h"
#include "mock/domain/instance.h"
#include "mock/domain/world.h"

struct fork_request {
    struct text name; /* judged by the request validator */
    bool has_target;
    enum instance_state target; /* Stopped, Standby or Running */
    bool from_running;
};

/* A Running source with from_running goes through standby and back, also when the fork is then
 * refused (INST-FK-018, INST-FK-032); it stays in Standby where its image is gone (INST-FK-038).
 * id       full id; may point into the record itself
 * out      borrowed from the world, valid until its next change
 * Fails    in this order
 *   NOT_FOUND           ""       instance not found
 *   INVALID_STATE       ""       INST-FK-019, INST-FK-020, INST-FK-036
 *   NOT_SUPPORTED       "hypervisor"  a Running source that cannot standby
 *   NOT_SUPPORTED       ""       a writable volume (INST-FK-033)
 *   ALREADY_EXISTS      "name"   INST-FK-030
 *   RESOURCE_EXHAUSTED  ""       INST-FK-034
 *   NOT_FOUND           "image"  instance image not found (INST-FK-035, INST-FK-038)
 *   INVALID_STATE       ""       apply fork target state: ... (INST-FK-012)
 *   NO_MEMORY           nothing has changed
 * But for the fork that INST-FK-038 leaves behind, a failed call makes no instance. */
MUST_USE bool instance_fork(struct world *world, struct text id, const struct fork_request *request,
                            const struct instance **out, struct error *err);

#endif
