#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mock/domain/instances.h"
#include "mock/domain/snapshots.h"
#include "tests/unit/mock/domain/world_fixture.h"

static const struct instance *given_stopped(struct fixture *f, const char *name)
{
    struct instance_request request = request_for(name);
    return given_state(f, &request, INSTANCE_STOPPED);
}

static size_t listed(struct fixture *f, const struct snapshot_filter *filter)
{
    struct snapshot_cursor cursor;
    struct text last = { 0 };
    size_t count = 0;
    snapshot_cursor_open(&cursor, f->world, filter);
    for (const struct snapshot *s; (s = snapshot_cursor_next(&cursor)) != NULL; count++) {
        assert_true(text_compare(last, s->id) < 0);
        last = s->id;
    }
    snapshot_cursor_close(&cursor);
    return count;
}

static void a_snapshot_is_found_by_exact_id_only(void **state)
{
    struct fixture *f = *state;
    const struct instance *source = given_stopped(f, "web");
    const struct snapshot *made = given_snapshot(f, source, SNAPSHOT_STOPPED, "baseline");
    const struct snapshot *found = NULL;
    struct error err = { 0 };
    assert_true(snapshots_get(f->world, made->id, &found, &err));
    assert_ptr_equal(found, made);

    const struct text wrong[] = { TEXT("baseline"), { made->id.data, 23 }, TEXT(""), TEXT("..") };
    for (size_t i = 0; i < ARRAY_LEN(wrong); i++) {
        err = (struct error){ 0 };
        assert_false(snapshots_get(f->world, wrong[i], &found, &err));
        assert_error_is(&err, ERROR_NOT_FOUND, "snapshot not found");
    }
}

static void a_deleted_snapshot_is_gone_everywhere(void **state)
{
    struct fixture *f = *state;
    const struct instance *source = given_stopped(f, "web");
    const struct snapshot *made = given_snapshot(f, source, SNAPSHOT_STOPPED, "baseline");
    char id[24];
    memcpy(id, made->id.data, sizeof id);
    struct error err = { 0 };
    assert_true(snapshots_delete(f->world, made->id, &err));
    assert_false(snapshots_delete(f->world, (struct text){ id, 24 }, &err));
    assert_error_is(&err, ERROR_NOT_FOUND, "snapshot not found");
    struct snapshot_filter by_source = { .source_instance_id = source->config->id };
    struct snapshot_filter by_name = by_source;
    by_name.name = TEXT("baseline");
    assert_int_equal(listed(f, &by_source), 0);
    assert_int_equal(listed(f, &by_name), 0);
}

static void snapshots_outlive_their_source(void **state)
{
    struct fixture *f = *state;
    const struct instance *source = given_running(f, "web");
    const struct snapshot *made = given_snapshot(f, source, SNAPSHOT_STANDBY, "baseline");
    char id[24];
    memcpy(id, made->source->config->id.data, sizeof id);
    struct error err = { 0 };
    assert_true(instances_delete(f->world, (struct text){ id, 24 }, &err));

    const struct snapshot *found = NULL;
    assert_true(snapshots_get(f->world, made->id, &found, &err));
    assert_text_is(found->source->config->name, "web");
    struct snapshot_filter filter = { .source_instance_id = { id, 24 } };
    assert_int_equal(listed(f, &filter), 1);
    assert_true(snapshots_delete(f->world, made->id, &err));
}

static void a_list_is_ascending_by_id_with_any_filter(void **state)
{
    struct fixture *f = *state;
    struct snapshot_filter all = { 0 };
    assert_int_equal(listed(f, &all), 0);
    const struct instance *a = given_stopped(f, "a");
    const struct instance *b = given_stopped(f, "b");
    for (int i = 0; i < 60; i++)
        given_snapshot(f, i % 3 == 0 ? b : a, SNAPSHOT_STOPPED, NULL);
    struct snapshot_filter of_a = { .source_instance_id = a->config->id };
    struct snapshot_filter of_b = { .source_instance_id = b->config->id };
    struct snapshot_filter of_nobody = { .source_instance_id = TEXT("a") };
    assert_int_equal(listed(f, &all), 60);
    assert_int_equal(listed(f, &of_a), 40);
    assert_int_equal(listed(f, &of_b), 20);
    assert_int_equal(listed(f, &of_nobody), 0);
}

static void filters_are_combined(void **state)
{
    struct fixture *f = *state;
    struct error err = { 0 };
    const struct snapshot *out = NULL;
    const struct instance *a = given_stopped(f, "a");
    const struct instance *b = given_stopped(f, "b");
    struct snapshot_request tagged = { .kind = SNAPSHOT_STOPPED,
                                       .name = TEXT("base"),
                                       .tags = PAIRS(PAIR("env", "prod"), PAIR("k", "")) };
    assert_true(snapshot_create(f->world, a->config->id, &tagged, &out, &err));
    tagged.tags.count = 1;
    assert_true(snapshot_create(f->world, b->config->id, &tagged, &out, &err));
    given_snapshot(f, a, SNAPSHOT_STOPPED, "basement");
    given_snapshot(f, given_running(f, "c"), SNAPSHOT_STANDBY, NULL);

    const struct text any = { 0 };
    const struct {
        struct snapshot_filter filter;
        size_t expected;
    } rows[] = {
        { { .name = TEXT("base") }, 2 },
        { { .name = TEXT("bas") }, 0 },
        { { .name = TEXT("BASE") }, 0 },
        { { .source_instance_id = a->config->id, .name = TEXT("base") }, 1 },
        { { .source_instance_id = a->config->id, .name = TEXT("bas") }, 0 },
        { { .source_instance_id = a->config->id, .name = TEXT("zzz") }, 0 },
        { { .by_kind = true, .kind = SNAPSHOT_STANDBY }, 1 },
        { { .by_kind = true, .kind = SNAPSHOT_STOPPED }, 3 },
        { { .name = TEXT("base"), .by_kind = true, .kind = SNAPSHOT_STANDBY }, 0 },
        { { .name = any, .tags = PAIRS(PAIR("env", "prod")) }, 2 },
        { { .name = any, .tags = PAIRS(PAIR("k", ""), PAIR("env", "prod")) }, 1 },
        { { .name = any, .tags = PAIRS(PAIR("env", "PROD")) }, 0 },
        { { .source_instance_id = b->config->id, .tags = PAIRS(PAIR("env", "prod")) }, 1 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_int_equal(listed(f, &rows[i].filter), rows[i].expected);
}

static void an_open_list_shows_the_world_as_it_was(void **state)
{
    struct fixture *f = *state;
    const struct instance *source = given_stopped(f, "a");
    char ids[40][24];
    for (size_t i = 0; i < 40; i++)
        memcpy(ids[i], given_snapshot(f, source, SNAPSHOT_STOPPED, NULL)->id.data, 24);

    struct snapshot_filter filter = { .source_instance_id = source->config->id };
    struct snapshot_cursor cursor;
    snapshot_cursor_open(&cursor, f->world, &filter);
    const struct snapshot *first = snapshot_cursor_next(&cursor);
    for (size_t i = 0; i < 40; i++) {
        struct error err = { 0 };
        assert_true(snapshots_delete(f->world, (struct text){ ids[i], 24 }, &err));
    }
    given_snapshot(f, source, SNAPSHOT_STOPPED, "late");

    size_t seen = 1;
    for (const struct snapshot *s; (s = snapshot_cursor_next(&cursor)) != NULL; seen++)
        assert_int_equal(s->name.len, 0);
    assert_int_equal(first->id.len, 24); /* still there until close */
    snapshot_cursor_close(&cursor);
    assert_int_equal(seen, 40);
    assert_int_equal(world_snapshot_count(f->world), 1);
}

static void a_closed_or_zeroed_cursor_may_be_closed(void **state)
{
    struct fixture *f = *state;
    struct snapshot_cursor zeroed = { 0 };
    snapshot_cursor_close(&zeroed);
    struct snapshot_filter all = { 0 };
    struct snapshot_cursor cursor;
    snapshot_cursor_open(&cursor, f->world, &all);
    snapshot_cursor_close(&cursor);
    snapshot_cursor_close(&cursor);
    assert_null(snapshot_cursor_next(&cursor));
}

static void an_open_list_may_outlive_its_world(void **state)
{
    struct fixture *f = *state;
    const struct instance *source = given_stopped(f, "a");
    given_snapshot(f, source, SNAPSHOT_STOPPED, "kept");
    struct snapshot_filter all = { 0 };
    struct snapshot_cursor cursor;
    snapshot_cursor_open(&cursor, f->world, &all);
    world_free(f->world);
    f->world = NULL;
    assert_text_is(snapshot_cursor_next(&cursor)->name, "kept");
    snapshot_cursor_close(&cursor);
}

#define ON_WORLD(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_WORLD(a_snapshot_is_found_by_exact_id_only),
        ON_WORLD(a_deleted_snapshot_is_gone_everywhere),
        ON_WORLD(snapshots_outlive_their_source),
        ON_WORLD(a_list_is_ascending_by_id_with_any_filter),
        ON_WORLD(filters_are_combined),
        ON_WORLD(an_open_list_shows_the_world_as_it_was),
        ON_WORLD(a_closed_or_zeroed_cursor_may_be_closed),
        ON_WORLD(an_open_list_may_outlive_its_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
