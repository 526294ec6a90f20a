#include "mock/domain/instance_wait.h"

/* Running is none of them, though only a request ends it: a wait for Initializing goes on for its
 * whole time (INST-W-015). */
static const bool is_left_by_request_only[INSTANCE_STATE_COUNT] = {
    [INSTANCE_PAUSED] = true,  [INSTANCE_SHUTDOWN] = true, [INSTANCE_STOPPED] = true,
    [INSTANCE_STANDBY] = true, [INSTANCE_UNKNOWN] = true,
};

bool instance_wait_is_over(enum instance_state current, enum instance_state target)
{
    return current == target || is_left_by_request_only[current];
}

int64_t instance_next_state_ns(const struct instance *instance, int64_t now_ns)
{
    const bool boots = instance->state == INSTANCE_INITIALIZING && now_ns < instance->running_at_ns;
    return boots ? instance->running_at_ns : INT64_MAX;
}
