/* POST /instances: of several faults the earliest row of instances.md 7.1 answers (newest.md
 * NEW-052 for ttl and expires_at).
 *
 * Each fault is a piece of JSON. A request with two faults is both pieces merged into a good one;
 * of every two neighbouring rows the earlier answers. Row 25.2 is the second thing that row 25
 * judges.
 *
 * Not here, because nothing in this API can bring them about: rows 23 (image kernel label), 26
 * (hypervisor version), the vGPU of row 27, an unknown volume in row 29, and row 30 (boot). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "mock/domain/image.h"
#include "mock/domain/instance_create.h"
#include "tests/unit/mock/api/api_fixture.h"

struct fault {
    const char *row;
    const char *members; /* the fault */
    const char *needs;   /* what else the request needs to get as far as this; NULL: nothing */
    int status;
    const char *code;
    const char *text; /* part of the message; of a 500, of its hidden cause */
};

#define FAILS(text)         500, "internal_error", (text)
#define INVALID(code, text) 400, "invalid_" code, (text)

#define INJECT "'inject':[{'as':{'header':'H','format':'${value}'}}]}"
#define VOLUME "{'volume_id':'a','mount_path':'/a','readonly':true}"

/* Rows whose order is the same on every host. */
static const struct fault faults[] = {
    { "1", /* INST-C-010 */ "{'size':'x'}", NULL, INVALID("size", "invalid size format: ") },
    { "2", /* INST-C-011 */ "{'hotplug_size':'x'}", NULL,
      INVALID("hotplug_size", "invalid hotplug_size format") },
    { "3", /* INST-C-012 */ "{'overlay_size':'x'}", NULL,
      INVALID("overlay_size", "invalid overlay_size format: ") },
    { "4", /* INST-C-013 */ "{'disk_io_bps':'x'}", NULL,
      INVALID("disk_io_bps", "invalid disk_io_bps format: ") },
    { "4.1", "{'ttl':'1d','expires_at':'2030-01-01T00:00:00Z'}", NULL,
      INVALID("request", "ttl and expires_at are mutually exclusive") },             /* NEW-040 */
    { "4.2", "{'ttl':'1d'}", NULL, INVALID("ttl", "ttl must be a valid duration") }, /* NEW-041 */
    { "4.2", "{'ttl':'-1s'}", NULL, INVALID("ttl", "ttl cannot be negative") },      /* NEW-042 */
    { "5", /* INST-C-014 */ "{'network':{'bandwidth_download':'x'}}", NULL,
      INVALID("bandwidth_download", "invalid bandwidth_download format: ") },
    { "6", /* INST-C-014 */ "{'network':{'bandwidth_upload':'x'}}", NULL,
      INVALID("bandwidth_upload", "invalid bandwidth_upload format: ") },
    { "7", /* INST-C-015 */ "{'volumes':[{'volume_id':'v','mount_path':'/v','overlay_size':'x'}]}",
      NULL, INVALID("overlay_size", "invalid overlay_size for volume v: ") },
    { "8", "{'health_check':{'type':'http'}}", NULL, /* INST-C-066 */
      INVALID("health_check", "health_check.http is required when type is http") },
    { "9", "{'restart_policy':{'policy':'always','backoff':'0'}}", NULL, /* INST-C-069 */
      INVALID("restart_policy", "restart_policy.backoff must be positive") },
    { "10", "{'snapshot_policy':{'standby_compression_delay':'-1s'}}", NULL, /* INST-C-017 */
      INVALID("snapshot_policy", "standby_compression_delay cannot be negative") },
    { "10", "{'snapshot_policy':{'compression':{'enabled':true,'algorithm':'lz4','level':12}}}",
      NULL, INVALID("snapshot_policy", "level must be between 0 and 9 for lz4, got 12") },
    { "11", "{'image':''}", NULL, FAILS("image is empty") },     /* INST-C-021 */
    { "12", "{'size':'8EB'}", NULL, FAILS("size is negative") }, /* INST-C-046 */
    { "12", "{'hotplug_size':'8EB'}", NULL, FAILS("hotplug_size is negative") },
    { "12", "{'overlay_size':'8EB'}", NULL, FAILS("overlay_size is negative") },
    { "12", "{'vcpus':-1}", NULL, FAILS("vcpus is negative") },              /* INST-C-045 */
    { "13", "{'network':{'enabled':false,'egress':{'enabled':true}}}", NULL, /* INST-C-055 */
      INVALID("request", "network.egress requires network.enabled=true") },
    { "14.1", "{'credentials':{' ':{'source':{'env':'E'}," INJECT "}}", NULL, /* INST-C-057 */
      INVALID("request", "credentials key must be non-empty") },
    { "14.1", "{'credentials':{'k':{'source':{'env':' '}," INJECT "}}", NULL, /* INST-C-059 */
      INVALID("request", "credentials[\"k\"].source.env is required") },
    { "14.1", /* INST-C-058 */
      "{'credentials':{'k':{'source':{'env':'E'}," INJECT ",'k ':{'source':{'env':'E'}," INJECT
      "}}",
      NULL, INVALID("request", "duplicate credentials key \"k\" after normalization") },
    { "14.2", /* INST-C-056 */
      "{'credentials':{'k':{'source':{'env':'E'}," INJECT
      "},'network':{'egress':{'enabled':false}}}",
      NULL, INVALID("request", "credentials require network.egress.enabled=true") },
    { "14.3", "{'credentials':{'k':{'source':{'env':'E'}," INJECT "}}", /* INST-C-062 */
      "{'network':{'egress':{'enabled':true}}}",
      INVALID("request", "credentials[\"k\"].source.env \"E\" must be present in env") },
    { "14.3", "{'credentials':{'k':{'source':{'env':'E'}," INJECT "},'env':{'E':' '}}",
      "{'network':{'egress':{'enabled':true}}}", /* INST-C-063 */
      INVALID("request", "env var \"E\" must be non-empty when referenced by credentials[\"k\"]") },
    { "15", "{'tags':{'a#':'b'}}", NULL, /* INST-T-003 */
      INVALID("request", "invalid tags: key \"a#\" contains unsupported characters") },
    { "16", "{'auto_standby':{'enabled':true}}", NULL, /* INST-C-065 */
      INVALID("request", "auto_standby.idle_timeout is required when enabled") },
    { "17", "{'health_check':{'type':'tcp','tcp':{'port':1}},'network':{'enabled':false}}", NULL,
      INVALID("request", "tcp health checks require network.enabled=true") }, /* INST-C-067 */
    { "17", "{'health_check':{'type':'exec','exec':{'command':['a']}},'skip_guest_agent':true}",
      NULL, /* INST-C-068 */
      INVALID("request", "exec health checks require skip_guest_agent=false") },
    { "18", "{'volumes':[{'volume_id':'v','mount_path':'v'}]}", NULL, /* INST-C-071 */
      FAILS("mount path v is not absolute") },
    { "18", "{'volumes':[{'volume_id':'v','mount_path':'/etc/v'}]}", NULL, /* INST-C-072 */
      FAILS("mount path /etc/v is reserved") },
    { "18", "{'volumes':[{'volume_id':'builder-disk-1','mount_path':'/v'}]}", NULL, /* INST-C-073 */
      FAILS("volume id builder-disk-1 is reserved") },
    { "18", "{'volumes':[" VOLUME ",{'volume_id':'b','mount_path':'/x/../a'}]}",
      NULL, /* INST-C-074 */
      FAILS("two volumes are mounted at /x/../a") },
    { "18", "{'volumes':[{'volume_id':'v','mount_path':'/v','overlay':true}]}",
      NULL, /* INST-C-075 */
      FAILS("volume v has an overlay but is not readonly") },
    { "18", "{'volumes':[{'volume_id':'v','mount_path':'/v','overlay':true,'readonly':true}]}",
      NULL, FAILS("the overlay of volume v has no size") },  /* INST-C-076 */
    { "18.2", "{'expires_at':'2020-01-01T00:00:00Z'}", NULL, /* NEW-043 */
      INVALID("expires_at", "invalid expires_at: must be in the future") },
    { "19.1", "{'hypervisor':'qemu-microvm','hotplug_size':'1MB'}", NULL, /* INST-C-042 */
      INVALID("request", "microvm does not support hotplug memory") },
    { "19.2", "{'hypervisor':'qemu-microvm','devices':['d']}", NULL, /* INST-C-043 */
      INVALID("request", "microvm does not support PCI devices") },
    { "19.3", /* INST-C-044 */
      "{'hypervisor':'qemu-microvm','volumes':[{'volume_id':'a','mount_path':'/"
      "a'},{'volume_id':'b',"
      "'mount_path':'/b'},{'volume_id':'c','mount_path':'/c'},{'volume_id':'d','mount_path':'/"
      "d'}]}",
      NULL, INVALID("request", "microvm supports at most 8 virtio-mmio devices (got 9: disks=7") },
    { "20.1", "{'platform':'windows/amd64'}", NULL, /* INST-C-028 */
      INVALID("platform", "invalid platform: unsupported os \"windows\"") },
    { "20.1", "{'platform':'linux/riscv64'}", NULL, /* INST-C-029 */
      INVALID("platform", "invalid platform: unsupported architecture \"riscv64\"") },
    { "20.2", "{'image':'Alpine'}", NULL, /* INST-C-022 */
      FAILS("invalid image name: invalid reference format: repository name (library/Alpine) must "
            "be lowercase") },
    { "20.2", "{'image':'missing'}", NULL, 404, "not_found", "image not found" }, /* INST-C-023 */
    { "20.2", "{'image':'rate_limited'}", NULL, 429, "rate_limited",              /* INST-C-026 */
      "registry rate limit exceeded; retry later or authenticate to the registry" },
    { "20.2", "{'image':'unreachable'}", NULL, FAILS("the registry cannot be reached") },
    { "20.2", "{'image':'no_platform'}", NULL, 404, "platform_not_available", /* INST-C-030 */
      "platform not available for image" },
    { "20.2", "{'image':'pullable'}", NULL, 400, "image_not_ready", /* INST-C-024 */
      " is being pulled, please try again shortly" },
    { "20.2", "{'image':'pulling'}", NULL, 400, "image_not_ready", /* INST-C-025 */
      "image not ready: image status is pulling" },
    { "21", "{'platform':'linux/arm64'}", NULL, /* INST-C-031 */
      INVALID("request", "running arm64 images requires an emulation-capable host") },
    { "22", "{'hypervisor':'vz'}", NULL, /* INST-C-041 */
      FAILS("hypervisor not available on this host") },
    { "24.1", /* INST-C-047 */ "{'overlay_size':'101GB'}", NULL,
      FAILS("overlay_size exceeds the limit") },
    { "24.2", /* INST-C-048 */ "{'vcpus':17}", NULL, FAILS("vcpus exceed the limit") },
    { "24.3", /* INST-C-049 */ "{'size':'33GB'}", NULL,
      FAILS("size and hotplug_size exceed the limit") },
    { "25.1", /* INST-C-050 */ "{'vcpus':3}", NULL, 409, "insufficient_resources",
      "insufficient CPU" },
    { "25.2", "{'size':'8GB'}", NULL, 409, "insufficient_resources", "insufficient memory" },
    { "25.3", "{'overlay_size':'60GB'}", NULL, 409, "insufficient_resources",
      "insufficient disk:" },
    { "25.4", "{'network':{'bandwidth_upload':'3GB/s'}}", NULL, 409, "insufficient_resources",
      "insufficient network bandwidth" },
    { "25.5", "{'disk_io_bps':'3GB/s'}", NULL, 409, "insufficient_resources",
      "insufficient disk I/O" },
    { "25.6", "{'gpu':{'profile':'p'}}", NULL, 409, "insufficient_resources", /* INST-C-082 */
      "insufficient GPU: no GPU available on this host" },
    { "27", "{'devices':['d']}", NULL, FAILS("device not found") }, /* INST-C-079 */
    { "28.1", "{'name':'taken'}", NULL, 400, "name_conflict",       /* INST-N-002, INST-C-035 */
      "instance name 'taken' already exists" },
    { "29",
      "{'volumes':[" VOLUME ","
      "{'volume_id':'a','mount_path':'/b','readonly':true}]}",
      NULL, FAILS("volume a is attached twice") }, /* INST-C-078 */
    { "29", "{'volumes':[{'volume_id':'busy','mount_path':'/b'}]}", NULL,
      FAILS("volume busy is attached to another instance") },
};

/* INST-C-087: between the rows 18 and 19, where there is no vGPU whatever the host has. */
static const struct fault faults_on_a_mac[] = {
    { "18", "{'volumes':[{'volume_id':'v','mount_path':'v'}]}", NULL,
      FAILS("mount path v is not absolute") },
    { "18.1", "{'gpu':{'profile':'p'}}", NULL,
      INVALID("request", "vGPU (mdev) is not supported on macOS") },
    { "19.1", "{'hypervisor':'qemu-microvm','hotplug_size':'1MB'}", NULL,
      INVALID("request", "microvm does not support hotplug memory") },
    { "20.1", "{'platform':'windows/amd64'}", NULL,
      INVALID("platform", "invalid platform: unsupported os \"windows\"") },
    { "22", "{'hypervisor':'firecracker'}", NULL, /* INST-C-041 */
      FAILS("hypervisor not available on this host") },
    { "24.1", "{'overlay_size':'101GB'}", NULL, FAILS("overlay_size exceeds the limit") },
};

static const struct fault faults_in_a_full_network[] = {
    { "28.1", "{'name':'taken'}", NULL, 400, "name_conflict",
      "instance name 'taken' already exists" },
    { "28.2", "{}", NULL, FAILS("no address left in the network") },
    { "29", "{'volumes':[{'volume_id':'busy','mount_path':'/b'}]}", "{'network':{'enabled':false}}",
      FAILS("volume busy is attached to another instance") },
};

/* --- worlds ------------------------------------------------------------------------------ */

/* In the server's truth, whose rows these are. */
static void given_world(struct api_fixture *f, const struct world_settings *settings)
{
    f->truth = TRUTH_SERVER;
    api_restart(f, settings);
}

/* Each condition has the image of its name; one instance holds a name and a volume. */
static void given_obstacles(struct api_fixture *f)
{
    for (enum image_condition c = 0; c < IMAGE_CONDITION_COUNT; c++) {
        struct error err = { 0 };
        assert_true(world_set_image(f->world, text_of(image_condition_name(c)), c, &err));
    }
    given_instance(f, "{\"name\":\"taken\",\"image\":\"alpine\",\"vcpus\":1,\"hypervisor\":"
                      "\"cloud-hypervisor\",\"volumes\":[{\"volume_id\":\"busy\",\"mount_path\":"
                      "\"/d\"}]}");
}

/* A good request for two vCPUs fits beside that instance, one for three does not; and so on. */
static struct world_settings small_host(void)
{
    struct world_settings settings = world_settings_default();
    settings.capacity.total[CAPACITY_CPU] = 3;
    settings.capacity.oversub_permille[CAPACITY_CPU] = 1000;
    settings.capacity.total[CAPACITY_MEMORY] = INT64_C(8) << 30;
    settings.capacity.total[CAPACITY_DISK] = INT64_C(64) << 30;
    return settings;
}

/* --- requests ---------------------------------------------------------------------------- */

static json_t *json_of(const char *members)
{
    char text[1024];
    json_error_t where;
    assert_true((size_t)snprintf(text, sizeof text, "%s", members) < sizeof text);
    for (char *at = text; *at != '\0'; at++) {
        if (*at == '\'')
            *at = '"';
    }
    json_t *json = json_loads(text, JSON_REJECT_DUPLICATES, &where);
    if (json == NULL)
        fail_msg("%s in %s", where.text, text);
    return json;
}

static void merge(json_t *request, const char *members)
{
    json_auto_t *piece = members == NULL ? json_object() : json_of(members);
    assert_int_equal(json_object_update_recursive(request, piece), 0);
}

/* Whether merging that piece once more would change nothing. */
static bool still_has(const json_t *request, const char *members)
{
    json_auto_t *again = json_deep_copy(request);
    merge(again, members);
    return json_equal(request, again) != 0;
}

static json_t *request_with(const struct fault *later, const struct fault *earlier)
{
    json_t *request = json_of("{'name':'new','image':'alpine','hypervisor':'cloud-hypervisor'}");
    if (later != NULL)
        merge(request, later->members);
    merge(request, earlier->needs);
    merge(request, earlier->members);
    return request;
}

static void send(struct api_fixture *f, const json_t *request)
{
    char *body = json_dumps(request, 0);
    assert_non_null(body);
    post(f, "/instances", body);
    free(body);
}

static void expect_fault(struct api_fixture *f, const struct fault *fault, const char *beside)
{
    json_auto_t *answer = json_loads(f->answer, 0, NULL);
    const char *code = json_string_value(json_object_get(answer, "code"));
    const char *text = json_string_value(json_object_get(answer, "message"));
    if (fault->status == 500)
        text = f->res.cause;
    if (f->res.status != fault->status || code == NULL || strcmp(code, fault->code) != 0 ||
        text == NULL || strstr(text, fault->text) == NULL)
        fail_msg("row %s beside %s: no \"%s\" in %d %s (cause: %s)", fault->row, beside,
                 fault->text, f->res.status, f->answer, f->res.cause == NULL ? "" : f->res.cause);
}

/* Every pair of these two rows of which neither undoes the other; returns how many there were. */
static size_t expect_earlier(struct api_fixture *f, const struct fault *earlier,
                             const struct fault *later)
{
    json_auto_t *request = request_with(later, earlier);
    if (!still_has(request, later->members))
        return 0;
    send(f, request);
    expect_fault(f, earlier, later->row);
    return 1;
}

static void expect_order(struct api_fixture *f, const struct fault *rows, size_t count)
{
    const size_t before = world_instance_count(f->world);
    const struct capacity_use used = world_capacity_use(f->world);
    for (size_t i = 0; i < count; i++) {
        json_auto_t *request = request_with(NULL, &rows[i]);
        send(f, request);
        expect_fault(f, &rows[i], "nothing");
    }
    for (size_t first = 0, next; first < count; first = next) {
        size_t end;
        size_t pairs = 0;
        for (next = first; next < count && strcmp(rows[next].row, rows[first].row) == 0;)
            next++;
        for (end = next; end < count && strcmp(rows[end].row, rows[next].row) == 0;)
            end++;
        for (size_t i = first; i < next; i++) {
            for (size_t k = next; k < end; k++)
                pairs += expect_earlier(f, &rows[i], &rows[k]);
        }
        if (next < count && pairs == 0)
            fail_msg("no request breaks both %s and %s", rows[first].row, rows[next].row);
    }
    const struct capacity_use still_used = world_capacity_use(f->world);
    assert_int_equal(world_instance_count(f->world), before);
    assert_memory_equal(&still_used, &used, sizeof used);
}

/* --- tests ------------------------------------------------------------------------------- */

static void of_two_neighbouring_rows_the_earlier_answers(void **state)
{
    struct api_fixture *f = *state;
    const struct world_settings settings = small_host();
    given_world(f, &settings);
    given_obstacles(f);
    expect_order(f, faults, ARRAY_LEN(faults));

    /* Nothing else stood in the way, and nothing was left behind: the next address is the next one,
     * and the volume that could have been attached is free (INST-C-080). */
    given_instance(f, "{\"name\":\"new\",\"image\":\"alpine\",\"volumes\":[{\"volume_id\":\"a\","
                      "\"mount_path\":\"/a\"}]}");
    expect_contains(f, "\"ip\":\"10.100.0.3\"");
}

static void a_mac_refuses_a_vgpu_before_it_looks_at_the_hypervisor(void **state)
{
    struct api_fixture *f = *state;
    struct world_settings settings = world_settings_default();
    settings.host.os = HOST_DARWIN;
    given_world(f, &settings);
    expect_order(f, faults_on_a_mac, ARRAY_LEN(faults_on_a_mac));
}

static void a_full_network_comes_after_the_name_and_before_the_volumes(void **state)
{
    enum { ADDRESSES = 65533 }; /* INST-J-034 */
    struct api_fixture *f = *state;
    struct world_settings settings = world_settings_default();
    for (size_t i = 0; i < CAPACITY_KIND_COUNT; i++)
        settings.capacity.oversub_permille[i] = 1000000000;
    given_world(f, &settings);
    given_obstacles(f);
    for (int i = 1; i < ADDRESSES; i++) {
        char name[16];
        const struct instance *instance;
        struct error err = { 0 };
        snprintf(name, sizeof name, "n-%d", i);
        const struct instance_request request = { .config = { .name = text_of(name),
                                                              .image = TEXT("alpine"),
                                                              .size_bytes = 1,
                                                              .vcpus = 1,
                                                              .network = { .enabled = true } } };
        assert_true(instance_create(f->world, &request, &instance, &err));
    }
    expect_order(f, faults_in_a_full_network, ARRAY_LEN(faults_in_a_full_network));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, api_setup, api_teardown)
        TEST(of_two_neighbouring_rows_the_earlier_answers),
        TEST(a_mac_refuses_a_vgpu_before_it_looks_at_the_hypervisor),
        TEST(a_full_network_comes_after_the_name_and_before_the_volumes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
