#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mock/domain/cow_map.h"
#include "mock/domain/record.h"
#include "tests/support/fake_env.h"

/* A record whose key is "{group}" or "{group}", "{number}". */
struct item {
    uint32_t refs;
    char group[16];
    char number[8];
};

static struct cow_key item_key(const void *value)
{
    const struct item *item = value;
    return (struct cow_key){ .major = text_of(item->group), .minor = text_of(item->number) };
}

static void item_retain(const void *value)
{
    const struct item *item = value;
    record_retain(&item->refs);
}

static void item_release(const struct mem *mem, const void *value)
{
    const struct item *item = value;
    if (record_release(&item->refs))
        mem_free(mem, record_memory(item));
}

static const struct cow_map_kind item_kind = { item_key, item_retain, item_release };

static const struct item *item_new(const struct mem *mem, const char *group, int number)
{
    struct item *item = mem_zalloc(mem, sizeof *item);
    assert_non_null(item);
    item->refs = 1;
    snprintf(item->group, sizeof item->group, "%s", group);
    snprintf(item->number, sizeof item->number, "%05d", number % 100000);
    return item;
}

static struct cow_key key_of_number(int number, char room[8])
{
    snprintf(room, 8, "%05d", number % 100000);
    return (struct cow_key){ .major = TEXT("g"), .minor = { room, 5 } };
}

static bool try_put(struct cow_map *map, int number)
{
    const struct item *item = item_new(map->mem, "g", number);
    bool ready = cow_map_prepare_put(map, item_key(item));
    if (ready)
        cow_map_put(map, item);
    item_release(map->mem, item);
    return ready;
}

static void put(struct cow_map *map, int number)
{
    assert_true(try_put(map, number));
}

static void drop(struct cow_map *map, int number)
{
    char room[8];
    struct cow_key key = key_of_number(number, room);
    assert_true(cow_map_prepare_remove(map, key));
    cow_map_remove(map, key);
}

static const struct item *find(const struct cow_map *map, int number)
{
    char room[8];
    return cow_map_find(map, key_of_number(number, room));
}

static int setup(void **state)
{
    struct fake_env *fake = malloc(sizeof *fake);
    assert_non_null(fake);
    fake_env_init(fake);
    *state = fake;
    return 0;
}

static int teardown(void **state)
{
    struct fake_env *fake = *state;
    assert_int_equal(fake->live_blocks, 0);
    free(fake);
    return 0;
}

static void an_empty_map_finds_nothing_and_walks_nowhere(void **state)
{
    struct fake_env *fake = *state;
    struct cow_map map = cow_map_new(&item_kind, &fake->env.mem);
    struct cow_cursor at;

    assert_null(find(&map, 1));
    cow_cursor_seek(&at, &map, (struct cow_key){ 0 });
    assert_null(cow_cursor_next(&at));
    drop(&map, 1);
    assert_int_equal(map.count, 0);
    cow_map_fini(&map);
}

static void a_put_value_is_found_and_replaced_by_one_of_the_same_key(void **state)
{
    struct fake_env *fake = *state;
    struct cow_map map = cow_map_new(&item_kind, &fake->env.mem);

    put(&map, 7);
    const struct item *first = find(&map, 7);
    assert_non_null(first);
    const struct item *second = item_new(map.mem, "g", 7);
    assert_true(cow_map_prepare_put(&map, item_key(second)));
    cow_map_put(&map, second);
    item_release(map.mem, second);

    assert_ptr_equal(find(&map, 7), second);
    assert_int_equal(map.count, 1);
    cow_map_fini(&map);
}

static void keys_are_ordered_by_major_then_minor_in_byte_order(void **state)
{
    struct fake_env *fake = *state;
    struct cow_map map = cow_map_new(&item_kind, &fake->env.mem);
    static const struct {
        const char *group;
        int number;
    } in[] = { { "b", 1 }, { "ab", 9 }, { "a", 20 }, { "a", 3 }, { "B", 5 } };
    static const char *const expected[] = { "B00005", "a00003", "a00020", "ab00009", "b00001" };

    for (size_t i = 0; i < ARRAY_LEN(in); i++) {
        const struct item *item = item_new(map.mem, in[i].group, in[i].number);
        assert_true(cow_map_prepare_put(&map, item_key(item)));
        cow_map_put(&map, item);
        item_release(map.mem, item);
    }

    struct cow_cursor at;
    cow_cursor_seek(&at, &map, (struct cow_key){ 0 });
    for (size_t i = 0; i < ARRAY_LEN(expected); i++) {
        char joined[32];
        const struct item *item = cow_cursor_next(&at);
        snprintf(joined, sizeof joined, "%s%s", item->group, item->number);
        assert_string_equal(joined, expected[i]);
    }
    assert_null(cow_cursor_next(&at));
    cow_map_fini(&map);
}

static void long_keys_are_compared_to_their_end(void **state)
{
    struct fake_env *fake = *state;
    struct cow_map map = cow_map_new(&item_kind, &fake->env.mem);
    static const char *const sorted[] = { "abcdefg",    "abcdefgh", "abcdefgh-a",
                                          "abcdefgh-b", "abcdefgi", "abcdefgi-a" };
    static const size_t order_of_arrival[] = { 3, 0, 5, 2, 4, 1 };

    for (size_t i = 0; i < ARRAY_LEN(sorted); i++) {
        const struct item *item = item_new(map.mem, sorted[order_of_arrival[i]], 0);
        assert_true(cow_map_prepare_put(&map, item_key(item)));
        cow_map_put(&map, item);
        item_release(map.mem, item);
    }
    struct cow_cursor at;
    cow_cursor_seek(&at, &map, (struct cow_key){ 0 });
    for (size_t i = 0; i < ARRAY_LEN(sorted); i++) {
        const struct item *item = cow_cursor_next(&at);
        assert_string_equal(item->group, sorted[i]);
        assert_ptr_equal(cow_map_find(&map, item_key(item)), item);
    }
    cow_cursor_seek(&at, &map, (struct cow_key){ .major = TEXT("abcdefgh-") });
    const struct item *first = cow_cursor_next(&at);
    assert_string_equal(first->group, "abcdefgh-a");
    cow_map_fini(&map);
}

static void a_walk_starts_at_the_first_key_not_below_the_given_one(void **state)
{
    struct fake_env *fake = *state;
    struct cow_map map = cow_map_new(&item_kind, &fake->env.mem);
    char room[8];
    for (int i = 0; i < 100; i += 10)
        put(&map, i);

    struct cow_cursor at;
    cow_cursor_seek(&at, &map, key_of_number(31, room));
    assert_ptr_equal(cow_cursor_next(&at), find(&map, 40));
    cow_cursor_seek(&at, &map, key_of_number(40, room));
    assert_ptr_equal(cow_cursor_next(&at), find(&map, 40));
    assert_ptr_equal(cow_cursor_next(&at), find(&map, 50));
    cow_cursor_seek(&at, &map, key_of_number(91, room));
    assert_null(cow_cursor_next(&at));
    cow_map_fini(&map);
}

static void a_retained_map_keeps_its_content_while_the_original_changes(void **state)
{
    struct fake_env *fake = *state;
    struct cow_map map = cow_map_new(&item_kind, &fake->env.mem);
    for (int i = 0; i < 100; i++)
        put(&map, i);

    struct cow_map before = cow_map_retain(&map);
    for (int i = 0; i < 100; i += 2)
        drop(&map, i);
    for (int i = 200; i < 250; i++)
        put(&map, i);

    assert_int_equal(before.count, 100);
    assert_int_equal(map.count, 100);
    for (int i = 0; i < 100; i++)
        assert_non_null(find(&before, i));
    assert_null(find(&before, 200));
    assert_null(find(&map, 0));
    cow_map_fini(&map);
    assert_non_null(find(&before, 99));
    cow_map_fini(&before);
}

static void retaining_takes_no_memory_and_a_change_copies_only_its_path(void **state)
{
    struct fake_env *fake = *state;
    struct cow_map map = cow_map_new(&item_kind, &fake->env.mem);
    for (int i = 0; i < 10000; i++)
        put(&map, i);

    size_t blocks = fake->live_blocks;
    struct cow_map before = cow_map_retain(&map);
    assert_int_equal(fake->live_blocks, blocks);
    put(&map, 10000);
    assert_in_range(fake->live_blocks, blocks + 2, blocks + 2 + 20);

    cow_map_fini(&before);
    cow_map_fini(&map);
}

static void unshared_maps_change_in_place(void **state)
{
    struct fake_env *fake = *state;
    struct cow_map map = cow_map_new(&item_kind, &fake->env.mem);
    for (int i = 0; i < 1000; i++)
        put(&map, i);

    size_t allocations = fake->allocations;
    for (int i = 0; i < 1000; i++)
        drop(&map, i);
    assert_int_equal(fake->allocations, allocations);
    cow_map_fini(&map);
}

static void keys_in_ascending_order_still_make_a_flat_tree(void **state)
{
    struct fake_env *fake = *state;
    struct cow_map map = cow_map_new(&item_kind, &fake->env.mem);
    for (int i = 0; i < 65536; i++)
        put(&map, i);

    struct cow_cursor at;
    cow_cursor_seek(&at, &map, (struct cow_key){ 0 });
    assert_in_range(at.depth, 1, 23); /* 1.44 log2 n */
    cow_map_fini(&map);
}

/* --- against a plain table of what should be there ---------------------------------------- */

enum { NUMBERS = 400, STEPS = 6000, VERSIONS = 8 };

struct version {
    struct cow_map map;
    bool has[NUMBERS];
};

static void assert_same(const struct version *version)
{
    struct cow_cursor at;
    size_t count = 0;
    cow_cursor_seek(&at, &version->map, (struct cow_key){ 0 });
    for (int i = 0; i < NUMBERS; i++) {
        const struct item *item = find(&version->map, i);
        assert_int_equal(item != NULL, version->has[i]);
        if (!version->has[i])
            continue;
        count++;
        assert_ptr_equal(cow_cursor_next(&at), item);
    }
    assert_null(cow_cursor_next(&at));
    assert_int_equal(version->map.count, count);
}

static uint32_t random_number(struct fake_env *fake, uint32_t below)
{
    uint32_t value = 0;
    env_random(&fake->env, &value, sizeof value);
    return value % below;
}

static void random_changes_to_many_versions_match_a_plain_table(void **state)
{
    struct fake_env *fake = *state;
    struct version versions[VERSIONS];
    for (size_t i = 0; i < VERSIONS; i++)
        versions[i] = (struct version){ .map = cow_map_new(&item_kind, &fake->env.mem) };

    for (int step = 0; step < STEPS; step++) {
        struct version *version = &versions[random_number(fake, VERSIONS)];
        int number = (int)random_number(fake, NUMBERS);
        if (random_number(fake, 100) == 0) { /* becomes a copy of another */
            const struct version *other = &versions[random_number(fake, VERSIONS)];
            struct cow_map copy = cow_map_retain(&other->map);
            cow_map_fini(&version->map);
            version->map = copy;
            memmove(version->has, other->has, sizeof version->has);
        } else if (random_number(fake, 5) < 3) {
            put(&version->map, number);
            version->has[number] = true;
        } else {
            drop(&version->map, number);
            version->has[number] = false;
        }
        if (step % 50 == 0)
            assert_same(version);
    }
    for (size_t i = 0; i < VERSIONS; i++) {
        assert_same(&versions[i]);
        cow_map_fini(&versions[i].map);
    }
}

static void a_change_without_memory_leaves_the_map_as_it_was(void **state)
{
    struct fake_env *fake = *state;
    struct version version = { .map = cow_map_new(&item_kind, &fake->env.mem) };
    for (int i = 0; i < NUMBERS; i += 2) {
        put(&version.map, i);
        version.has[i] = true;
    }
    struct cow_map shared = cow_map_retain(&version.map);

    for (int i = 0; i < NUMBERS; i++) {
        const struct item *item = item_new(version.map.mem, "g", i);
        size_t failures = 0;
        bool removes = version.has[i];
        for (bool ready = false; !ready; failures++) {
            fake->allowed = failures;
            ready = removes ? cow_map_prepare_remove(&version.map, item_key(item))
                            : cow_map_prepare_put(&version.map, item_key(item));
            fake->allowed = FAKE_ENV_NEVER_FAILS;
            if (!ready && i % 40 == 0)
                assert_same(&version);
        }
        fake->allowed = 0; /* prepared: nothing more is needed */
        if (removes)
            cow_map_remove(&version.map, item_key(item));
        else
            cow_map_put(&version.map, item);
        fake->allowed = FAKE_ENV_NEVER_FAILS;
        version.has[i] = !removes;
        item_release(version.map.mem, item);
    }
    assert_same(&version);
    cow_map_fini(&shared);
    cow_map_fini(&version.map);
}

/* Whatever the first of them does to the shape of the tree. */
static void several_prepared_changes_are_all_certain(void **state)
{
    struct fake_env *fake = *state;
    struct version version = { .map = cow_map_new(&item_kind, &fake->env.mem) };
    uint64_t seed = 7;
    for (int i = 0; i < NUMBERS; i += 2) {
        put(&version.map, i);
        version.has[i] = true;
    }
    for (int round = 0; round < 300; round++) {
        enum { MOST = 40 };
        const int changes = 2 + round % (MOST - 1);
        const struct item *items[MOST];
        struct cow_map shared = cow_map_retain(&version.map);
        for (int i = 0; i < changes; i++) {
            seed = seed * 6364136223846793005U + 1442695040888963407U;
            int number = (int)((seed >> 33) % (uint64_t)(NUMBERS / changes)) * changes + i;
            items[i] = item_new(version.map.mem, "g", number);
            assert_true(version.has[number]
                            ? cow_map_prepare_remove(&version.map, item_key(items[i]))
                            : cow_map_prepare_put(&version.map, item_key(items[i])));
        }
        if (round % 10 == 0) {
            cow_map_cancel(&version.map);
            assert_same(&version);
        }
        fake->allowed = round % 10 == 0 ? FAKE_ENV_NEVER_FAILS : 0;
        for (int i = 0; round % 10 != 0 && i < changes; i++) {
            int number = (int)strtol(items[i]->number, NULL, 10);
            if (version.has[number])
                cow_map_remove(&version.map, item_key(items[i]));
            else
                cow_map_put(&version.map, items[i]);
            version.has[number] = !version.has[number];
        }
        fake->allowed = FAKE_ENV_NEVER_FAILS;
        for (int i = 0; i < changes; i++)
            item_release(version.map.mem, items[i]);
        assert_int_equal(version.map.spare_count, 0);
        cow_map_fini(&shared);
    }
    assert_same(&version);
    cow_map_fini(&version.map);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_empty_map_finds_nothing_and_walks_nowhere, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_put_value_is_found_and_replaced_by_one_of_the_same_key,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(keys_are_ordered_by_major_then_minor_in_byte_order, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(long_keys_are_compared_to_their_end, setup, teardown),
        cmocka_unit_test_setup_teardown(a_walk_starts_at_the_first_key_not_below_the_given_one,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_retained_map_keeps_its_content_while_the_original_changes,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(retaining_takes_no_memory_and_a_change_copies_only_its_path,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(unshared_maps_change_in_place, setup, teardown),
        cmocka_unit_test_setup_teardown(keys_in_ascending_order_still_make_a_flat_tree, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(random_changes_to_many_versions_match_a_plain_table, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(a_change_without_memory_leaves_the_map_as_it_was, setup,
                                        teardown),
        cmocka_unit_test_setup_teardown(several_prepared_changes_are_all_certain, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
