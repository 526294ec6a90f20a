#include "mock/domain/instance.h"

#include <assert.h>
#include <stdio.h>

#include "mock/domain/health.h"
#include "mock/domain/instance_record.h"
#include "mock/domain/names.h"

static const char *const state_names[] = {
    [INSTANCE_CREATED] = "Created",   [INSTANCE_INITIALIZING] = "Initializing",
    [INSTANCE_RUNNING] = "Running",   [INSTANCE_PAUSED] = "Paused",
    [INSTANCE_SHUTDOWN] = "Shutdown", [INSTANCE_STOPPED] = "Stopped",
    [INSTANCE_STANDBY] = "Standby",   [INSTANCE_UNKNOWN] = "Unknown",
};
static_assert(ARRAY_LEN(state_names) == INSTANCE_STATE_COUNT, "one name per state");

static const char *const egress_names[] = {
    [EGRESS_ALL] = "all",
    [EGRESS_HTTP_HTTPS_ONLY] = "http_https_only",
};
static_assert(ARRAY_LEN(egress_names) == EGRESS_MODE_COUNT, "one name per mode");

static const char *const health_check_names[] = {
    [HEALTH_CHECK_NONE] = "none",
    [HEALTH_CHECK_HTTP] = "http",
    [HEALTH_CHECK_TCP] = "tcp",
    [HEALTH_CHECK_EXEC] = "exec",
};
static_assert(ARRAY_LEN(health_check_names) == HEALTH_CHECK_TYPE_COUNT, "one name per type");

static const char *const restart_names[] = {
    [RESTART_NEVER] = "never",
    [RESTART_ALWAYS] = "always",
    [RESTART_ON_FAILURE] = "on_failure",
};
static_assert(ARRAY_LEN(restart_names) == RESTART_POLICY_KIND_COUNT, "one name per policy");

static const char *const block_names[] = {
    [RESTART_NOT_BLOCKED] = "",
    [RESTART_MANUAL_STOP] = "manual_stop",
    [RESTART_MAX_ATTEMPTS_EXCEEDED] = "max_attempts_exceeded",
};
static_assert(ARRAY_LEN(block_names) == RESTART_BLOCK_COUNT, "one name per block");

static const char *const reason_names[] = {
    [RESTART_REASON_NONE] = "",
    [RESTART_HEALTH_CHECK_FAILED] = "health_check_failed",
};
static_assert(ARRAY_LEN(reason_names) == RESTART_REASON_COUNT, "one name per reason");

static const char *const health_names[] = {
    [HEALTH_DISABLED] = "disabled",   [HEALTH_STARTING] = "starting", [HEALTH_HEALTHY] = "healthy",
    [HEALTH_UNHEALTHY] = "unhealthy", [HEALTH_UNKNOWN] = "unknown",
};
static_assert(ARRAY_LEN(health_names) == HEALTH_STATUS_COUNT, "one name per status");

const char *instance_state_name(enum instance_state state)
{
    return state_names[state];
}

bool instance_state_parse(struct text name, enum instance_state *out)
{
    size_t i = 0;
    if (!names_find(state_names, ARRAY_LEN(state_names), name, &i))
        return false;
    *out = (enum instance_state)i;
    return true;
}

const char *instance_state_error(enum instance_state state)
{
    return state == INSTANCE_UNKNOWN ? "failed to query hypervisor: context deadline exceeded"
                                     : NULL;
}

bool instance_state_has_vmm(enum instance_state state)
{
    return state != INSTANCE_STOPPED && state != INSTANCE_STANDBY && state != INSTANCE_UNKNOWN;
}

bool instance_state_is_up(enum instance_state state)
{
    return state == INSTANCE_RUNNING || state == INSTANCE_INITIALIZING;
}

const char *egress_mode_name(enum egress_mode mode)
{
    return egress_names[mode];
}

bool egress_mode_parse(struct text name, enum egress_mode *out)
{
    size_t i = 0;
    if (!names_find(egress_names, ARRAY_LEN(egress_names), name, &i))
        return false;
    *out = (enum egress_mode)i;
    return true;
}

const char *health_check_type_name(enum health_check_type type)
{
    return health_check_names[type];
}

bool health_check_type_parse(struct text name, enum health_check_type *out)
{
    size_t i = 0;
    if (!names_find(health_check_names, ARRAY_LEN(health_check_names), name, &i))
        return false;
    *out = (enum health_check_type)i;
    return true;
}

const char *restart_policy_kind_name(enum restart_policy_kind kind)
{
    return restart_names[kind];
}

bool restart_policy_kind_parse(struct text name, enum restart_policy_kind *out)
{
    size_t i = 0;
    if (!names_find(restart_names, ARRAY_LEN(restart_names), name, &i))
        return false;
    *out = (enum restart_policy_kind)i;
    return true;
}

const char *restart_block_name(enum restart_block block)
{
    return block_names[block];
}

const char *restart_reason_name(enum restart_reason reason)
{
    return reason_names[reason];
}

const char *health_status_name(enum health_status status)
{
    return health_names[status];
}

struct instance_view instance_view(const struct instance *instance, int64_t now_ns)
{
    struct instance at = *instance;
    instance_settle(&at, now_ns);
    return (struct instance_view){
        .state = at.state,
        .has_snapshot = at.state == INSTANCE_STANDBY,
        .phases = at.phases,
        .health = health_at(&at, now_ns),
        .restart = at.restart,
    };
}

/* Go's words for the signals that end programs (instances.md 21). */
static const struct {
    int number;
    const char *name;
} signals[] = {
    { 1, "hangup" },
    { 2, "interrupt" },
    { 3, "quit" },
    { 4, "illegal instruction" },
    { 5, "trace/breakpoint trap" },
    { 6, "aborted" },
    { 7, "bus error" },
    { 8, "floating point exception" },
    { 9, "killed" },
    { 11, "segmentation fault" },
    { 13, "broken pipe" },
    { 14, "alarm clock" },
    { 15, "terminated" },
};

static const char *signal_name(int number)
{
    for (size_t i = 0; i < ARRAY_LEN(signals); i++) {
        if (signals[i].number == number)
            return signals[i].name;
    }
    return NULL;
}

struct exit_text instance_exit_text(const struct instance *instance)
{
    enum { NOT_EXECUTABLE = 126, NOT_FOUND = 127, SIGNALLED = 128 };
    struct exit_text out = { "" };
    int code = instance->exit_code;
    const char *signal = signal_name(code - SIGNALLED);

    if (!instance->has_exit_code)
        return out;
    if (code == 0)
        return (struct exit_text){ "success" };
    if (code == NOT_EXECUTABLE)
        return (struct exit_text){ "permission denied (command not executable)" };
    if (code == NOT_FOUND)
        return (struct exit_text){ "command not found" };
    if (signal != NULL)
        snprintf(out.text, sizeof out.text, "killed by signal %d (%s)", code - SIGNALLED, signal);
    else
        snprintf(out.text, sizeof out.text, "exit code %d", code);
    return out;
}
