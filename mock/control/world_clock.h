/* The clock of one world: real, virtual or auto.
 *
 * Setting it never makes anything happen by itself: whoever moves it lets the world and those who
 * wait look again (served_world.h). It never goes back, since the histories and timers of a world
 * are in order of time. */
#ifndef TESTKIT_MOCK_CONTROL_WORLD_CLOCK_H
#define TESTKIT_MOCK_CONTROL_WORLD_CLOCK_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/scope.h"
#include "common/base/text.h"
#include "common/env/env.h"

enum clock_mode {
    CLOCK_REAL,    /* runs as the system's clock does, from wherever it was set to       */
    CLOCK_VIRTUAL, /* stands still until it is moved                                     */
    CLOCK_AUTO,    /* runs, and leaps to the next event when every request of the world
                      waits for a state                                                  */
    CLOCK_MODE_COUNT,
};
extern const char *const clock_mode_names[]; /* "real", "virtual", "auto"; ends with NULL */

/* Where a virtual clock starts unless it is told: 2026-01-01T00:00:00Z, so that a run with a seed
 * is the same on every day. */
#define WORLD_CLOCK_VIRTUAL_START_NS (INT64_C(1767225600) * NS_PER_SEC)

/* 2200-01-01T00:00:00Z: no clock goes beyond, so that durations can be added to its time. */
#define WORLD_CLOCK_LAST_NS (INT64_C(7258118400) * NS_PER_SEC)

struct world_clock {
    struct clock base; /* the system's */
    enum clock_mode mode;
    int64_t stands_at_ns; /* of CLOCK_VIRTUAL               */
    int64_t ahead_ns;     /* of the base, in the other modes */
};

/* At WORLD_CLOCK_VIRTUAL_START_NS when virtual, else at the base's time. */
struct world_clock world_clock_new(struct clock base, enum clock_mode mode);
/* At that time, which is at most WORLD_CLOCK_LAST_NS. */
struct world_clock world_clock_new_at(struct clock base, enum clock_mode mode, int64_t at_ns);
/* For a struct env; `clock` is borrowed. */
struct clock world_clock_as_clock(struct world_clock *clock);

int64_t world_clock_now_ns(const struct world_clock *clock);
/* at_ns  at most WORLD_CLOCK_LAST_NS. Of a clock that has passed it meanwhile nothing changes. */
void world_clock_move_to(struct world_clock *clock, int64_t at_ns);
/* The time stays what it is. */
void world_clock_set_mode(struct world_clock *clock, enum clock_mode mode);

#endif
