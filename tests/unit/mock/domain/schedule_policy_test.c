#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "common/env/env.h"
#include "mock/domain/schedule_policy.h"

#define MINUTE (60 * NS_PER_SEC)
#define HOUR   (60 * MINUTE)

/* SCHED-P-020, with the vectors of the contract. */
static void the_first_run_is_an_interval_and_a_jitter_after_the_setting(void **state)
{
    static const struct {
        const char *id;
        int64_t minute, quarter, longer;
    } vectors[] = {
        { "qilviffnqzck2jrim1x6s2b1", 3762969802, 87762969802, 57762969802 },
        { "tz4a98xxat96iws9zmbrgj3a", 3981142495, 39981142495, 129981142495 },
        { "inst-1", 1471742871, 67471742871, 97471742871 },
        { "a", 2555641996, 20555641996, 200555641996 },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        const struct {
            int64_t interval, jitter;
        } rows[] = {
            { MINUTE, vectors[i].minute },      { 15 * MINUTE, vectors[i].quarter },
            { 50 * MINUTE, vectors[i].longer }, { HOUR, vectors[i].longer },
            { 24 * HOUR, vectors[i].longer },
        };
        for (size_t row = 0; row < ARRAY_LEN(rows); row++)
            assert_int_equal(
                schedule_first_run_ns(text_of(vectors[i].id), rows[row].interval, 1000),
                1000 + rows[row].interval + rows[row].jitter);
    }
}

/* SCHED-T-009, with the vectors of the contract and some of our own. */
static void a_run_is_followed_by_the_next_slot_strictly_after_it(void **state)
{
    static const struct {
        int64_t due, interval, run, next;
    } vectors[] = {
        { 10 * HOUR, HOUR, 10 * HOUR, 11 * HOUR },
        { 10 * HOUR, HOUR, 10 * HOUR + 59 * MINUTE, 11 * HOUR },
        { 10 * HOUR, HOUR, 11 * HOUR, 12 * HOUR },
        { 10 * HOUR, HOUR, 12 * HOUR + 30 * MINUTE, 13 * HOUR },
        { 10 * HOUR + 7, HOUR, 12 * HOUR + 7, 13 * HOUR + 7 }, /* the jitter stays in */
        { 10 * HOUR + 7, HOUR, 12 * HOUR + 6, 12 * HOUR + 7 },
        { 0, MINUTE, 365 * 24 * HOUR, 365 * 24 * HOUR + MINUTE },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(vectors); i++)
        assert_int_equal(
            schedule_following_run_ns(vectors[i].due, vectors[i].interval, vectors[i].run),
            vectors[i].next);
}

static void no_run_is_due_after_the_end_of_time(void **state)
{
    (void)state;
    const int64_t now = INT64_C(1767225600) * NS_PER_SEC;
    assert_int_equal(schedule_first_run_ns(TEXT("a"), INT64_MAX, now), INT64_MAX);
    assert_int_equal(schedule_following_run_ns(now, INT64_MAX, now + 1), INT64_MAX);
}

/* SCHED-T-006. */
static void a_snapshot_is_named_by_prefix_and_second_of_the_run(void **state)
{
    static const struct {
        const char *prefix;
        int64_t seconds;
        const char *name;
    } rows[] = {
        { "", 1773136800, "scheduled-20260310-100000" },
        { "nightly", 1773136800, "nightly-20260310-100000" },
        { "n", 1772323199, "n-20260228-235959" },
        { "n", 1835395200, "n-20280229-000000" },
        { "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 1773136800,
          "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa-20260310-100000" }, /* 47 and 16 */
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        const int64_t run_ns = rows[i].seconds * NS_PER_SEC + 999999999;
        assert_string_equal(schedule_snapshot_name(text_of(rows[i].prefix), run_ns).text,
                            rows[i].name);
    }
}

/* SCHED-T-007. */
static void a_snapshot_has_the_metadata_and_two_marks_that_win(void **state)
{
    static const struct pair metadata[] = {
        { { "a", 1 }, { "1", 1 } },
        { { "hypeman.scheduled", 17 }, { "false", 5 } },
        { { "z", 1 }, { "2", 1 } },
    };
    static const struct {
        const char *key, *value;
    } expected[] = {
        { "a", "1" },
        { "hypeman.schedule_instance_id", "vm-1" },
        { "hypeman.scheduled", "true" },
        { "z", "2" },
    };
    (void)state;
    const struct schedule schedule = { .instance_id = TEXT("vm-1"),
                                       .metadata = { metadata, ARRAY_LEN(metadata) } };
    struct pair room[SCHEDULE_TAGS_MAX];
    const struct pair_list tags = schedule_tags(&schedule, room);
    assert_int_equal(tags.count, ARRAY_LEN(expected));
    for (size_t i = 0; i < tags.count; i++) {
        assert_true(text_equal_cstr(tags.items[i].key, expected[i].key));
        assert_true(text_equal_cstr(tags.items[i].value, expected[i].value));
    }
}

static void full_metadata_still_gets_its_marks(void **state)
{
    (void)state;
    struct pair metadata[TAGS_MAX];
    char keys[TAGS_MAX][8];
    for (size_t i = 0; i < TAGS_MAX; i++) {
        snprintf(keys[i], sizeof keys[i], "k-%02zu", i);
        metadata[i] = (struct pair){ text_of(keys[i]), TEXT("") };
    }
    const struct schedule schedule = { .instance_id = TEXT("vm-1"),
                                       .metadata = { metadata, TAGS_MAX } };
    struct pair room[SCHEDULE_TAGS_MAX];
    struct pair marks[SCHEDULE_MARKS];
    const struct pair_list tags = schedule_tags(&schedule, room);
    assert_int_equal(tags.count, SCHEDULE_TAGS_MAX);
    assert_true(pairs_match(tags, schedule_marks(TEXT("vm-1"), marks)));
    assert_false(pairs_match(tags, schedule_marks(TEXT("vm-2"), marks)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_run_is_an_interval_and_a_jitter_after_the_setting),
        cmocka_unit_test(a_run_is_followed_by_the_next_slot_strictly_after_it),
        cmocka_unit_test(no_run_is_due_after_the_end_of_time),
        cmocka_unit_test(a_snapshot_is_named_by_prefix_and_second_of_the_run),
        cmocka_unit_test(a_snapshot_has_the_metadata_and_two_marks_that_win),
        cmocka_unit_test(full_metadata_still_gets_its_marks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
