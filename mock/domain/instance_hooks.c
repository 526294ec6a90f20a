#include "mock/domain/instance_hooks.h"

#include "mock/domain/record.h"
#include "mock/domain/world_state.h"

struct instance_hooks instance_hooks_of(const struct instance *instance)
{
    return instance->hooks == NULL ? (struct instance_hooks){ 0 } : *instance->hooks;
}

bool instance_hooks_commit(struct instance_edit *edit, const struct instance_hooks *hooks,
                           struct error *err)
{
    const struct mem *mem = &edit->world->env->mem;
    struct instance_hooks *stored = mem_alloc(mem, sizeof *stored);
    if (stored == NULL)
        return error_set(err, ERROR_NO_MEMORY, "out of memory");
    *stored = *hooks;
    stored->refs = 1;
    edit->next.hooks = stored;
    const bool kept = instance_edit_keep(edit, NULL, err);
    instance_hooks_release(mem, stored); /* the record has its own reference */
    return kept;
}

void instance_hooks_retain(const struct instance_hooks *hooks)
{
    if (hooks != NULL)
        record_retain(&hooks->refs);
}

void instance_hooks_release(const struct mem *mem, const struct instance_hooks *hooks)
{
    if (hooks != NULL && record_release(&hooks->refs))
        mem_free(mem, record_memory(hooks));
}
