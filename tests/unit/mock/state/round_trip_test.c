/* A thousand worlds with a varied past: exported and imported, each is the same world, is exported
 * as the same bytes, and goes on as the original does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "mock/state/state.h"
#include "tests/unit/mock/domain/random_play.h"
#include "tests/unit/mock/domain/world_check.h"

static struct state_outside outside_of(const struct fixture *f)
{
    return (struct state_outside){ .now_ns = f->fake.now_ns,
                                   .has_random = true,
                                   .random = f->fake.rng.state };
}

static struct buffer export_of(const struct fixture *f)
{
    const struct state_outside outside = outside_of(f);
    struct buffer out = buffer_capped(SIZE_MAX);
    struct error err = { 0 };
    assert_done(state_export(f->world, &outside, &out, &err), &err);
    return out;
}

static struct world *import_of(struct fixture *f, struct text document)
{
    struct state_outside outside = { 0 };
    struct error err = { 0 };
    struct world *world =
        state_import(&f->fake.env, world_settings(f->world), document, &outside, &err);
    assert_done(world != NULL, &err);
    assert_int_equal(outside.now_ns, f->fake.now_ns);
    assert_true(outside.has_random);
    assert_true(outside.random == f->fake.rng.state);
    return world;
}

/* Both end with a NUL, and are given back. */
static void assert_same_text(struct buffer *a, struct buffer *b)
{
    size_t same = 0;
    while (same < a->len && same < b->len && a->data[same] == b->data[same])
        same++;
    if (same < a->len || same < b->len) {
        const size_t from = same < 200 ? 0 : same - 200;
        fail_msg("expected: ...%.400s\ngot: ...%.400s", a->data + from, b->data + from);
    }
    buffer_fini(a);
    buffer_fini(b);
}

/* What becomes of the world of the play in the steps to come. */
static struct buffer future_of(struct play *p, struct world *world)
{
    enum { STEPS = 10 };
    struct tally tallies[PLAY_OPERATIONS] = { 0 };
    p->f->world = world;
    for (size_t i = 0; i < STEPS; i++)
        play_step(p, tallies);
    return world_text(world);
}

static void assert_same_future(struct play *p, struct world *imported)
{
    struct fixture *f = p->f;
    struct world *original = f->world;
    const struct rng_seeded dice = p->seeded;
    const int64_t now_ns = f->fake.now_ns;
    const struct rng_seeded ids = f->fake.rng;

    struct buffer theirs = future_of(p, original);
    p->seeded = dice;
    f->fake.now_ns = now_ns;
    f->fake.rng = ids;
    struct buffer ours = future_of(p, imported);
    f->world = original;
    assert_same_text(&theirs, &ours);
}

static void a_world_comes_back_as_it_was_and_goes_on_alike(void **state)
{
    enum { WORLDS = 1000, STEPS_MAX = 120 };
    struct fixture *f = *state;
    for (uint64_t seed = 1; seed <= WORLDS; seed++) {
        struct tally tallies[PLAY_OPERATIONS] = { 0 };
        struct play p;
        play_begin(&p, f, seed);
        for (size_t i = 0; i < seed % STEPS_MAX; i++)
            play_step(&p, tallies);
        play_end(&p);
        memset(p.lists, 0, sizeof p.lists);
        p.has_memory = true;

        struct buffer document = export_of(f);
        struct world *original = f->world;
        struct world *imported = import_of(f, buffer_text(&document));
        assert_world_is_sound(imported);
        struct buffer before = world_text(original);
        struct buffer after = world_text(imported);
        assert_same_text(&before, &after);
        f->world = imported;
        struct buffer again = export_of(f);
        f->world = original;
        assert_same_text(&document, &again);
        assert_same_future(&p, imported);
        play_end(&p);
        world_free(imported);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_world_comes_back_as_it_was_and_goes_on_alike,
                                        fixture_setup, fixture_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
