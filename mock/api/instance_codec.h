/* Instances between JSON and domain (instances.md 5 and 7). */
#ifndef TESTKIT_MOCK_API_INSTANCE_CODEC_H
#define TESTKIT_MOCK_API_INSTANCE_CODEC_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/json/json_writer.h"
#include "mock/api/body.h"
#include "mock/domain/instance.h"
#include "mock/domain/instance_create.h"
#include "mock/domain/instance_update.h"

/* A request as the domain takes it, and what that borrows. */
struct instance_request_decoded {
    struct instance_request request;
    struct error snapshot_policy_error; /* request's pointers of these names point here, or */
    struct error auto_standby_error;    /* are NULL                                         */
};

/* Reads a body that fits schema_create_instance and judges its texts in the order of
 * instances.md 7.1, rows 1 to 10, with NEW-040 to NEW-042 in their place.
 * out    points into the body and the arena; must not be moved
 * Fails  INVALID_ARGUMENT  field: the member, e.g. "size", "ttl", "health_check.policy"
 *        NO_MEMORY */
MUST_USE bool instance_request_decode(const struct body_value *body, struct arena *arena,
                                      struct instance_request_decoded *out, struct error *err);

struct update_request_decoded {
    struct update_request request;
    struct error auto_standby_error; /* likewise */
};

/* Reads a body that fits schema_update_instance, in the order of NEW-053.
 * out    as for instance_request_decode
 * Fails  INVALID_ARGUMENT  field "health_check.policy", "restart_policy", "ttl" or ""
 *        NO_MEMORY */
MUST_USE bool update_request_decode(const struct body_value *body, struct arena *arena,
                                    struct update_request_decoded *out, struct error *err);

/* One Instance object as seen at now_ns (INST-J-001). Overflow shows in w->out->failed. */
void instance_encode(struct json_writer *w, const struct instance *instance, int64_t now_ns);

#endif
