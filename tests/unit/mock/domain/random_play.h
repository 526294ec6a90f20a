/* Operations at random on a world, the clock moving, memory failing now and then: a long and varied
 * life for tests to look at. The same seed gives the same play. */
#ifndef TESTKIT_TESTS_UNIT_MOCK_DOMAIN_RANDOM_PLAY_H
#define TESTKIT_TESTS_UNIT_MOCK_DOMAIN_RANDOM_PLAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mock/domain/instances.h"
#include "tests/unit/mock/domain/world_fixture.h"

enum { PLAY_OPERATIONS = 31, PLAY_LISTS = 3 };

struct play {
    struct fixture *f;
    struct rng_seeded seeded;
    struct rng rng;
    struct instance_cursor lists[PLAY_LISTS]; /* some are open                              */
    bool has_memory;                          /* set it, and memory does not fail any more */
};

/* How often each operation ended in which way. */
struct tally {
    size_t done, refused, starved;
};

/* A new world, on a host that fills up now and then. `p` stays where it is until play_end(). */
void play_begin(struct play *p, struct fixture *f, uint64_t seed);
/* Some time passes, then one operation is done. Asserts that its refusal is one that its header
 * names, and that what lacks memory changes nothing. */
void play_step(struct play *p, struct tally tallies[PLAY_OPERATIONS]);
void play_end(struct play *p);

const char *play_operation_name(size_t operation);
bool play_can_refuse(size_t operation);

#endif
