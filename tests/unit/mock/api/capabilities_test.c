/* GET /capabilities: NEW-010 to NEW-022, and how clients tell server generations apart (NEW-003).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/mock/api/api_fixture.h"

/* NEW-011, NEW-012, NEW-014, NEW-015, NEW-016, NEW-017, NEW-018, NEW-019, NEW-020, NEW-021: the
 * contract's example but for QEMU, which the simulated host has, and the version. */
static void the_whole_answer_is_that_of_a_linux_amd64_server(void **state)
{
    struct api_fixture *f = *state;
    get(f, "/capabilities?x=y");
    expect_json(
        f, 200,
        "{\"default_runtime\":{\"available\":true,\"name\":\"firecracker\"},\"features\":"
        "[\"instances\",\"images\",\"builds\",\"volumes\",\"ingress\",\"exec\",\"logs\","
        "\"devices\"],\"host\":{\"arch\":\"amd64\",\"os\":\"linux\"},\"images\":{"
        "\"default_platform\":\"linux/amd64\",\"platforms\":[\"linux/amd64\"]},\"network\":{"
        "\"gateway\":\"10.100.0.1\",\"guest_to_guest\":false,\"model\":\"bridge\","
        "\"subnet\":\"10.100.0.0/16\"},\"runtimes\":["
        "{\"available\":true,\"features\":[\"snapshots\",\"standby\",\"fork\",\"pause\","
        "\"hotplug-memory\",\"balloon-control\",\"vsock\",\"gpu-passthrough\","
        "\"disk-io-limit\",\"disk-resize\"],\"name\":\"cloud-hypervisor\"},"
        "{\"available\":true,\"features\":[\"snapshots\",\"standby\",\"fork\",\"pause\","
        "\"balloon-control\",\"vsock\",\"disk-io-limit\"],\"name\":\"firecracker\"},"
        "{\"available\":true,\"features\":[\"snapshots\",\"standby\",\"fork\",\"pause\","
        "\"balloon-control\",\"vsock\",\"gpu-passthrough\",\"disk-io-limit\"],\"name\":"
        "\"qemu\"},"
        "{\"available\":true,\"features\":[\"snapshots\",\"standby\",\"fork\",\"pause\","
        "\"balloon-control\",\"vsock\",\"disk-io-limit\"],\"name\":\"qemu-microvm\"}],"
        "\"server\":{\"api_version\":\"0.3.0\",\"version\":\"" TESTKIT_VERSION "\"}}\n");
    get(f, "/capabilities"); /* NEW-022 */
    expect_status(f, 200);
}

static void host(struct api_fixture *f, enum host_os os, enum host_arch arch)
{
    struct world_settings settings = world_settings_default();
    settings.host = (struct host_platform){ os, arch };
    if (os == HOST_DARWIN)
        settings.default_hypervisor = HYPERVISOR_VZ;
    api_restart(f, &settings);
    get(f, "/capabilities");
    expect_status(f, 200);
}

static void other_hosts_have_other_runtimes(void **state) /* NEW-013, NEW-018, NEW-020 */
{
    struct api_fixture *f = *state;
    host(f, HOST_LINUX, HOST_ARM64);
    expect_lacks(f, "qemu-microvm");
    expect_contains(f, "\"name\":\"qemu\"");

    host(f, HOST_DARWIN, HOST_ARM64);
    expect_contains(f, "\"network\":{\"guest_to_guest\":false,\"model\":\"nat\"}");
    expect_contains(f, "\"runtimes\":[{\"available\":true,\"features\":[\"snapshots\","
                       "\"standby\",\"fork\",\"pause\",\"balloon-control\",\"vsock\"],"
                       "\"name\":\"vz\"}]");
    expect_lacks(f, "devices");

    host(f, HOST_DARWIN, HOST_AMD64);
    expect_contains(f, "\"features\":[\"fork\",\"pause\",\"balloon-control\",\"vsock\"]");
}

static void it_is_a_route_like_any_other(void **state) /* NEW-001, NEW-003, NEW-010 */
{
    struct api_fixture *f = *state;
    f->token = NULL;
    get(f, "/capabilities");
    expect_status(f, 401);
    send_request(f, HTTP_POST, "/capabilities", NULL);
    expect_status(f, 405);
    get(f, "/capabilities/");
    expect_status(f, 404);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, api_setup, api_teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_whole_answer_is_that_of_a_linux_amd64_server),
        TEST(other_hosts_have_other_runtimes),
        TEST(it_is_a_route_like_any_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
