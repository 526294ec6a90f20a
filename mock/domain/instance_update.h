/* PATCH /instances/{id}: instances.md section 9, newest.md section 2. */
#ifndef TESTKIT_MOCK_DOMAIN_INSTANCE_UPDATE_H
#define TESTKIT_MOCK_DOMAIN_INSTANCE_UPDATE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/scope.h"
#include "common/base/text.h"
#include "mock/domain/instance.h"
#include "mock/domain/world.h"

/* All borrowed for the call. Each policy replaces the stored one as a whole where it is present.
 * The edge has done what concerns the texts, and ttl and expires_at being exclusive. */
struct update_request {
    bool has_env;
    struct pair_list env; /* sorted (pairs_sort) */
    struct auto_standby_policy auto_standby;
    /* What is wrong with auto_standby, to be reported in its turn; NULL when nothing. */
    const struct error *auto_standby_error;
    struct health_check_policy health_check;
    bool has_restart;
    struct restart_policy restart;
    bool has_ttl;
    int64_t ttl_ns; /* 0 clears the deadline (NEW-035) */
    bool has_expires_at;
    int64_t expires_at_ns;
};

/* id       full id; may point into the record itself
 * out      borrowed from the world, valid until its next change
 * Fails    in this order (NEW-053); a failed call changes nothing
 *   NOT_FOUND         ""              instance not found
 *   as given          auto_standby_error
 *   INVALID_ARGUMENT  ""              invalid request: request must include ... (NEW-051)
 *   INVALID_ARGUMENT  "health_check"  INST-U-017
 *   INVALID_ARGUMENT  "env"           INST-U-030, INST-U-031
 *   INVALID_STATE     "expires_at"    instance expired: ... (NEW-048)
 *   INVALID_ARGUMENT  "expires_at"    invalid expires_at: must be in the future (NEW-043)
 *   INVALID_STATE     "env"           INST-U-032
 *   INVALID_ARGUMENT  "env"           INST-U-033
 *   NO_MEMORY */
MUST_USE bool instance_update(struct world *world, struct text id,
                              const struct update_request *request, const struct instance **out,
                              struct error *err);

#endif
