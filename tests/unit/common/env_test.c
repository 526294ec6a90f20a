#include "tests/unit/common/check.h"

#include <string.h>

#include "common/env/env.h"

static void the_same_seed_gives_the_same_bytes_on_every_machine(void **state)
{
    (void)state;
    /* First three outputs of the reference splitmix64 with seed 1234567, lowest byte first. */
    static const uint64_t expected[] = { UINT64_C(6457827717110365317),
                                         UINT64_C(3203168211198807973),
                                         UINT64_C(9817491932198370423) };
    struct rng_seeded seeded;
    struct env env = { .rng = rng_from_seed(&seeded, 1234567) };
    unsigned char bytes[24];
    env_random(&env, bytes, sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++)
        assert_int_equal(bytes[i], expected[i / 8] >> (i % 8 * 8) & 0xFF);
}

static void system_randomness_fills_everything(void **state)
{
    (void)state;
    struct rng rng = rng_system();
    unsigned char a[64] = { 0 };
    unsigned char b[64] = { 0 };
    rng.fill(rng.ctx, a, sizeof a);
    rng.fill(rng.ctx, b, sizeof b);
    assert_int_not_equal(memcmp(a, b, sizeof a), 0);
    rng.fill(rng.ctx, a, 0);
}

static void clocks_go_forward(void **state)
{
    (void)state;
    struct env env = { .clock = clock_system() };
    assert_true(env_now_ns(&env) > INT64_C(1600000000) * NS_PER_SEC);
    int64_t before = monotonic_now_ns();
    assert_true(monotonic_now_ns() >= before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_same_seed_gives_the_same_bytes_on_every_machine),
        cmocka_unit_test(system_randomness_fills_everything),
        cmocka_unit_test(clocks_go_forward),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
