#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "mock/domain/record.h"
#include "mock/domain/store.h"
#include "tests/support/fake_env.h"

/* A record with an id and perhaps a label, indexed by both. */
struct thing {
    uint32_t refs;
    struct text id;
    struct text label;
    int version;
};

static struct cow_key by_id(const void *value)
{
    const struct thing *thing = value;
    return (struct cow_key){ .major = thing->id };
}

static struct cow_key by_label(const void *value)
{
    const struct thing *thing = value;
    return (struct cow_key){ .major = thing->label };
}

static bool is_labelled(const void *value)
{
    const struct thing *thing = value;
    return thing->label.len > 0;
}

static void retain(const void *value)
{
    const struct thing *thing = value;
    record_retain(&thing->refs);
}

static void release(const struct mem *mem, const void *value)
{
    const struct thing *thing = value;
    if (record_release(&thing->refs))
        mem_free(mem, record_memory(thing));
}

static const struct store_index indexes[] = {
    { { by_id, retain, release }, NULL },
    { { by_label, retain, release }, is_labelled },
};

static const struct thing *thing_new(const struct fake_env *fake, const char *id, const char *label,
                                     int version)
{
    struct thing *thing = mem_alloc(&fake->env.mem, sizeof *thing);
    assert_non_null(thing);
    *thing = (struct thing){ 1, text_of(id), text_of(label), version };
    return thing;
}

static const struct thing *put(struct fake_env *fake, struct store *store, const char *id,
                               const char *label, int version)
{
    const struct thing *thing = thing_new(fake, id, label, version);
    const struct thing *old = cow_map_find(&store->maps[0], by_id(thing));
    if (old != NULL)
        retain(old);
    assert_true(store_prepare(store, old, thing));
    store_change(store, old, thing);
    if (old != NULL)
        release(&fake->env.mem, old);
    release(&fake->env.mem, thing);
    return thing;
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

static void a_record_is_in_every_index_that_covers_it(void **state)
{
    struct fake_env *fake = *state;
    struct store store = store_new(indexes, ARRAY_LEN(indexes), &fake->env.mem);
    const struct thing *plain = put(fake, &store, "1", "", 0);
    const struct thing *labelled = put(fake, &store, "2", "x", 0);

    assert_int_equal(store.maps[0].count, 2);
    assert_int_equal(store.maps[1].count, 1);
    assert_ptr_equal(cow_map_find(&store.maps[0], by_id(plain)), plain);
    assert_ptr_equal(cow_map_find(&store.maps[1], by_label(labelled)), labelled);
    store_fini(&store);
}

static void an_edited_copy_takes_the_place_of_the_original_everywhere(void **state)
{
    struct fake_env *fake = *state;
    struct store store = store_new(indexes, ARRAY_LEN(indexes), &fake->env.mem);
    put(fake, &store, "1", "x", 1);
    const struct thing *second = put(fake, &store, "1", "x", 2);
    assert_int_equal(store.maps[0].count, 1);
    assert_ptr_equal(cow_map_find(&store.maps[0], by_id(second)), second);
    assert_ptr_equal(cow_map_find(&store.maps[1], by_label(second)), second);
    store_fini(&store);
}

static void an_edited_copy_may_have_other_keys(void **state)
{
    static const char *const labels[] = { "x", "y", "", "z" };
    struct fake_env *fake = *state;
    struct store store = store_new(indexes, ARRAY_LEN(indexes), &fake->env.mem);
    for (int version = 0; version < (int)ARRAY_LEN(labels); version++) {
        const bool labelled = labels[version][0] != '\0';
        const struct thing *thing = put(fake, &store, "1", labels[version], version);
        assert_ptr_equal(cow_map_find(&store.maps[0], by_id(thing)), thing);
        assert_int_equal(store.maps[1].count, labelled ? 1 : 0);
        if (labelled)
            assert_ptr_equal(cow_map_find(&store.maps[1], by_label(thing)), thing);
    }
    store_fini(&store);
}

static void a_removed_record_is_gone_from_every_index(void **state)
{
    struct fake_env *fake = *state;
    struct store store = store_new(indexes, ARRAY_LEN(indexes), &fake->env.mem);
    const struct thing *thing = put(fake, &store, "1", "x", 1);
    retain(thing);
    assert_true(store_prepare(&store, thing, NULL));
    store_change(&store, thing, NULL);
    release(&fake->env.mem, thing);
    assert_int_equal(store.maps[0].count, 0);
    assert_int_equal(store.maps[1].count, 0);
    store_fini(&store);
}

static void a_refused_preparation_changes_no_index(void **state)
{
    struct fake_env *fake = *state;
    struct store store = store_new(indexes, ARRAY_LEN(indexes), &fake->env.mem);
    const struct thing *thing = thing_new(fake, "1", "x", 1);
    fake->allowed = 1; /* a node for the first index, none for the second */
    assert_false(store_prepare(&store, NULL, thing));
    store_cancel(&store);
    fake->allowed = FAKE_ENV_NEVER_FAILS;
    assert_int_equal(store.maps[0].count, 0);
    assert_null(cow_map_find(&store.maps[0], by_id(thing)));
    release(&fake->env.mem, thing);
    store_fini(&store);
}

#define ON_ENV(test) cmocka_unit_test_setup_teardown(test, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_ENV(a_record_is_in_every_index_that_covers_it),
        ON_ENV(an_edited_copy_takes_the_place_of_the_original_everywhere),
        ON_ENV(an_edited_copy_may_have_other_keys),
        ON_ENV(a_removed_record_is_gone_from_every_index),
        ON_ENV(a_refused_preparation_changes_no_index),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
