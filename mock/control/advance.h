/* Moving the clock of a world, from one moment at which something happens to the next. */
#ifndef TESTKIT_MOCK_CONTROL_ADVANCE_H
#define TESTKIT_MOCK_CONTROL_ADVANCE_H

#include <stdint.h>

#include "common/base/text.h"
#include "mock/control/served_world.h"
#include "mock/domain/instance.h"

/* One request must not hold up the program for ever: after so many moments an advance stops where
 * it is. */
enum { ADVANCE_MAX_MOMENTS = 50000 };

struct advance_goal {
    struct text instance_id; /* full */
    enum instance_state state;
};

enum advance_end {
    ADVANCE_ARRIVED,  /* at the time wanted, or at the goal                              */
    ADVANCE_MISSED,   /* the goal: the clock stands where something happened last         */
    ADVANCE_GONE,     /* the goal's instance was deleted, at the moment the clock shows   */
    ADVANCE_TOO_MUCH, /* call again to go on                                             */
};

/* Moves the clock to at_ns, letting the world and those who wait look at each moment on the way.
 * at_ns  not before the clock's time, at most WORLD_CLOCK_LAST_NS
 * goal   or NULL; where to stop before that time
 * ready  called for every answer that no longer waits */
enum advance_end advance_clock(struct served_world *world, int64_t at_ns,
                               const struct advance_goal *goal,
                               void (*ready)(struct response *res));

/* When the next thing happens by itself that a client may see: an event of the world, the end of a
 * boot, a compression or a wait. INT64_MAX for never. Visits every instance and snapshot. */
int64_t advance_next_ns(const struct served_world *world);

#endif
