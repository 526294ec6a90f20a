#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "mock/domain/hypervisor.h"
#include "tests/unit/mock/domain/world_fixture.h"

static const struct host_platform linux_amd64 = { HOST_LINUX, HOST_AMD64 };
static const struct host_platform darwin_amd64 = { HOST_DARWIN, HOST_AMD64 };
static const struct host_platform darwin_arm64 = { HOST_DARWIN, HOST_ARM64 };

static void names_and_values_go_both_ways(void **state)
{
    (void)state;
    static const char *const names[] = { "cloud-hypervisor", "firecracker", "qemu", "qemu-microvm",
                                         "vz" };
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        enum hypervisor h = HYPERVISOR_UNSET;
        assert_true(hypervisor_parse(text_of(names[i]), &h));
        assert_int_not_equal(h, HYPERVISOR_UNSET);
        assert_string_equal(hypervisor_name(h), names[i]);
    }
    enum hypervisor untouched = HYPERVISOR_QEMU;
    assert_false(hypervisor_parse(TEXT(""), &untouched));
    assert_false(hypervisor_parse(TEXT("QEMU"), &untouched));
    assert_int_equal(untouched, HYPERVISOR_QEMU);
}

static void each_host_has_its_own_backends(void **state)
{
    (void)state;
    static const struct {
        enum hypervisor h;
        bool on_linux, on_darwin;
    } rows[] = {
        { HYPERVISOR_CLOUD_HYPERVISOR, true, true },
        { HYPERVISOR_FIRECRACKER, true, false },
        { HYPERVISOR_QEMU, true, true },
        { HYPERVISOR_QEMU_MICROVM, true, false },
        { HYPERVISOR_VZ, false, true },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        assert_int_equal(hypervisor_runs_on(rows[i].h, linux_amd64), rows[i].on_linux);
        assert_int_equal(hypervisor_runs_on(rows[i].h, darwin_arm64), rows[i].on_darwin);
    }
}

static void only_vz_on_amd64_cannot_standby_and_only_vz_never_ends_a_compression(void **state)
{
    (void)state;
    for (enum hypervisor h = HYPERVISOR_CLOUD_HYPERVISOR; h < HYPERVISOR_COUNT; h++) {
        assert_int_equal(hypervisor_can_standby(h, darwin_amd64), h != HYPERVISOR_VZ);
        assert_true(hypervisor_can_standby(h, darwin_arm64));
        assert_int_equal(hypervisor_compression_ends(h), h != HYPERVISOR_VZ);
    }
}

static void microvm_refuses_hotplug_then_pci_then_too_many_devices(void **state)
{
    (void)state;
    struct device_plan plan = { .hotplug_bytes = 1, .has_pci_devices = true, .disks = 9 };
    struct error err = { 0 };
    assert_false(hypervisor_check_devices(HYPERVISOR_QEMU_MICROVM, &plan, &err));
    assert_error_is(&err, ERROR_INVALID_ARGUMENT,
                    "invalid request: hypervisor qemu-microvm: microvm does not support hotplug "
                    "memory");

    plan.hotplug_bytes = 0;
    err = (struct error){ 0 };
    assert_false(hypervisor_check_devices(HYPERVISOR_QEMU_MICROVM, &plan, &err));
    assert_error_is(&err, ERROR_INVALID_ARGUMENT,
                    "invalid request: hypervisor qemu-microvm: microvm does not support PCI "
                    "devices");

    plan.has_pci_devices = false;
    err = (struct error){ 0 };
    assert_false(hypervisor_check_devices(HYPERVISOR_QEMU_MICROVM, &plan, &err));
    assert_error_is(&err, ERROR_INVALID_ARGUMENT,
                    "invalid request: hypervisor qemu-microvm: microvm supports at most 8 "
                    "virtio-mmio devices (got 10: disks=9 networks=0 vsock=true balloon=false)");
    assert_string_equal(err.field, "hypervisor");
}

static void microvm_takes_exactly_eight_devices_and_others_any_number(void **state)
{
    (void)state;
    struct device_plan plan = { .disks = 6, .has_network = true };
    struct error err = { 0 };
    assert_true(hypervisor_check_devices(HYPERVISOR_QEMU_MICROVM, &plan, &err));
    plan.disks = 7;
    assert_false(hypervisor_check_devices(HYPERVISOR_QEMU_MICROVM, &plan, &err));
    assert_error_is(&err, ERROR_INVALID_ARGUMENT,
                    "invalid request: hypervisor qemu-microvm: microvm supports at most 8 "
                    "virtio-mmio devices (got 9: disks=7 networks=1 vsock=true balloon=false)");

    struct device_plan big = { .hotplug_bytes = 1, .has_pci_devices = true, .disks = 30 };
    assert_true(hypervisor_check_devices(HYPERVISOR_QEMU, &big, &err));
    assert_true(hypervisor_check_devices(HYPERVISOR_FIRECRACKER, &big, &err));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_values_go_both_ways),
        cmocka_unit_test(each_host_has_its_own_backends),
        cmocka_unit_test(only_vz_on_amd64_cannot_standby_and_only_vz_never_ends_a_compression),
        cmocka_unit_test(microvm_refuses_hotplug_then_pci_then_too_many_devices),
        cmocka_unit_test(microvm_takes_exactly_eight_devices_and_others_any_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
