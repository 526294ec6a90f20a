#include "mock/domain/transition_plan.h"

#include <assert.h>

#include "mock/domain/names.h"

static const char *const transition_names[] = {
    [TRANSITION_BOOT] = "boot",
    [TRANSITION_STANDBY] = "standby",
    [TRANSITION_RESTORE] = "restore",
    [TRANSITION_STOP] = "stop",
    [TRANSITION_COMPRESSION] = "compression",
    [TRANSITION_SCHEDULE] = "schedule",
};
static_assert(ARRAY_LEN(transition_names) == TRANSITION_COUNT, "one name per transition");

static const char *const failure_names[] = {
    [TRANSITION_SUCCEEDS] = "never",
    [TRANSITION_FAILS_ONCE] = "once",
    [TRANSITION_FAILS] = "always",
};
static_assert(ARRAY_LEN(failure_names) == TRANSITION_FAILURE_COUNT, "one name per failure");

const char *transition_name(enum transition transition)
{
    return transition_names[transition];
}

bool transition_parse(struct text name, enum transition *out)
{
    size_t i = 0;
    if (!names_find(transition_names, ARRAY_LEN(transition_names), name, &i))
        return false;
    *out = (enum transition)i;
    return true;
}

const char *transition_failure_name(enum transition_failure failure)
{
    return failure_names[failure];
}
