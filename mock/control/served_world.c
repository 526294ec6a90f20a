#include "mock/control/served_world.h"

#include <stdlib.h>
#include <string.h>

/* One that JSON readers which know doubles only read exactly. */
static void draw_seed(struct world_plan *plan)
{
    enum { UNSAFE_BITS = 64 - 53 };

    env_random(plan->env, &plan->seed, sizeof plan->seed);
    plan->seed >>= UNSAFE_BITS;
    plan->seeded = true;
}

static struct served_world *place(struct text name, const struct world_plan *plan)
{
    struct served_world *world = calloc(1, sizeof *world);

    if (world == NULL)
        return NULL;
    memcpy(world->name, name.data, name.len);
    world->plan = *plan;
    if (!plan->seeded)
        draw_seed(&world->plan);
    world->env = (struct env){
        .clock = world_clock_as_clock(&world->clock),
        .rng = rng_from_seed(&world->ids, world->plan.seed),
        .mem = plan->env->mem,
    };
    world->due_ns = INT64_MAX;
    return world;
}

/* The rest of it, once its clock and ids are set. NULL, all freed, when out of memory. */
static struct served_world *furnish(struct served_world *world, struct world *content)
{
    world->world = content;
    world->api = content == NULL ? NULL : api_new(content, &world->plan.api);
    if (world->api != NULL)
        return world;
    served_world_free(world);
    return NULL;
}

struct served_world *served_world_new(struct text name, const struct world_plan *plan)
{
    struct served_world *world = place(name, plan);

    if (world == NULL)
        return NULL;
    world->clock = world_clock_new(plan->env->clock, plan->clock_mode);
    return furnish(world, world_new(&world->env, &plan->settings));
}

struct served_world *served_world_fork(const struct served_world *from, struct text name)
{
    struct served_world *world = place(name, &from->plan);

    if (world == NULL)
        return NULL;
    world->clock = from->clock;
    world->ids = from->ids;
    return furnish(world, world_fork(from->world, &world->env));
}

void served_world_free(struct served_world *world)
{
    if (world == NULL)
        return;
    api_free(world->api);
    world_free(world->world);
    free(world);
}
