#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "mock/domain/compression.h"
#include "tests/unit/mock/domain/world_fixture.h"

static const struct compression_choice nothing = { .present = false };

static struct compression_choice choice(bool enabled, enum compression_algorithm a, int64_t level)
{
    return (struct compression_choice){ true, enabled, a, level };
}

static void names_and_values_go_both_ways(void **state)
{
    (void)state;
    enum compression_algorithm a = COMPRESSION_UNSET;
    assert_true(compression_algorithm_parse(TEXT("zstd"), &a));
    assert_string_equal(compression_algorithm_name(a), "zstd");
    assert_true(compression_algorithm_parse(TEXT("lz4"), &a));
    assert_string_equal(compression_algorithm_name(a), "lz4");
    assert_false(compression_algorithm_parse(TEXT("LZ4"), &a));
    assert_false(compression_algorithm_parse(TEXT(""), &a));
}

static void levels_are_judged_by_the_range_of_the_algorithm(void **state)
{
    (void)state;
    static const struct {
        enum compression_algorithm algorithm;
        int64_t level;
        const char *message; /* "": fine */
    } rows[] = {
        { COMPRESSION_ZSTD, 0, "level must be between 1 and 19 for zstd, got 0" },
        { COMPRESSION_ZSTD, 1, "" },
        { COMPRESSION_ZSTD, 19, "" },
        { COMPRESSION_ZSTD, 20, "level must be between 1 and 19 for zstd, got 20" },
        { COMPRESSION_UNSET, 0, "level must be between 1 and 19 for zstd, got 0" },
        { COMPRESSION_UNSET, COMPRESSION_LEVEL_UNSET, "" },
        { COMPRESSION_LZ4, 0, "" },
        { COMPRESSION_LZ4, 9, "" },
        { COMPRESSION_LZ4, 10, "level must be between 0 and 9 for lz4, got 10" },
        { COMPRESSION_LZ4, COMPRESSION_LEVEL_UNSET, "" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        for (int how = 0; how < 4; how++) { /* COMP-012: when disabled, by the world's quirk */
            const bool enabled = (how & 1) != 0;
            const bool judge_disabled = (how & 2) != 0;
            const char *message = enabled || judge_disabled ? rows[i].message : "";
            struct compression_choice c = choice(enabled, rows[i].algorithm, rows[i].level);
            struct error err = { 0 };
            bool good = compression_check(&c, judge_disabled, "compression", &err);
            assert_int_equal(good, message[0] == '\0');
            assert_string_equal(err.message, message);
            assert_string_equal(err.field, good ? "" : "compression");
        }
    }
    struct error err = { 0 };
    assert_true(compression_check(&nothing, true, "compression", &err));
}

static void the_first_present_choice_decides(void **state)
{
    (void)state;
    struct compression_choice on = choice(true, COMPRESSION_LZ4, 3);
    struct compression_choice other = choice(true, COMPRESSION_ZSTD, 5);
    struct compression_choice off = choice(false, COMPRESSION_UNSET, COMPRESSION_LEVEL_UNSET);
    struct compression_settings got;

    assert_false(compression_resolve(&nothing, &nothing, &nothing, &got));
    assert_false(compression_resolve(&off, &on, &on, &got));
    assert_false(compression_resolve(&nothing, &off, &on, &got));
    assert_true(compression_resolve(&on, &other, &off, &got));
    assert_int_equal(got.level, 3);
    assert_true(compression_resolve(&nothing, &other, &on, &got));
    assert_int_equal(got.level, 5);
    assert_true(compression_resolve(&nothing, &nothing, &other, &got));
    assert_int_equal(got.algorithm, COMPRESSION_ZSTD);
}

static void missing_parts_are_filled_in(void **state)
{
    (void)state;
    struct compression_settings got;
    struct compression_choice bare = choice(true, COMPRESSION_UNSET, COMPRESSION_LEVEL_UNSET);
    assert_true(compression_resolve(&bare, &nothing, &nothing, &got));
    assert_int_equal(got.algorithm, COMPRESSION_ZSTD);
    assert_int_equal(got.level, 1);

    struct compression_choice lz4 = choice(true, COMPRESSION_LZ4, COMPRESSION_LEVEL_UNSET);
    assert_true(compression_resolve(&lz4, &nothing, &nothing, &got));
    assert_int_equal(got.algorithm, COMPRESSION_LZ4);
    assert_int_equal(got.level, 0);
}

static void compressed_sizes_follow_the_formula(void **state)
{
    (void)state;
    const int64_t gib = INT64_C(1) << 30;
    static const struct {
        struct compression_settings settings;
        int percent;
    } rows[] = {
        { { COMPRESSION_ZSTD, 1 }, 30 },  { { COMPRESSION_ZSTD, 4 }, 29 },
        { { COMPRESSION_ZSTD, 19 }, 26 }, { { COMPRESSION_LZ4, 0 }, 45 },
        { { COMPRESSION_LZ4, 9 }, 36 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(compression_compressed_bytes(rows[i].settings, gib),
                         gib * rows[i].percent / 100);
    assert_int_equal(compression_compressed_bytes(rows[0].settings, gib), 322122547);
    assert_int_equal(compression_compressed_bytes(rows[0].settings, 0), 0);
    assert_in_range(compression_compressed_bytes(rows[3].settings, INT64_MAX), INT64_MAX / 3,
                    INT64_MAX / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_values_go_both_ways),
        cmocka_unit_test(levels_are_judged_by_the_range_of_the_algorithm),
        cmocka_unit_test(the_first_present_choice_decides),
        cmocka_unit_test(missing_parts_are_filled_in),
        cmocka_unit_test(compressed_sizes_follow_the_formula),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
