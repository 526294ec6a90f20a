#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mock/domain/image.h"
#include "mock/domain/instance_create.h"
#include "mock/domain/instance_record.h"
#include "mock/domain/instances.h"
#include "tests/unit/mock/domain/world_fixture.h"

/* --- success ----------------------------------------------------------------------------- */

static void a_default_instance_is_the_one_of_the_contract(void **state)
{
    struct fixture *f = *state;
    struct world_settings settings = world_settings_default();
    fixture_restart(f, &settings);
    const struct instance *instance = given_instance(f, "web-1");
    const struct instance_config *config = instance->config;

    assert_int_equal(config->id.len, 24);
    assert_text_is(config->name, "web-1");
    assert_text_is(config->image, "alpine");
    assert_text_is(config->platform, "linux/amd64");
    assert_int_equal(config->hypervisor, HYPERVISOR_FIRECRACKER);
    assert_int_equal(config->size_bytes, INT64_C(1) << 30);
    assert_int_equal(config->hotplug_bytes, 0);
    assert_int_equal(config->overlay_bytes, INT64_C(10) << 30);
    assert_int_equal(config->vcpus, 2);
    assert_int_equal(config->disk_io_bps, 125000000);
    assert_int_equal(config->network.bandwidth_download, 156250000);
    assert_int_equal(config->network.bandwidth_upload, 156250000);

    assert_int_equal(instance->created_at_ns, FAKE_ENV_START_NS);
    assert_int_equal(instance->started_at_ns, FAKE_ENV_START_NS);
    assert_int_equal(instance->stopped_at_ns, 0);
    assert_int_equal(instance->expires_at_ns, 0);
    assert_false(instance->has_exit_code);
    assert_int_equal(state_now(f, instance), INSTANCE_INITIALIZING);
}

static void vcpus_of_zero_end_as_two_but_get_no_share_of_the_host(void **state)
{
    struct fixture *f = *state;
    struct instance_request request = request_for("web");
    request.config.vcpus = 0;
    const struct instance_config *config = given_request(f, &request)->config;
    assert_int_equal(config->vcpus, 2);
    assert_int_equal(config->disk_io_bps, 0);
    assert_int_equal(config->network.bandwidth_download, 0);
}

static void given_numbers_are_kept(void **state)
{
    struct fixture *f = *state;
    struct instance_request request = request_for("web");
    request.config.size_bytes = 1;
    request.config.hotplug_bytes = 2;
    request.config.overlay_bytes = 3;
    request.config.disk_io_bps = 4;
    request.config.network.bandwidth_download = 5;
    request.config.network.bandwidth_upload = 6;
    request.config.hypervisor = HYPERVISOR_QEMU;
    const struct instance_config *config = given_request(f, &request)->config;
    assert_int_equal(config->size_bytes, 1);
    assert_int_equal(config->hotplug_bytes, 2);
    assert_int_equal(config->overlay_bytes, 3);
    assert_int_equal(config->disk_io_bps, 4);
    assert_int_equal(config->network.bandwidth_download, 5);
    assert_int_equal(config->network.bandwidth_upload, 6);
    assert_int_equal(config->hypervisor, HYPERVISOR_QEMU);
}

/* Rates that overflow in the request are accepted (SIZE-002) and not shown (INST-J-012); from the
 * sums they take nothing, however many there are. */
static void a_rate_below_zero_takes_nothing_of_the_host(void **state)
{
    struct fixture *f = *state;
    struct instance_request request = request_for("web");
    request.config.disk_io_bps = INT64_MIN;
    request.config.network.bandwidth_download = INT64_MIN;
    request.config.network.bandwidth_upload = -1;
    for (int i = 0; i < 2; i++) {
        request.config.name = text_of(i == 0 ? "web-0" : "web-1");
        assert_int_equal(given_request(f, &request)->config->disk_io_bps, INT64_MIN);
        assert_int_equal(world_capacity_use(f->world).used[CAPACITY_DISK_IO], 0);
        assert_int_equal(world_capacity_use(f->world).used[CAPACITY_NETWORK], 0);
    }
    (void)given_instance(f, "web-2");
}

static void without_boot_delay_it_runs_at_once(void **state)
{
    struct fixture *f = *state;
    struct world_settings settings = *world_settings(f->world);
    settings.boot_delay_ns = 0;
    fixture_restart(f, &settings);
    assert_int_equal(state_now(f, given_instance(f, "web")), INSTANCE_RUNNING);
}

/* Everything a request can point to, in buffers that are wiped after the call. */
static void everything_given_is_copied(void **state)
{
    struct fixture *f = *state;
    char a[] = "alpha", b[] = "beta";
    struct text ta = text_of(a), tb = text_of(b);
    struct pair pairs[] = { { ta, tb } };
    struct text texts[] = { ta, tb };
    char path[] = "/data";
    struct volume_attachment volumes[] = { { ta, text_of(path), true, true, 4096 } };
    char format[] = "x ${value}";
    struct credential_injection inject[] = { { ta, text_of(format), { texts, 2 } } };
    struct credential credentials[] = { { tb, ta, inject, 1 } };
    uint16_t ports[] = { 22, 80 };
    struct instance_request request = request_for("web");
    struct instance_config *in = &request.config;
    in->id = in->image = in->platform = ta;
    in->name = in->gpu_profile = tb;
    in->devices = (struct text_list){ texts, 2 };
    in->tags = in->env = (struct pair_list){ pairs, 1 };
    in->entrypoint = in->cmd = (struct text_list){ texts, 2 };
    in->volumes = volumes;
    in->volume_count = 1;
    in->credentials = credentials;
    in->credential_count = 1;
    in->network.egress_enabled = true;
    in->auto_standby = (struct auto_standby_policy){ .present = true,
                                                     .enabled = true,
                                                     .idle_timeout_ns = 5,
                                                     .ignore_source_cidrs = { texts, 2 },
                                                     .ignore_destination_ports = ports,
                                                     .ignore_destination_port_count = 2 };
    in->health_check = (struct health_check_policy){ .present = true,
                                                     .type = HEALTH_CHECK_EXEC,
                                                     .interval = ta,
                                                     .timeout = tb,
                                                     .start_period = ta,
                                                     .http_path = tb,
                                                     .http_scheme = ta,
                                                     .exec_command = { texts, 2 },
                                                     .exec_working_dir = tb };
    in->restart = (struct restart_policy){ RESTART_ALWAYS, 1, 2, 3 };

    const struct instance_config *config = instance_config_new(&f->fake.env.mem, in);
    assert_non_null(config);
    memset(a, 'X', sizeof a - 1);
    memset(b, 'X', sizeof b - 1);
    memset(path, 'X', sizeof path - 1);
    memset(format, 'X', sizeof format - 1);
    memset(pairs, 0, sizeof pairs);
    memset(texts, 0, sizeof texts);
    memset(volumes, 0, sizeof volumes);
    memset(inject, 0, sizeof inject);
    memset(credentials, 0, sizeof credentials);
    memset(ports, 0, sizeof ports);

    assert_text_is(config->id, "alpha");
    assert_text_is(config->name, "beta");
    assert_text_is(config->image, "alpha");
    assert_text_is(config->platform, "alpha");
    assert_text_is(config->gpu_profile, "beta");
    assert_text_is(config->devices.items[1], "beta");
    assert_text_is(*pairs_find(config->tags, TEXT("alpha")), "beta");
    assert_text_is(*pairs_find(config->env, TEXT("alpha")), "beta");
    assert_text_is(config->entrypoint.items[1], "beta");
    assert_text_is(config->cmd.items[0], "alpha");
    assert_text_is(config->volumes[0].volume_id, "alpha");
    assert_text_is(config->volumes[0].mount_path, "/data");
    assert_int_equal(config->volumes[0].overlay_bytes, 4096);
    assert_text_is(config->credentials[0].name, "beta");
    assert_text_is(config->credentials[0].source_env, "alpha");
    assert_text_is(config->credentials[0].inject[0].header, "alpha");
    assert_text_is(config->credentials[0].inject[0].format, "x ${value}");
    assert_text_is(config->credentials[0].inject[0].hosts.items[1], "beta");
    assert_text_is(config->auto_standby.ignore_source_cidrs.items[0], "alpha");
    assert_int_equal(config->auto_standby.ignore_destination_ports[1], 80);
    assert_text_is(config->health_check.interval, "alpha");
    assert_text_is(config->health_check.timeout, "beta");
    assert_text_is(config->health_check.start_period, "alpha");
    assert_text_is(config->health_check.http_path, "beta");
    assert_text_is(config->health_check.http_scheme, "alpha");
    assert_text_is(config->health_check.exec_command.items[1], "beta");
    assert_text_is(config->health_check.exec_working_dir, "beta");
    assert_int_equal(config->restart.max_attempts, 3);
    instance_config_release(&f->fake.env.mem, config);
}

static void ttl_counts_from_creation_and_a_date_is_taken_as_it_is(void **state)
{
    struct fixture *f = *state;
    struct instance_request request = request_for("a");
    request.ttl_ns = 90 * NS_PER_SEC;
    assert_int_equal(given_request(f, &request)->expires_at_ns,
                     FAKE_ENV_START_NS + 90 * NS_PER_SEC);
    request = request_for("b");
    request.has_expires_at = true;
    request.expires_at_ns = FAKE_ENV_START_NS + 1;
    assert_int_equal(given_request(f, &request)->expires_at_ns, FAKE_ENV_START_NS + 1);
    request = request_for("c");
    request.ttl_ns = INT64_MAX;
    assert_int_equal(given_request(f, &request)->expires_at_ns, INT64_MAX);
}

/* --- refusals, each on an otherwise good request ----------------------------------------- */

static void no_image(struct instance_request *r)
{
    r->config.image = (struct text){ 0 };
}
static void negative_size(struct instance_request *r)
{
    r->config.size_bytes = -1;
}
static void negative_vcpus(struct instance_request *r)
{
    r->config.vcpus = -1;
}
static void bad_policy_level(struct instance_request *r)
{
    r->config.snapshot =
        (struct snapshot_policy){ .present = true,
                                  .compression = { true, true, COMPRESSION_LZ4, 12 } };
}
static void egress_without_network(struct instance_request *r)
{
    r->config.network = (struct network_config){ .egress_enabled = true };
}
static void credentials_without_egress(struct instance_request *r)
{
    static const struct credential credential = { .name = { "k", 1 }, .source_env = { "E", 1 } };
    r->config.credentials = &credential;
    r->config.credential_count = 1;
}
static void bad_tag_key(struct instance_request *r)
{
    static const struct pair pair = { { "a!", 2 }, { "", 0 } };
    r->config.tags = (struct pair_list){ &pair, 1 };
}
static void bad_auto_standby(struct instance_request *r)
{
    static const struct error found = {
        ERROR_INVALID_ARGUMENT, "auto_standby",
        "invalid request: auto_standby.idle_timeout is required when enabled"
    };
    r->auto_standby_error = &found;
}
static void http_check_without_network(struct instance_request *r)
{
    r->config.network.enabled = false;
    r->config.health_check =
        (struct health_check_policy){ .present = true, .type = HEALTH_CHECK_HTTP };
}
static void tcp_check_without_network(struct instance_request *r)
{
    r->config.network.enabled = false;
    r->config.health_check =
        (struct health_check_policy){ .present = true, .type = HEALTH_CHECK_TCP };
}
static void exec_check_without_agent(struct instance_request *r)
{
    r->config.skip_guest_agent = true;
    r->config.health_check =
        (struct health_check_policy){ .present = true, .type = HEALTH_CHECK_EXEC };
}
static void relative_mount(struct instance_request *r)
{
    static const struct volume_attachment volume = { .volume_id = { "v", 1 },
                                                     .mount_path = { "x", 1 } };
    r->config.volumes = &volume;
    r->config.volume_count = 1;
}
static void expired_already(struct instance_request *r)
{
    r->has_expires_at = true;
    r->expires_at_ns = FAKE_ENV_START_NS; /* equal counts (NEW-043) */
}
static void microvm_with_hotplug(struct instance_request *r)
{
    r->config.hypervisor = HYPERVISOR_QEMU_MICROVM;
    r->config.hotplug_bytes = 1;
}
static void microvm_with_gpu(struct instance_request *r)
{
    r->config.hypervisor = HYPERVISOR_QEMU_MICROVM;
    r->config.gpu_profile = TEXT("L40S-1Q");
}
static void windows(struct instance_request *r)
{
    r->config.platform = TEXT("windows/amd64");
    r->config.image = TEXT("al pine"); /* whatever the image: its text has it */
}
static void illegal_reference(struct instance_request *r)
{
    r->config.image = TEXT("al pine");
}
/* Row 21 as well, so that the texts are the same beside it. */
static void want_foreign(struct instance_request *r, struct text image)
{
    r->config.image = image;
    r->config.platform = TEXT("linux/arm64");
}
static void missing_image(struct instance_request *r)
{
    want_foreign(r, TEXT("missing"));
}
static void rate_limited_image(struct instance_request *r)
{
    want_foreign(r, TEXT("limited"));
}
static void unreachable_image(struct instance_request *r)
{
    want_foreign(r, TEXT("unreachable"));
}
static void image_without_variant(struct instance_request *r)
{
    want_foreign(r, TEXT("variant"));
}
static void image_on_its_way(struct instance_request *r)
{
    want_foreign(r, TEXT("converting"));
}
static void foreign_image(struct instance_request *r)
{
    r->config.platform = TEXT("linux/arm64");
}
static void vz_on_linux(struct instance_request *r)
{
    r->config.hypervisor = HYPERVISOR_VZ;
}
static void overlay_over_limit(struct instance_request *r)
{
    r->config.overlay_bytes = (INT64_C(100) << 30) + 1;
}
static void vcpus_over_limit(struct instance_request *r)
{
    r->config.vcpus = 17;
}
static void memory_over_limit(struct instance_request *r)
{
    r->config.size_bytes = (INT64_C(32) << 30) + 1;
}
static void no_gpu_here(struct instance_request *r)
{
    r->config.gpu_profile = TEXT("L40S-1Q");
}
static void unknown_device(struct instance_request *r)
{
    static const struct text device = { "gpu0", 4 };
    r->config.devices = (struct text_list){ &device, 1 };
}
static void taken_name(struct instance_request *r)
{
    r->config.name = TEXT("taken");
}
static void volume_twice(struct instance_request *r)
{
    static const struct volume_attachment volumes[] = {
        { .volume_id = { "v", 1 }, .mount_path = { "/x", 2 }, .readonly = true },
        { .volume_id = { "v", 1 }, .mount_path = { "/y", 2 }, .readonly = true },
    };
    r->config.volumes = volumes;
    r->config.volume_count = 2;
}

/* In the order in which they win (instances.md 7.1, newest.md NEW-052). */
static const struct {
    void (*spoil)(struct instance_request *);
    enum error_code code;
    const char *field;
    const char *message;
} refusals[] = {
    { bad_policy_level, ERROR_INVALID_ARGUMENT, "snapshot_policy",
      "level must be between 0 and 9 for lz4, got 12" },
    { no_image, ERROR_INTERNAL, "image", "image is empty" },
    { negative_size, ERROR_INTERNAL, "size", "size is negative" },
    { negative_vcpus, ERROR_INTERNAL, "vcpus", "vcpus is negative" },
    { egress_without_network, ERROR_INVALID_ARGUMENT, "network.egress",
      "invalid request: network.egress requires network.enabled=true" },
    { credentials_without_egress, ERROR_INVALID_ARGUMENT, "credentials",
      "invalid request: credentials require network.egress.enabled=true" },
    { bad_tag_key, ERROR_INVALID_ARGUMENT, "tags",
      "invalid request: invalid tags: key \"a!\" contains unsupported characters" },
    { bad_auto_standby, ERROR_INVALID_ARGUMENT, "auto_standby",
      "invalid request: auto_standby.idle_timeout is required when enabled" },
    { http_check_without_network, ERROR_INVALID_ARGUMENT, "health_check",
      "invalid request: http health checks require network.enabled=true" },
    { tcp_check_without_network, ERROR_INVALID_ARGUMENT, "health_check",
      "invalid request: tcp health checks require network.enabled=true" },
    { exec_check_without_agent, ERROR_INVALID_ARGUMENT, "health_check",
      "invalid request: exec health checks require skip_guest_agent=false" },
    { relative_mount, ERROR_INTERNAL, "volumes", "mount path x is not absolute" },
    { expired_already, ERROR_INVALID_ARGUMENT, "expires_at",
      "invalid expires_at: must be in the future" },
    { microvm_with_hotplug, ERROR_INVALID_ARGUMENT, "hypervisor",
      "invalid request: hypervisor qemu-microvm: microvm does not support hotplug memory" },
    { microvm_with_gpu, ERROR_INVALID_ARGUMENT, "hypervisor",
      "invalid request: hypervisor qemu-microvm: microvm does not support PCI devices" },
    { windows, ERROR_INVALID_ARGUMENT, "platform",
      "resolve image al pine for platform windows/amd64: invalid platform: unsupported os "
      "\"windows\": only linux guests are supported" },
    { illegal_reference, ERROR_INTERNAL, "image", "invalid image name: invalid reference format" },
    { missing_image, ERROR_NOT_FOUND, "image",
      "resolve image missing for platform linux/arm64: image not found" },
    { rate_limited_image, ERROR_UNAVAILABLE, "image",
      "registry rate limit exceeded; retry later or authenticate to the registry" },
    { unreachable_image, ERROR_INTERNAL, "",
      "resolve image unreachable for platform linux/arm64: the registry cannot be reached" },
    { image_without_variant, ERROR_NOT_FOUND, "platform",
      "resolve image variant for platform linux/arm64: platform not available for image: no child "
      "with platform linux/arm64 in index docker.io/library/variant:latest" },
    { image_on_its_way, ERROR_INVALID_STATE, "image",
      "image not ready: image status is converting" },
    { foreign_image, ERROR_INVALID_ARGUMENT, "image",
      "invalid request: running arm64 images requires an emulation-capable host; this host is "
      "linux/amd64" },
    { vz_on_linux, ERROR_INTERNAL, "hypervisor", "hypervisor not available on this host" },
    { overlay_over_limit, ERROR_INTERNAL, "overlay_size",
      "overlay_size exceeds the limit of 100.0 GB" },
    { vcpus_over_limit, ERROR_INTERNAL, "vcpus", "vcpus exceed the limit of 16" },
    { memory_over_limit, ERROR_INTERNAL, "size",
      "size and hotplug_size exceed the limit of 32.0 GB" },
    { no_gpu_here, ERROR_RESOURCE_EXHAUSTED, "",
      "insufficient resources: insufficient GPU: no GPU available on this host" },
    { unknown_device, ERROR_NOT_FOUND, "devices", "device not found" },
    { taken_name, ERROR_ALREADY_EXISTS, "name",
      "allocate network: instance name already exists: instance name 'taken' already exists, "
      "can't assign into same network: default" },
    { volume_twice, ERROR_INVALID_STATE, "volumes", "volume v is attached twice" },
};

/* What the refusals need besides. */
static void given_obstacles(struct fixture *f)
{
    static const struct {
        struct text reference;
        enum image_condition condition;
    } images[] = {
        { { "missing", 7 }, IMAGE_MISSING },          { { "limited", 7 }, IMAGE_RATE_LIMITED },
        { { "unreachable", 11 }, IMAGE_UNREACHABLE }, { { "variant", 7 }, IMAGE_NO_PLATFORM },
        { { "converting", 10 }, IMAGE_CONVERTING },
    };
    for (size_t i = 0; i < ARRAY_LEN(images); i++) {
        struct error err = { 0 };
        assert_true(world_set_image(f->world, images[i].reference, images[i].condition, &err));
    }
    given_instance(f, "taken");
}

static void each_refusal_has_its_code_field_and_text_and_changes_nothing(void **state)
{
    struct fixture *f = *state;
    given_obstacles(f);
    for (size_t i = 0; i < ARRAY_LEN(refusals); i++) {
        struct instance_request request = request_for("new");
        const struct instance *instance = NULL;
        struct error err = { 0 };
        refusals[i].spoil(&request);
        assert_false(instance_create(f->world, &request, &instance, &err));
        assert_error_is(&err, refusals[i].code, refusals[i].message);
        assert_string_equal(err.field, refusals[i].field);
        assert_null(instance);
        assert_int_equal(world_instance_count(f->world), 1);
        assert_int_equal(world_capacity_use(f->world).used[CAPACITY_CPU], 2);
    }
    const struct instance *next = given_instance(f, "next"); /* no address was lost on the way */
    assert_string_equal(network_ip_text(&next->address).text, "10.100.0.3");
    assert_string_equal(network_mac_text(&next->address).text, "02:00:00:00:00:02");
}

static void of_two_faults_the_earlier_row_answers(void **state)
{
    struct fixture *f = *state;
    given_obstacles(f);
    for (size_t first = 0; first < ARRAY_LEN(refusals); first++) {
        for (size_t second = first + 1; second < ARRAY_LEN(refusals); second++) {
            struct instance_request request = request_for("new");
            const struct instance *instance = NULL;
            struct error err = { 0 };
            refusals[second].spoil(&request);
            refusals[first].spoil(&request); /* last, so it is there whatever the other did */
            assert_false(instance_create(f->world, &request, &instance, &err));
            if (strcmp(err.message, refusals[first].message) != 0)
                fail_msg("%s\n instead of %s\n with %s", err.message, refusals[first].message,
                         refusals[second].message);
        }
    }
}

static void hotplug_memory_counts_against_the_limit(void **state)
{
    struct fixture *f = *state;
    static const int64_t hotplug[] = { 1, INT64_MAX };
    for (size_t i = 0; i < ARRAY_LEN(hotplug); i++) {
        struct instance_request request = request_for("new");
        const struct instance *instance = NULL;
        struct error err = { 0 };
        request.config.size_bytes = INT64_C(32) << 30;
        request.config.hotplug_bytes = hotplug[i];
        assert_false(instance_create(f->world, &request, &instance, &err));
        assert_error_is(&err, ERROR_INTERNAL, "size and hotplug_size exceed the limit of 32.0 GB");
    }
}

static void a_full_host_refuses_until_something_is_deleted(void **state)
{
    struct fixture *f = *state;
    struct world_settings settings = world_settings_default();
    fixture_restart(f, &settings);
    const struct instance *last = NULL;
    for (int i = 0; i < 16; i++) { /* 2.5 GB/s of network, 156.25 MB/s each */
        char name[8];
        snprintf(name, sizeof name, "n-%d", i);
        last = given_instance(f, name);
    }
    struct instance_request request = request_for("late");
    const struct instance *instance = NULL;
    struct error err = { 0 };
    assert_false(instance_create(f->world, &request, &instance, &err));
    assert_error_is(&err, ERROR_RESOURCE_EXHAUSTED,
                    "insufficient resources: insufficient network bandwidth: requested 149.0 MB/s, "
                    "but only 0 B/s available (currently allocated: 2.3 GB/s, effective limit: 2.3 "
                    "GB/s with 2.0x oversubscription)");
    err = (struct error){ 0 };
    assert_true(instances_delete(f->world, last->config->id, &err));
    given_instance(f, "late");
}

static void names_clash_only_among_instances_with_an_address(void **state)
{
    struct fixture *f = *state;
    struct instance_request offline = request_for("twin");
    offline.config.network.enabled = false;
    given_request(f, &offline);
    given_request(f, &offline);
    given_instance(f, "twin"); /* the others hold no address (INST-N-003) */
    given_request(f, &offline);

    struct instance_request online = request_for("twin");
    const struct instance *instance = NULL;
    struct error err = { 0 };
    assert_false(instance_create(f->world, &online, &instance, &err));
    assert_int_equal(err.code, ERROR_ALREADY_EXISTS);
    assert_int_equal(world_instance_count(f->world), 4);
}

static void a_stopped_holder_of_a_name_counts_as_well(void **state)
{
    struct fixture *f = *state;
    struct instance_request request = request_for("web");
    given_state(f, &request, INSTANCE_STOPPED);
    const struct instance *instance = NULL;
    struct error err = { 0 };
    assert_false(instance_create(f->world, &request, &instance, &err));
    assert_int_equal(err.code, ERROR_ALREADY_EXISTS);
}

static void an_image_that_is_back_can_be_used(void **state) /* INST-C-024 */
{
    struct fixture *f = *state;
    struct instance_request request = request_for("web");
    const struct instance *instance = NULL;
    struct error err = { 0 };
    assert_true(world_set_image(f->world, TEXT("alpine"), IMAGE_PULLABLE, &err));
    assert_false(instance_create(f->world, &request, &instance, &err));
    assert_int_equal(err.code, ERROR_INVALID_STATE);
    err = (struct error){ 0 };
    assert_true(world_set_image(f->world, TEXT("alpine"), IMAGE_READY, &err));
    given_request(f, &request);
}

static void a_mac_has_no_vgpu(void **state)
{
    struct fixture *f = *state;
    struct world_settings settings = *world_settings(f->world);
    settings.host.os = HOST_DARWIN;
    fixture_restart(f, &settings);
    struct instance_request request = request_for("web");
    request.config.gpu_profile = TEXT("L40S-1Q");
    const struct instance *instance = NULL;
    struct error err = { 0 };
    assert_false(instance_create(f->world, &request, &instance, &err));
    assert_error_is(&err, ERROR_INVALID_ARGUMENT,
                    "invalid request: vGPU (mdev) is not supported on macOS");
}

#define ON_WORLD(test) cmocka_unit_test_setup_teardown(test, fixture_setup, fixture_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_WORLD(a_default_instance_is_the_one_of_the_contract),
        ON_WORLD(vcpus_of_zero_end_as_two_but_get_no_share_of_the_host),
        ON_WORLD(given_numbers_are_kept),
        ON_WORLD(a_rate_below_zero_takes_nothing_of_the_host),
        ON_WORLD(without_boot_delay_it_runs_at_once),
        ON_WORLD(everything_given_is_copied),
        ON_WORLD(ttl_counts_from_creation_and_a_date_is_taken_as_it_is),
        ON_WORLD(each_refusal_has_its_code_field_and_text_and_changes_nothing),
        ON_WORLD(of_two_faults_the_earlier_row_answers),
        ON_WORLD(hotplug_memory_counts_against_the_limit),
        ON_WORLD(a_full_host_refuses_until_something_is_deleted),
        ON_WORLD(names_clash_only_among_instances_with_an_address),
        ON_WORLD(a_stopped_holder_of_a_name_counts_as_well),
        ON_WORLD(an_image_that_is_back_can_be_used),
        ON_WORLD(a_mac_has_no_vgpu),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
