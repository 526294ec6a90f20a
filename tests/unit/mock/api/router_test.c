/* A walk over the table of routes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mock/api/router.h"

static int setup(void **state)
{
    *state = router_new(routes);
    return *state == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    router_free(*state);
    return 0;
}

static void there_are_63_operations_and_none_twice(void **state) /* NEW-001 */
{
    size_t count = 0;
    (void)state;

    for (const struct route *route = routes; route->path != NULL; route++, count++) {
        for (const struct route *other = route + 1; other->path != NULL; other++) {
            assert_string_not_equal(route->operation_id, other->operation_id);
            assert_false(route->method == other->method && strcmp(route->path, other->path) == 0);
        }
    }
    assert_int_equal(count, 63);
}

/* A "{id}" is a legal segment, so each template is a path that fits itself. */
static void every_operation_is_reached(void **state)
{
    for (const struct route *route = routes; route->path != NULL; route++) {
        struct route_match match;
        assert_int_equal(router_find(*state, route->method, text_of(route->path), &match),
                         ROUTE_FOUND);
        assert_ptr_equal(match.route, route);
    }
}

static void every_row_is_complete(void **state)
{
    (void)state;
    for (const struct route *route = routes; route->path != NULL; route++) {
        assert_true((route->scope == NULL) == (strcmp(route->path, "/health") == 0));
        assert_true(route->run == NULL || route->failure != NULL);
        assert_true((route->body != BODY_IGNORED) == (route->schema != NULL));
        assert_true(route->resolver == RESOLVE_NOTHING || strchr(route->path, '{') != NULL);
    }
}

static void captures_are_in_the_order_of_the_path(void **state)
{
    struct route_match match;

    assert_int_equal(
        router_find(*state, HTTP_POST, TEXT("/instances/web-1/snapshots/s%2F1/restore"), &match),
        ROUTE_FOUND);
    assert_string_equal(match.route->operation_id, "restoreInstanceSnapshot");
    assert_int_equal(match.capture_count, 2);
    assert_true(text_equal_cstr(match.captures[0], "web-1"));
    assert_true(text_equal_cstr(match.captures[1], "s%2F1"));
}

static void a_literal_path_is_preferred_to_a_parameter(void **state)
{
    struct route_match match;

    assert_int_equal(router_find(*state, HTTP_GET, TEXT("/devices/available"), &match),
                     ROUTE_FOUND);
    assert_string_equal(match.route->operation_id, "listAvailableDevices");
    assert_int_equal(router_find(*state, HTTP_GET, TEXT("/devices/availables"), &match),
                     ROUTE_FOUND);
    assert_string_equal(match.route->operation_id, "getDevice");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(there_are_63_operations_and_none_twice),
        cmocka_unit_test(every_operation_is_reached),
        cmocka_unit_test(every_row_is_complete),
        cmocka_unit_test(captures_are_in_the_order_of_the_path),
        cmocka_unit_test(a_literal_path_is_preferred_to_a_parameter),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
