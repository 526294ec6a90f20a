/* Holding, stepping, releasing and failing the transitions of an instance, which no request can:
 * for tests of what happens meanwhile and then. A snapshot's own: snapshot_force.h.
 *
 * What is asked for stays with the instance (instance_hooks.h) until it is released, through stops
 * and starts. */
#ifndef TESTKIT_MOCK_DOMAIN_TRANSITION_CONTROL_H
#define TESTKIT_MOCK_DOMAIN_TRANSITION_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/scope.h"
#include "common/base/text.h"
#include "mock/domain/instance.h"
#include "mock/domain/transition_plan.h"
#include "mock/domain/world.h"

/* All take a full id, which may point into the record itself, and fail with
 *   NOT_FOUND  instance not found
 *   NO_MEMORY
 * A failed call changes nothing. */

/* The one that is in progress and those after it do not end by themselves. */
MUST_USE bool transition_hold(struct world *world, struct text id, enum transition transition,
                              struct error *err);
/* Lets one go on now: the boot or run that is held, or the request that waits; if none does, the
 * next one that comes.
 * Fails    INVALID_STATE  nothing of the kind is held; a compression goes on at its snapshot */
MUST_USE bool transition_step(struct world *world, struct text id, enum transition transition,
                              struct error *err);
/* Nothing is asked for any more; what is held goes on now. */
MUST_USE bool transition_release(struct world *world, struct text id, enum transition transition,
                                 struct error *err);
/* The boot or held run that is in progress fails now, and a held request that waits; if there is
 * none the next one fails in its time. A boot does so as a guest that exits with status 1.
 * always   and so does each after it, until it is released */
MUST_USE bool transition_fail(struct world *world, struct text id, enum transition transition,
                              bool always, struct error *err);
/* How long those to come take.
 * delay_ns >= 0
 * Fails    INVALID_STATE  neither a boot nor a compression: the others take no time here */
MUST_USE bool transition_delay(struct world *world, struct text id, enum transition transition,
                               int64_t delay_ns, struct error *err);

/* Whether those to come are held; a boot that is: transition_boot_is_held(). */
bool transition_is_held(const struct instance *instance, enum transition transition);
/* Whether it is Initializing, and will be until a test lets it go on. */
bool transition_boot_is_held(const struct instance *instance);

/* What is asked for of one transition. */
struct transition_wish transition_wish_of(const struct instance *instance,
                                          enum transition transition);

#endif
