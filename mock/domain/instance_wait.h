/* Waiting for an instance to get into a state (instances.md 11). Pure. */
#ifndef TESTKIT_MOCK_DOMAIN_INSTANCE_WAIT_H
#define TESTKIT_MOCK_DOMAIN_INSTANCE_WAIT_H

#include <stdbool.h>
#include <stdint.h>

#include "mock/domain/instance.h"

/* Whether a wait for `target` ends with an instance in state `current`: it is there (INST-W-006),
 * or in a state that it does not leave by itself (INST-W-007). */
bool instance_wait_is_over(enum instance_state current, enum instance_state target);

/* When the instance gets into another state by itself though nothing in the world changes, seen
 * from now_ns; INT64_MAX for never. */
int64_t instance_next_state_ns(const struct instance *instance, int64_t now_ns);

#endif
