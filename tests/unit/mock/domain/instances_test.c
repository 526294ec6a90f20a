#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mock/domain/instances.h"
#include "tests/unit/mock/domain/world_fixture.h"

static const struct instance *given_offline(struct fixture *f, const char *name)
{
    struct instance_request request = request_for(name);
    request.config.network.enabled = false;
    return given_request(f, &request);
}

static struct text prefix(const struct instance *instance, size_t len)
{
    return (struct text){ instance->config->id.data, len };
}

static const struct instance *resolved(struct fixture *f, struct text word)
{
    const struct instance *instance = NULL;
    struct error err = { 0 };
    assert_true(instances_resolve(f->world, word, &instance, &err));
    return instance;
}

static void assert_unresolved(struct fixture *f, struct text word, enum error_code code,
                              const char *message)
{
    const struct instance *instance = NULL;
    struct error err = { 0 };
    assert_false(instances_resolve(f->world, word, &instance, &err));
    assert_error_is(&err, code, message);
    assert_null(instance);
}

/* Length of the shortest prefix of `a`'s id that is no prefix of `b`'s. */
static size_t unique_len(const struct instance *a, const struct instance *b)
{
    size_t len = 1;
    while (memcmp(a->config->id.data, b->config->id.data, len) == 0)
        len++;
    return len;
}

static void an_instance_is_found_by_id_name_and_unique_prefix(void **state)
{
    struct fixture *f = *state;
    const struct instance *a = given_instance(f, "web-1");
    const struct instance *b = given_instance(f, "web-2");
    assert_ptr_equal(resolved(f, a->config->id), a);
    assert_ptr_equal(resolved(f, TEXT("web-2")), b);
    assert_ptr_equal(resolved(f, prefix(a, unique_len(a, b))), a);
    assert_ptr_equal(resolved(f, prefix(b, 23)), b);
    assert_ptr_equal(instances_find(f->world, a->config->id), a);
    assert_null(instances_find(f->world, TEXT("web-1")));
}

static void nothing_fitting_is_not_found(void **state)
{
    struct fixture *f = *state;
    given_instance(f, "web-1");
    assert_unresolved(f, TEXT("nope"), ERROR_NOT_FOUND, "resource not found");
    assert_unresolved(f, TEXT("web"), ERROR_NOT_FOUND, "resource not found");
    assert_unresolved(f, TEXT("WEB-1"), ERROR_NOT_FOUND, "resource not found");
    assert_unresolved(f, TEXT("a/b"), ERROR_NOT_FOUND, "resource not found");
    assert_unresolved(f, TEXT(""), ERROR_NOT_FOUND, "resource not found");
}

static void a_name_held_twice_is_ambiguous_and_full_ids_still_work(void **state)
{
    struct fixture *f = *state;
    const struct instance *a = given_offline(f, "twin");
    given_offline(f, "twin");
    given_offline(f, "twi");
    assert_unresolved(f, TEXT("twin"), ERROR_AMBIGUOUS, "multiple resources match, use full ID");
    assert_ptr_equal(resolved(f, a->config->id), a);
    assert_non_null(resolved(f, TEXT("twi")));
}

static void several_prefix_matches_are_ambiguous(void **state)
{
    struct fixture *f = *state;
    for (int i = 0; i < 27; i++) { /* two of them share a first letter */
        char name[8];
        snprintf(name, sizeof name, "n-%d", i);
        given_offline(f, name);
    }
    unsigned ambiguous = 0;
    for (int letter = 'a'; letter <= 'z'; letter++) {
        char c = (char)letter;
        const struct instance *instance = NULL;
        struct error err = { 0 };
        if (!instances_resolve(f->world, (struct text){ &c, 1 }, &instance, &err) &&
            err.code == ERROR_AMBIGUOUS)
            ambiguous++;
    }
    assert_in_range(ambiguous, 1, 26);
}

static void a_name_wins_over_any_number_of_prefixes(void **state)
{
    struct fixture *f = *state;
    const struct instance *first = given_instance(f, "first");
    char letter[2] = { first->config->id.data[0], '\0' };
    const struct instance *named = given_instance(f, letter);
    assert_ptr_equal(resolved(f, text_of(letter)), named);
}

static void an_exact_id_wins_over_a_name(void **state)
{
    struct fixture *f = *state;
    const struct instance *first = given_instance(f, "first");
    char name[25];
    snprintf(name, sizeof name, TEXT_FMT, TEXT_ARGS(first->config->id));
    const struct instance *impostor = given_instance(f, name);
    assert_ptr_equal(resolved(f, text_of(name)), first);
    assert_ptr_not_equal(first, impostor);
}

static void deleting_works_in_every_state_and_frees_name_and_capacity(void **state)
{
    struct fixture *f = *state;
    for (enum instance_state s = 0; s < INSTANCE_STATE_COUNT; s++) {
        struct instance_request request = request_for("victim");
        const struct instance *victim = given_state(f, &request, s);
        struct error err = { 0 };
        assert_int_equal(world_capacity_use(f->world).used[CAPACITY_CPU],
                         instance_state_has_vmm(s) ? 2 : 0);
        assert_true(instances_delete(f->world, victim->config->id, &err));
        assert_int_equal(world_instance_count(f->world), 0);
        assert_int_equal(world_capacity_use(f->world).used[CAPACITY_CPU], 0);
        assert_unresolved(f, TEXT("victim"), ERROR_NOT_FOUND, "resource not found");
    }
}

static void deleting_the_unknown_is_not_found(void **state)
{
    struct fixture *f = *state;
    struct error err = { 0 };
    assert_false(instances_delete(f->world, TEXT("nope"), &err));
    assert_error_is(&err, ERROR_NOT_FOUND, "instance not found");
}

static size_t listed(struct fixture *f, const struct instance_filter *filter)
{
    struct instance_cursor cursor;
    struct text last = { 0 };
    size_t count = 0;
    instance_cursor_open(&cursor, f->world, filter);
    for (const struct instance *i; (i = instance_cursor_next(&cursor)) != NULL; count++) {
        assert_true(text_compare(last, i->config->id) < 0);
        last = i->config->id;
    }
    assert_null(instance_cursor_next(&cursor));
    instance_cursor_close(&cursor);
    return count;
}

static void a_list_is_ascending_by_id_and_complete(void **state)
{
    struct fixture *f = *state;
    struct instance_filter all = { 0 };
    assert_int_equal(listed(f, &all), 0);
    for (int i = 0; i < 100; i++) {
        char name[8];
        snprintf(name, sizeof name, "n-%d", i);
        given_offline(f, name);
    }
    assert_int_equal(listed(f, &all), 100);
}

static void filters_by_state_and_tags_are_combined(void **state)
{
    struct fixture *f = *state;
    struct instance_request request = request_for("a");
    request.config.tags = PAIRS(PAIR("team", "x"));
    given_state(f, &request, INSTANCE_STOPPED);
    request.config.name = TEXT("b");
    given_request(f, &request);
    given_instance(f, "c");

    struct instance_filter stopped = { .by_state = true, .state = INSTANCE_STOPPED };
    struct instance_filter tagged = { .tags = PAIRS(PAIR("team", "x")) };
    struct instance_filter both = tagged;
    both.by_state = true;
    both.state = INSTANCE_INITIALIZING;
    assert_int_equal(listed(f, &stopped), 1);
    assert_int_equal(listed(f, &tagged), 2);
    assert_int_equal(listed(f, &both), 1);

    f->fake.now_ns += NS_PER_SEC; /* the state filter sees that boots have ended */
    assert_int_equal(listed(f, &both), 0);
    both.state = INSTANCE_RUNNING;
    assert_int_equal(listed(f, &both), 1);
}

static void an_open_list_shows_the_world_as_it_was(void **state)
{
    struct fixture *f = *state;
    struct text ids[50];
    char copies[50][24];
    for (size_t i = 0; i < 50; i++) {
        char name[8];
        snprintf(name, sizeof name, "n-%zu", i);
        memcpy(copies[i], given_offline(f, name)->config->id.data, 24);
        ids[i] = (struct text){ copies[i], 24 };
    }

    struct instance_cursor cursor;
    struct instance_filter all = { 0 };
    instance_cursor_open(&cursor, f->world, &all);
    size_t seen = 0;
    for (; seen < 10; seen++)
        assert_non_null(instance_cursor_next(&cursor));
    for (size_t i = 0; i < 50; i++) {
        struct error err = { 0 };
        assert_true(instances_delete(f->world, ids[i], &err));
    }
    given_instance(f, "late");
    for (const struct instance *i; (i = instance_cursor_next(&cursor)) != NULL; seen++)
        assert_true(text_starts_with(i->config->name, TEXT("n-")));
    instance_cursor_close(&cursor);
    assert_int_equal(seen, 50);
    assert_int_equal(world_instance_count(f->world), 1);
}

#define ON_WORLD(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_WORLD(an_instance_is_found_by_id_name_and_unique_prefix),
        ON_WORLD(nothing_fitting_is_not_found),
        ON_WORLD(a_name_held_twice_is_ambiguous_and_full_ids_still_work),
        ON_WORLD(several_prefix_matches_are_ambiguous),
        ON_WORLD(a_name_wins_over_any_number_of_prefixes),
        ON_WORLD(an_exact_id_wins_over_a_name),
        ON_WORLD(deleting_works_in_every_state_and_frees_name_and_capacity),
        ON_WORLD(deleting_the_unknown_is_not_found),
        ON_WORLD(a_list_is_ascending_by_id_and_complete),
        ON_WORLD(filters_by_state_and_tags_are_combined),
        ON_WORLD(an_open_list_shows_the_world_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
