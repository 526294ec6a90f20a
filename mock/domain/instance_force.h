/* Putting an instance into any state, which no request can: for tests of what happens then. */
#ifndef TESTKIT_MOCK_DOMAIN_INSTANCE_FORCE_H
#define TESTKIT_MOCK_DOMAIN_INSTANCE_FORCE_H

#include <stdbool.h>

#include "common/base/error.h"
#include "common/base/scope.h"
#include "common/base/text.h"
#include "mock/domain/instance.h"
#include "mock/domain/world.h"

/* Nothing but the state changes. Unknown comes with a state_error (INST-J-005); Initializing lasts
 * for the world's boot delay.
 * id       full id
 * out      borrowed from the world, valid until its next change
 * Fails    NOT_FOUND  instance not found
 *          NO_MEMORY */
MUST_USE bool instance_force_state(struct world *world, struct text id, enum instance_state state,
                                   const struct instance **out, struct error *err);

#endif
