#include "mock/control/world_clock.h"

#include <assert.h>

#include "common/base/checked.h"

const char *const clock_mode_names[] = {
    [CLOCK_REAL] = "real", [CLOCK_VIRTUAL] = "virtual", [CLOCK_AUTO] = "auto", NULL
};

struct world_clock world_clock_new(struct clock base, enum clock_mode mode)
{
    return (struct world_clock){ .base = base,
                                 .mode = mode,
                                 .stands_at_ns = WORLD_CLOCK_VIRTUAL_START_NS };
}

static int64_t base_now_ns(const struct world_clock *clock)
{
    return clock->base.now_ns(clock->base.ctx);
}

int64_t world_clock_now_ns(const struct world_clock *clock)
{
    return clock->mode == CLOCK_VIRTUAL ? clock->stands_at_ns
                                        : i64_add_capped(base_now_ns(clock), clock->ahead_ns);
}

static int64_t now_ns(void *ctx)
{
    return world_clock_now_ns(ctx);
}

struct clock world_clock_as_clock(struct world_clock *clock)
{
    return (struct clock){ now_ns, clock };
}

static void place(struct world_clock *clock, int64_t at_ns)
{
    clock->stands_at_ns = at_ns;
    clock->ahead_ns = at_ns - base_now_ns(clock);
}

struct world_clock world_clock_new_at(struct clock base, enum clock_mode mode, int64_t at_ns)
{
    struct world_clock clock = world_clock_new(base, mode);

    place(&clock, at_ns);
    return clock;
}

void world_clock_move_to(struct world_clock *clock, int64_t at_ns)
{
    assert(at_ns <= WORLD_CLOCK_LAST_NS);
    if (at_ns > world_clock_now_ns(clock))
        place(clock, at_ns);
}

void world_clock_set_mode(struct world_clock *clock, enum clock_mode mode)
{
    place(clock, world_clock_now_ns(clock));
    clock->mode = mode;
}
