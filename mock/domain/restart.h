/* What a restart policy does: instances.md 18. For the domain's own files, but for what compares.
 */
#ifndef TESTKIT_MOCK_DOMAIN_RESTART_H
#define TESTKIT_MOCK_DOMAIN_RESTART_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/scope.h"
#include "mock/domain/instance.h"
#include "mock/domain/world.h"

bool restart_status_equal(const struct restart_status *a, const struct restart_status *b);

/* Of an edited copy whose guest has just ended by itself: when it is to be started again, or that
 * it will not be (INST-RP-006 to INST-RP-008). */
void restart_plan(struct instance *edited, const struct world_settings *settings, int64_t now_ns);

/* Forgets in an edited copy what it has outlived by now (INST-RP-009). */
void restart_settle(struct instance *edited, int64_t now_ns);

/* When the policy acts, if nothing else happens: what has ended is started again, what is unhealthy
 * is stopped and started (INST-RP-010). INT64_MAX for never; may lie in the past. Pure: nothing but
 * the record counts. */
int64_t restart_due_ns(const struct instance *instance);

/* The event source (world_events.c). */
int64_t restart_next_ns(const struct world *world);
MUST_USE bool restart_run(struct world *world);

#endif
