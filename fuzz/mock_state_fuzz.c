/* mock_state: whatever the document, importing it never crashes and leaves nothing behind; a world
 * that comes of it is exported as the same bytes again and again, and lives on for an hour. */
#include "fuzz/fuzz.h"
#include "mock/domain/instances.h"
#include "mock/domain/snapshots.h"
#include "mock/state/state.h"
#include "tests/support/fake_env.h"

static struct buffer export_of(const struct world *world, const struct state_outside *outside)
{
    struct buffer out = buffer_capped(SIZE_MAX);
    struct error err = { 0 };
    ALWAYS(state_export(world, outside, &out, &err));
    return out;
}

static struct world *import_of(const struct env *env, struct text document,
                               struct state_outside *outside)
{
    const struct world_settings settings = world_settings_default();
    struct error err = { 0 };
    struct world *world = state_import(env, &settings, document, outside, &err);
    ALWAYS(world != NULL || err.message[0] != '\0');
    return world;
}

static void check_round_trip(const struct env *env, const struct world *world,
                             const struct state_outside *outside)
{
    struct state_outside again = { 0 };
    struct buffer document = export_of(world, outside);
    struct world *copy = import_of(env, buffer_text(&document), &again);
    ALWAYS(copy != NULL && again.now_ns == outside->now_ns);
    struct buffer same = export_of(copy, &again);
    ALWAYS(text_equal(buffer_text(&document), buffer_text(&same)));
    buffer_fini(&same);
    buffer_fini(&document);
    world_free(copy);
}

static void look_at(const struct world *world)
{
    struct instance_cursor instances;
    instance_cursor_open(&instances, world, &(struct instance_filter){ 0 });
    for (const struct instance *i = instance_cursor_next(&instances); i != NULL;
         i = instance_cursor_next(&instances))
        (void)instance_view(i, world_now_ns(world));
    instance_cursor_close(&instances);
    struct snapshot_cursor snapshots;
    snapshot_cursor_open(&snapshots, world, &(struct snapshot_filter){ 0 });
    for (const struct snapshot *s = snapshot_cursor_next(&snapshots); s != NULL;
         s = snapshot_cursor_next(&snapshots))
        (void)snapshot_view(s, world_now_ns(world));
    snapshot_cursor_close(&snapshots);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fake_env fake;
    struct state_outside outside = { 0 };
    fake_env_init(&fake);
    struct world *world = import_of(&fake.env, (struct text){ (const char *)data, size }, &outside);
    if (world != NULL) {
        check_round_trip(&fake.env, world, &outside);
        fake.now_ns = outside.now_ns;
        for (int minute = 0; minute < 60 && fake.now_ns < INT64_MAX - 60 * NS_PER_SEC; minute++) {
            fake.now_ns += 60 * NS_PER_SEC;
            world_advance(world);
        }
        look_at(world);
    }
    world_free(world);
    ALWAYS(fake.live_blocks == 0);
    return 0;
}
