#include "conformance/suite/capability.h"

#include <stddef.h>

const struct capability_row capability_rows[CAPABILITY_COUNT] = {
    [CAPABILITY_CREATE_INSTANCES] = { "may-create-instances", "nothing may be made (--read-only)" },
    [CAPABILITY_AUTH] = { "auth", "the target takes requests without a token" },
    [CAPABILITY_JWT] = { "jwt", "no tokens can be made without --jwt-secret-file" },
    [CAPABILITY_CAPABILITIES] = { "capabilities", "the target has no GET /capabilities" },
    [CAPABILITY_WORLDS] = { "worlds", "the target has no worlds of its own for each scenario" },
    [CAPABILITY_VIRTUAL_CLOCK] = { "virtual-clock", "the target's clock cannot be moved" },
};

const char *const capability_names[] = {
    "may-create-instances", "auth", "jwt", "capabilities", "worlds", "virtual-clock", NULL
};

static const struct text hypervisor = TEXT("hypervisor:");

static size_t find(struct text need)
{
    size_t i = 0;

    while (i < CAPABILITY_COUNT && !text_equal_cstr(need, capability_rows[i].name))
        i++;
    return i;
}

bool capability_is_known(struct text need)
{
    return find(need) < CAPABILITY_COUNT ||
           (text_starts_with(need, hypervisor) && need.len > hypervisor.len);
}

bool capabilities_offer(const struct capabilities *target, struct text need, const char **why)
{
    size_t i = find(need);

    if (i < CAPABILITY_COUNT) {
        *why = capability_rows[i].absence;
        return target->has[i];
    }
    *why = "the target has no such hypervisor";
    need = (struct text){ need.data + hypervisor.len, need.len - hypervisor.len };
    for (i = 0; i < target->hypervisor_count; i++) {
        if (text_equal_cstr(need, target->hypervisors[i]))
            return true;
    }
    return false;
}
