/* The whole inside of a world, for tests that compare it or ask whether it agrees with itself. */
#ifndef TESTKIT_TESTS_UNIT_MOCK_DOMAIN_WORLD_CHECK_H
#define TESTKIT_TESTS_UNIT_MOCK_DOMAIN_WORLD_CHECK_H

#include "common/base/buffer.h"
#include "mock/domain/world.h"

/* Every record with all that is in it, and the bookkeeping beside them, as text: equal texts mean
 * worlds that no call can tell apart. Owned: buffer_fini(). */
struct buffer world_text(const struct world *world);

/* Asserts what holds between any two calls: every index has exactly the records it covers; ids are
 * of their form and unique, addresses lie in the network and are unique; what is used of the host
 * is the sum over the instances; no volume is written by one and held by another; histories are
 * bounded and in order of time; and each record agrees with its own state. */
void assert_world_is_sound(const struct world *world);

#endif
