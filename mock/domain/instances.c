#include "mock/domain/instances.h"

#include "mock/domain/change.h"
#include "mock/domain/world_state.h"

static const struct cow_map *by_id(const struct world *world)
{
    return &world->instances.maps[INSTANCES_BY_ID];
}

const struct instance *instances_find(const struct world *world, struct text id)
{
    return cow_map_find(by_id(world), (struct cow_key){ .major = id });
}

/* The instances whose key in an index matches a word, as far as that matters: none, one, several.
 */
struct matches {
    const struct instance *only; /* set when count is 1 */
    unsigned count;              /* stops at 2          */
};

static struct matches match(const struct cow_map *map, struct text word,
                            bool (*is_match)(const struct instance *, struct text))
{
    struct matches found = { 0 };
    struct cow_cursor at;
    cow_cursor_seek(&at, map, (struct cow_key){ .major = word });
    while (found.count < 2) {
        const struct instance *instance = cow_cursor_next(&at);
        if (instance == NULL || !is_match(instance, word))
            break;
        found.only = instance;
        found.count++;
    }
    return found;
}

static bool has_name(const struct instance *instance, struct text word)
{
    return text_equal(instance->config->name, word);
}

static bool has_id_prefix(const struct instance *instance, struct text word)
{
    return text_starts_with(instance->config->id, word);
}

static struct matches match_whole(const struct world *world, struct text word)
{
    const struct instance *exact = instances_find(world, word);
    if (exact != NULL)
        return (struct matches){ exact, 1 };
    return match(&world->instances.maps[INSTANCES_BY_NAME], word, has_name);
}

static bool choose(const struct matches *found, const struct instance **out, struct error *err)
{
    if (found->count == 0)
        return error_set(err, ERROR_NOT_FOUND, "resource not found");
    if (found->count > 1)
        return error_set(err, ERROR_AMBIGUOUS, "multiple resources match, use full ID");
    *out = found->only;
    return true;
}

bool instances_resolve_whole(const struct world *world, struct text word,
                             const struct instance **out, struct error *err)
{
    const struct matches found = match_whole(world, word);
    return choose(&found, out, err);
}

bool instances_resolve(const struct world *world, struct text word, const struct instance **out,
                       struct error *err)
{
    struct matches found = match_whole(world, word);
    if (found.count == 0 && word.len > 0)
        found = match(by_id(world), word, has_id_prefix);
    return choose(&found, out, err);
}

bool instances_delete(struct world *world, struct text id, struct error *err)
{
    const struct instance *instance = instances_find(world, id);
    if (instance == NULL)
        return error_set(err, ERROR_NOT_FOUND, "instance not found");
    struct change change = change_of(world);
    change_remove_instance(&change, instance);
    return change_commit(&change, err);
}

void instance_cursor_open(struct instance_cursor *cursor, const struct world *world,
                          const struct instance_filter *filter)
{
    cursor->map = cow_map_retain(by_id(world));
    cursor->filter = *filter;
    cursor->now_ns = world_now_ns(world);
    cow_cursor_seek(&cursor->at, &cursor->map, (struct cow_key){ 0 });
}

static bool passes(const struct instance_cursor *cursor, const struct instance *instance)
{
    const struct instance_filter *filter = &cursor->filter;
    if (filter->by_state && instance_view(instance, cursor->now_ns).state != filter->state)
        return false;
    return pairs_match(instance->config->tags, filter->tags);
}

const struct instance *instance_cursor_next(struct instance_cursor *cursor)
{
    const struct instance *instance = NULL;
    do {
        instance = cow_cursor_next(&cursor->at);
    } while (instance != NULL && !passes(cursor, instance));
    return instance;
}

void instance_cursor_close(struct instance_cursor *cursor)
{
    cow_map_fini(&cursor->map);
    cursor->at.depth = 0;
}
