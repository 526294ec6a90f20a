#include "mock/control/worlds.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/checked.h"

static int64_t ticks_now_ns(const struct worlds *all)
{
    return all->settings.ticks.now_ns(all->settings.ticks.ctx);
}

/* --- by name -------------------------------------------------------------------------------- */

static int compare(struct text name, const struct served_world *world)
{
    const size_t len = strlen(world->name);
    const int order = memcmp(name.data, world->name, name.len < len ? name.len : len);

    return order != 0 ? order : (name.len > len) - (name.len < len);
}

/* Where a world of that name is, or would be. */
static size_t place_of(const struct worlds *all, struct text name)
{
    size_t low = 0;

    for (size_t high = all->count; low < high;) {
        const size_t middle = low + (high - low) / 2;
        if (compare(name, all->by_name[middle]) > 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

struct served_world *worlds_find(const struct worlds *all, struct text name)
{
    const size_t at = place_of(all, name);

    return at < all->count && compare(name, all->by_name[at]) == 0 ? all->by_name[at] : NULL;
}

static bool insert(struct worlds *all, struct served_world *world)
{
    const size_t at = place_of(all, text_of(world->name));

    if (all->count == all->capacity) {
        const struct mem mem = mem_libc();
        struct served_world **longer =
            mem_grow(&mem, all->by_name, &all->capacity, sizeof(*all->by_name));
        if (longer == NULL)
            return false;
        all->by_name = longer;
    }
    memmove(&all->by_name[at + 1], &all->by_name[at], (all->count - at) * sizeof(all->by_name[0]));
    all->by_name[at] = world;
    all->count++;
    return true;
}

static void begin(struct worlds *all, struct served_world *world)
{
    all->made++;
    world->used_ns = ticks_now_ns(all);
    worlds_touch(all, world);
}

bool worlds_init(struct worlds *all, const struct worlds_settings *settings,
                 const struct world_plan *plan, struct error *err)
{
    *all = (struct worlds){
        .settings = *settings,
        .main = served_world_new(TEXT(DEFAULT_WORLD_NAME), plan),
        .soonest_ns = INT64_MAX,
    };
    if (worlds_add(all, all->main, err))
        return true;
    *all = (struct worlds){ 0 };
    return false;
}

/* Removed worlds that nobody uses are freed here only, so that no caller loses the one it has. */
static void free_unused(struct worlds *all)
{
    struct served_world **link = &all->touched;

    while (*link != NULL) {
        struct served_world *world = *link;
        if (world->removed && world->users == 0) {
            *link = world->next_touched;
            served_world_free(world);
        } else {
            link = &world->next_touched;
        }
    }
}

void worlds_fini(struct worlds *all)
{
    free_unused(all);
    for (size_t i = 0; i < all->count; i++) {
        assert(all->by_name[i]->users == 0);
        served_world_free(all->by_name[i]);
    }
    free(all->by_name);
    *all = (struct worlds){ 0 };
}

static bool is_alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool world_name_check(struct text name, struct error *err)
{
    bool fits = name.len > 0 && name.len <= WORLD_NAME_MAX && is_alnum(name.data[0]);

    for (size_t i = 0; i < name.len && fits; i++)
        fits = is_alnum(name.data[i]) || memchr("._-", name.data[i], 3) != NULL;
    return fits || error_set_field(err, ERROR_INVALID_ARGUMENT, "name",
                                   "name must be 1 to %d letters, digits, '.', '_' and '-', "
                                   "beginning with a letter or digit",
                                   WORLD_NAME_MAX);
}

bool worlds_add(struct worlds *all, struct served_world *world, struct error *err)
{
    if (world == NULL)
        return error_set(err, ERROR_NO_MEMORY, "out of memory");
    if (worlds_find(all, text_of(world->name)) != NULL)
        error_set_field(err, ERROR_ALREADY_EXISTS, "name",
                        "there is a world named %s; delete it first, or take another name",
                        world->name);
    else if (all->count >= all->settings.max)
        error_set(err, ERROR_RESOURCE_EXHAUSTED,
                  "there are %zu worlds, as many as --max-worlds allows; delete some, or give them "
                  "a ttl",
                  all->count);
    else if (!insert(all, world))
        error_set(err, ERROR_NO_MEMORY, "out of memory");
    else {
        begin(all, world);
        return true;
    }
    served_world_free(world);
    return false;
}

static void end(struct worlds *all, struct served_world *world)
{
    world->removed = true;
    api_finish(world->api);
    api_turn(world->api, all->settings.ready);
    worlds_touch(all, world);
}

void worlds_remove(struct worlds *all, struct served_world *world)
{
    const size_t at = place_of(all, text_of(world->name));

    assert(world != all->main && all->by_name[at] == world);
    all->count--;
    memmove(&all->by_name[at], &all->by_name[at + 1], (all->count - at) * sizeof(all->by_name[0]));
    end(all, world);
}

void worlds_replace(struct worlds *all, struct served_world *old, struct served_world *world)
{
    const size_t at = place_of(all, text_of(old->name));

    assert(all->by_name[at] == old && strcmp(world->name, old->name) == 0);
    all->by_name[at] = world;
    if (old == all->main)
        all->main = world;
    end(all, old);
    begin(all, world);
}

/* --- requests ------------------------------------------------------------------------------- */

void worlds_touch(struct worlds *all, struct served_world *world)
{
    if (world->touched)
        return;
    world->touched = true;
    world->next_touched = all->touched;
    all->touched = world;
}

void worlds_enter(struct worlds *all, struct served_world *world)
{
    world->users++;
    world->requests++;
    worlds_touch(all, world);
}

void worlds_leave(struct worlds *all, struct served_world *world)
{
    assert(world->users > 0);
    world->users--;
    if (world->removed || world->ttl_ns > 0 || world->journal.followers > 0) {
        world->used_ns = ticks_now_ns(all);
        worlds_touch(all, world);
    }
}

/* --- turns ---------------------------------------------------------------------------------- */

/* Whether nothing but a leap of its clock can bring the requests of the world any further. */
static bool can_leap(const struct served_world *world)
{
    return world->clock.mode == CLOCK_AUTO && api_has_waits(world->api) &&
           !api_is_behind(world->api) && api_due_ns(world->api) <= WORLD_CLOCK_LAST_NS;
}

/* How long the world can be left alone. */
static int64_t pause_of(const struct worlds *all, const struct served_world *world)
{
    int64_t pause_ns = api_pause_ns(world->api);

    if (can_leap(world))
        return 0;
    if (world->clock.mode == CLOCK_VIRTUAL && pause_ns > 0 && !api_is_behind(world->api))
        pause_ns = INT64_MAX; /* no time passes there */
    if (world->ttl_ns > 0 && world->users == 0) {
        const int64_t left_ns = i64_add_capped(world->used_ns, world->ttl_ns) - ticks_now_ns(all);
        pause_ns = left_ns < pause_ns ? left_ns : pause_ns;
    }
    if (world->journal.followers > 0 && pause_ns > JOURNAL_HEARTBEAT_NS)
        pause_ns = JOURNAL_HEARTBEAT_NS;
    return pause_ns;
}

static bool is_outlived(const struct served_world *world, int64_t now_ns)
{
    return world->ttl_ns > 0 && world->users == 0 && now_ns - world->used_ns >= world->ttl_ns;
}

static void note_due(struct worlds *all, const struct served_world *world)
{
    if (world->due_ns < all->soonest_ns)
        all->soonest_ns = world->due_ns;
}

/* Touches those that have something to do by now, and removes those whose time is over. A clock
 * leaps only if no request came for its world since the last turn. */
static void touch_due(struct worlds *all, int64_t now_ns)
{
    all->soonest_ns = INT64_MAX;
    for (size_t i = all->count; i-- > 0;) {
        struct served_world *world = all->by_name[i];
        if (world->touched)
            continue;
        if (world->due_ns > now_ns) {
            note_due(all, world);
        } else if (is_outlived(world, now_ns)) {
            worlds_remove(all, world);
        } else {
            if (can_leap(world))
                world_clock_move_to(&world->clock, api_due_ns(world->api));
            worlds_touch(all, world);
        }
    }
}

void worlds_turn(struct worlds *all)
{
    const int64_t now_ns = ticks_now_ns(all);

    if (now_ns >= all->soonest_ns)
        touch_due(all, now_ns);
    free_unused(all);
    struct served_world *world = all->touched;
    all->touched = NULL;
    while (world != NULL) {
        struct served_world *next = world->next_touched;
        world->touched = false;
        if (world->journal.followers > 0)
            api_look_again(world->api);
        api_turn(world->api, all->settings.ready);
        if (!world->removed) {
            world->due_ns = i64_add_capped(now_ns, pause_of(all, world));
            note_due(all, world);
        }
        world = next;
    }
}

int64_t worlds_pause_ns(const struct worlds *all)
{
    if (all->touched != NULL)
        return 0;
    if (all->soonest_ns == INT64_MAX)
        return INT64_MAX;
    const int64_t left_ns = all->soonest_ns - ticks_now_ns(all);
    return left_ns > 0 ? left_ns : 0;
}

void worlds_finish(struct worlds *all)
{
    for (size_t i = 0; i < all->count; i++) {
        api_finish(all->by_name[i]->api);
        worlds_touch(all, all->by_name[i]);
    }
}
