#include "mock/control/served_world.h"

#include <stdlib.h>
#include <string.h>

#include "mock/state/state.h"

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
    world->journal = journal_in(&world->env.mem, plan->journal_bytes);
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

static struct served_world *copy(const struct served_world *from, struct text name,
                                 const struct world_plan *plan)
{
    struct served_world *world = place(name, plan);

    if (world == NULL)
        return NULL;
    world->clock = from->clock;
    world_clock_set_mode(&world->clock, plan->clock_mode);
    world->ids = from->ids;
    return furnish(world, world_fork(from->world, &world->env));
}

struct served_world *served_world_fork(const struct served_world *from, struct text name)
{
    struct world_plan plan = from->plan;

    plan.clock_mode = from->clock.mode;
    struct served_world *world = copy(from, name, &plan);
    if (world != NULL)
        faults_copy(&world->faults, &from->faults);
    return world;
}

struct served_world *served_world_new(struct text name, const struct world_plan *plan)
{
    if (plan->start != NULL)
        return copy(plan->start, name, plan);
    struct served_world *world = place(name, plan);
    if (world == NULL)
        return NULL;
    world->clock = world_clock_new(plan->env->clock, plan->clock_mode);
    return furnish(world, world_new(&world->env, &plan->settings));
}

bool served_world_load(struct text name, const struct world_plan *plan,
                       const struct json_at *document, struct served_world **out, struct error *err)
{
    struct served_world *world = place(name, plan);
    struct state_outside outside;

    if (world == NULL)
        return error_set(err, ERROR_NO_MEMORY, "out of memory");
    world->clock = world_clock_new(plan->env->clock, plan->clock_mode);
    struct world *content =
        state_import_json(&world->env, &plan->settings, document, &outside, err);
    if (content != NULL && outside.now_ns > WORLD_CLOCK_LAST_NS) {
        json_complain(document, err, "has a world.now after 2199");
        world_free(TAKE(content));
    }
    if (content == NULL) {
        served_world_free(world);
        return false;
    }
    world->clock = world_clock_new_at(plan->env->clock, plan->clock_mode, outside.now_ns);
    if (outside.has_random)
        world->ids.state = outside.random;
    *out = furnish(world, content);
    return *out != NULL || error_set(err, ERROR_NO_MEMORY, "out of memory");
}

bool served_world_save(const struct served_world *world, struct buffer *out, struct error *err)
{
    const struct state_outside outside = { .now_ns = world_clock_now_ns(&world->clock),
                                           .has_random = true,
                                           .random = world->ids.state };

    return state_export(world->world, &outside, out, err);
}

void served_world_free(struct served_world *world)
{
    if (world == NULL)
        return;
    faults_clear(&world->faults);
    api_free(world->api);
    world_free(world->world);
    journal_fini(&world->journal);
    free(world);
}
