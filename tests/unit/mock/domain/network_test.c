#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "mock/domain/address_pool.h"
#include "mock/domain/instances.h"
#include "mock/domain/network.h"
#include "tests/unit/mock/domain/world_fixture.h"

static void no_address_is_written_as_the_empty_text(void **state)
{
    (void)state;
    struct network_address none = { 0 };
    assert_false(network_has_address(&none));
    assert_string_equal(network_ip_text(&none).text, "");
    assert_string_equal(network_mac_text(&none).text, "");
}

static void addresses_are_written_as_usual(void **state)
{
    (void)state;
    struct network_address address = { { 10, 100, 255, 254 }, { 0xff, 0, 0x0a } };
    assert_true(network_has_address(&address));
    assert_string_equal(network_ip_text(&address).text, "10.100.255.254");
    assert_string_equal(network_mac_text(&address).text, "02:00:00:ff:00:0a");
}

static void the_lowest_free_ip_and_the_next_mac_are_given(void **state)
{
    struct fixture *f = *state;
    const struct instance *a = given_instance(f, "a");
    assert_string_equal(network_ip_text(&a->address).text, "10.100.0.2");
    assert_string_equal(network_mac_text(&a->address).text, "02:00:00:00:00:01");
    const struct instance *b = given_instance(f, "b");
    assert_string_equal(network_ip_text(&b->address).text, "10.100.0.3");
    assert_string_equal(network_mac_text(&b->address).text, "02:00:00:00:00:02");
}

static void a_deleted_instance_gives_its_ip_back_but_not_its_mac(void **state)
{
    struct fixture *f = *state;
    struct error err = { 0 };
    given_instance(f, "a");
    const struct instance *b = given_instance(f, "b");
    given_instance(f, "c");
    assert_true(instances_delete(f->world, b->config->id, &err));

    const struct instance *d = given_instance(f, "d");
    assert_string_equal(network_ip_text(&d->address).text, "10.100.0.3");
    assert_string_equal(network_mac_text(&d->address).text, "02:00:00:00:00:04");
    const struct instance *e = given_instance(f, "e");
    assert_string_equal(network_ip_text(&e->address).text, "10.100.0.5");
}

static void an_instance_without_network_takes_no_address(void **state)
{
    struct fixture *f = *state;
    struct instance_request request = request_for("offline");
    request.config.network.enabled = false;
    const struct instance *offline = given_request(f, &request);
    assert_false(network_has_address(&offline->address));
    const struct instance *online = given_instance(f, "online");
    assert_string_equal(network_ip_text(&online->address).text, "10.100.0.2");
}

static struct cow_key key_of(const void *value)
{
    (void)value;
    return (struct cow_key){ 0 };
}

static void addresses_end_before_the_broadcast_address_and_macs_start_again(void **state)
{
    (void)state;
    const struct cow_map_kind kind = { .key_of = key_of };
    struct cow_map nobody = cow_map_new(&kind, NULL);
    struct address_pool pool = address_pool_new();
    struct network_address address;

    pool.first_free = 65534;
    pool.macs_given = (1 << 24) - 2;
    assert_true(address_pool_pick(&pool, &nobody, &address));
    assert_string_equal(network_ip_text(&address).text, "10.100.255.254");
    assert_string_equal(network_mac_text(&address).text, "02:00:00:ff:ff:ff");
    address_pool_took(&pool, &nobody, &address);
    assert_false(address_pool_pick(&pool, &nobody, &address));
    address_pool_freed(&pool, &address);
    assert_true(address_pool_pick(&pool, &nobody, &address));
    assert_string_equal(network_mac_text(&address).text, "02:00:00:00:00:01");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_address_is_written_as_the_empty_text),
        cmocka_unit_test(addresses_are_written_as_usual),
        cmocka_unit_test_setup_teardown(the_lowest_free_ip_and_the_next_mac_are_given,
                                        fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(a_deleted_instance_gives_its_ip_back_but_not_its_mac,
                                        fixture_setup, fixture_teardown),
        cmocka_unit_test_setup_teardown(an_instance_without_network_takes_no_address, fixture_setup,
                                        fixture_teardown),
        cmocka_unit_test(addresses_end_before_the_broadcast_address_and_macs_start_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
