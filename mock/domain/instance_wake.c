/* What an instance does by itself. */
#include "mock/domain/world_state.h"

int64_t instance_wake_ns(const struct instance *instance)
{
    (void)instance;
    return INT64_MAX;
}
