#include "conformance/suite/plan.h"

#include "conformance/suite/glob.h"

static bool is_selected(const struct plan_wishes *wishes, const char *id, const char *full_id)
{
    for (size_t i = 0; i < wishes->select_count; i++) {
        struct text pattern = text_of(wishes->selects[i]);
        if (glob_match(pattern, text_of(id)) || glob_match(pattern, text_of(full_id)))
            return true;
    }
    return wishes->select_count == 0;
}

/* What the target lacks for it, with the name of the capability; NULL for nothing, or no memory. */
static const char *lack(const struct scenario *scenario, const struct capabilities *target,
                        struct arena *arena)
{
    const char *why;

    for (const char *const *need = scenario->needs; *need != NULL; need++) {
        if (!capabilities_offer(target, text_of(*need), &why))
            return arena_printf(arena, "%s: %s", *need, why);
    }
    return NULL;
}

static const char *skip_reason(const struct scenario *scenario, enum via via,
                               const struct capabilities *target, int64_t *budget_ns,
                               struct arena *arena)
{
    if (via == VIA_BOTH && target != NULL && !target->has[CAPABILITY_WORLDS])
        return capability_rows[CAPABILITY_WORLDS].absence;
    const char *lacking = target == NULL ? NULL : lack(scenario, target, arena);
    if (lacking != NULL || target == NULL || target->has[CAPABILITY_VIRTUAL_CLOCK])
        return lacking;
    if (scenario->cost_ns > *budget_ns)
        return "it takes longer than what is left of --budget";
    *budget_ns -= scenario->cost_ns;
    return NULL;
}

bool plan_make(const struct scenario_set *set, const struct plan_wishes *wishes,
               const struct capabilities *target, struct arena *arena, struct plan *out,
               struct error *err)
{
    int64_t budget_ns = wishes->budget_ns;

    *out = (struct plan){
        .items = arena_alloc(arena, (set->count * VIA_COUNT + 1) * sizeof *out->items),
    };
    if (out->items == NULL)
        return error_set(err, ERROR_NO_MEMORY, "out of memory");
    for (size_t i = 0; i < set->count; i++) {
        const struct scenario *scenario = &set->items[i];
        for (enum via via = 0; scenario->truths[wishes->truth] && via < VIA_COUNT; via++) {
            if (!wishes->vias[via])
                continue;
            const char *id = arena_printf(arena, "%s/via:%s", scenario->id, via_names[via]);
            if (id == NULL)
                return error_set(err, ERROR_NO_MEMORY, "out of memory");
            if (!is_selected(wishes, scenario->id, id))
                continue;
            out->items[out->count++] = (struct plan_item){
                .scenario = scenario,
                .via = via,
                .id = id,
                .skip = skip_reason(scenario, via, target, &budget_ns, arena),
            };
        }
    }
    return true;
}
