/* Whether an instance may be created: the rows of instances.md 7.1, in their order. */
#ifndef TESTKIT_MOCK_DOMAIN_INSTANCE_CHECK_H
#define TESTKIT_MOCK_DOMAIN_INSTANCE_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/scope.h"
#include "mock/domain/instance_create.h"
#include "mock/domain/world.h"

/* An instance on its way to existence. */
struct instance_draft {
    const struct world *world;
    const struct instance_request *request;
    int64_t now_ns;
    struct instance_config config;  /* the request with defaults; platform set by the check */
    struct network_address address; /* set by the check when networked                      */
};

/* Judges the draft and completes it. Takes nothing from the world: the address is picked, not
 * taken. Fails as instance_create(). */
MUST_USE bool instance_check(struct instance_draft *draft, struct error *err);

/* Whether a health check can reach its guest (INST-C-067, INST-C-068).
 * Fails    INVALID_ARGUMENT, field "health_check" */
MUST_USE bool instance_check_health(const struct instance_config *config, struct error *err);

/* What its hypervisor would have to provide. */
struct device_plan instance_device_plan(const struct instance_config *config);

#endif
