/* Boots that fail, as a test wants them to (transition_control.h): the guest exits with status 1
 * where it would have become Running. One of the world's sources of events (world_events.c); for
 * the domain's own files. */
#ifndef TESTKIT_MOCK_DOMAIN_BOOT_FAILURE_H
#define TESTKIT_MOCK_DOMAIN_BOOT_FAILURE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/scope.h"
#include "mock/domain/instance.h"
#include "mock/domain/instance_edit.h"
#include "mock/domain/world.h"

/* When the boot of an instance fails; INT64_MAX for never. A function of its record alone. */
int64_t boot_failure_due_ns(const struct instance *instance);

int64_t boot_failure_next_ns(const struct world *world);
MUST_USE bool boot_failure_run(struct world *world);

/* The boot of one that is being edited and is Initializing fails now.
 * Fails    NO_MEMORY */
MUST_USE bool boot_failure_commit(struct instance_edit *edit, struct error *err);

#endif
