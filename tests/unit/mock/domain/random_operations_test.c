/* Twenty thousand operations at random, the clock moving, memory failing now and then, lists open
 * beside them: whatever the order, the world agrees with itself (world_check.h), every refusal is
 * one that the operation's header names, and the same seed gives the same world byte for byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/mock/domain/random_play.h"
#include "tests/unit/mock/domain/world_check.h"
#include "tests/unit/mock/domain/world_fixture.h"

enum { OPERATIONS = 20000, CHECK_EVERY = 100 };

static uint64_t fingerprint(const struct world *world)
{
    uint64_t hash = UINT64_C(0xCBF29CE484222325);
    struct buffer text = world_text(world);
    for (size_t i = 0; i < text.len; i++)
        hash = (hash ^ (unsigned char)text.data[i]) * UINT64_C(0x100000001B3);
    buffer_fini(&text);
    return hash;
}

enum { CHECKS = OPERATIONS / CHECK_EVERY };

static void play(struct fixture *f, uint64_t seed, uint64_t prints[CHECKS], struct tally *tallies)
{
    struct play p;
    play_begin(&p, f, seed);
    for (size_t i = 0; i < OPERATIONS; i++) {
        play_step(&p, tallies);
        if ((i + 1) % CHECK_EVERY == 0) {
            assert_world_is_sound(f->world);
            prints[i / CHECK_EVERY] = fingerprint(f->world);
        }
    }
    play_end(&p);
}

static void the_world_stays_sound_and_the_same_seed_gives_the_same_world(void **state)
{
    struct fixture *f = *state;
    uint64_t first[CHECKS];
    uint64_t again[CHECKS];
    struct tally tallies[PLAY_OPERATIONS] = { 0 };
    play(f, 1, first, tallies);
    play(f, 1, again, tallies);
    assert_memory_equal(first, again, sizeof first);
    play(f, 2, again, tallies);
    assert_true(memcmp(first, again, sizeof first) != 0);

    /* Nothing was left out: each was done, and each that can be refused was. */
    size_t starved = 0;
    for (size_t i = 0; i < PLAY_OPERATIONS; i++) {
        const struct tally *t = &tallies[i];
        print_message("%-18s %6zu done %6zu refused %5zu out of memory\n", play_operation_name(i),
                      t->done, t->refused, t->starved);
        assert_true(t->done > 0);
        assert_true(t->refused > 0 || !play_can_refuse(i));
        starved += t->starved;
    }
    assert_true(starved > 100);
}

#define ON_WORLD(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_WORLD(the_world_stays_sound_and_the_same_seed_gives_the_same_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
