/* The ledger as a test: each of its rows is played in both truths, with the answers it prints. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "mock/api/ledger.h"
#include "mock/api/route.h"
#include "mock/domain/guest_exit.h"
#include "mock/http/exchange.h"
#include "tests/unit/mock/api/api_fixture.h"

#define GATE(code, message)    "{\"code\":\"" code "\",\"message\":\"" message "\"}"
#define HANDLER(code, message) GATE(code, message) "\n"
#define BAD(message)           GATE("Bad Request", message)
#define FAILED_TO(what)        HANDLER("internal_error", "failed to " what)
#define NO_CREATE              FAILED_TO("create instance")
#define BODY(schema, at, what)                                                                     \
    "request body has an error: doesn't match schema #/components/schemas/" schema                 \
    ": Error at " at ": " what
#define TAGS                   "parameter \\\"tags\\\" in query has an error: "
#define TAG_PATTERN            "\\\"^[A-Za-z0-9 _.:/=+@-]*$\\\""
#define BINDING                "Invalid format for parameter "
#define SEVERAL(p)             BINDING p ": multiple values for single value parameter '" p "'"
#define DECODING               "can't decode JSON body: "
#define A_256                  A_64 A_64 A_64 A_64
#define A_64                   "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define CREATE(more)           "{\"name\":\"new\",\"image\":\"alpine\"," more "}"
#define VOLUME(id, path, more) "{\"volume_id\":\"" id "\",\"mount_path\":\"" path "\"" more "}"
#define MOUNTED(volumes)       CREATE("\"volumes\":[" volumes "]")
#define OVERLAID(id)                                                                               \
    VOLUME(id, "/" id, ",\"readonly\":true,\"overlay\":true,\"overlay_size\":\"1GB\"")

#define WAITED(state, timed_out)                                                                   \
    "{\"state\":\"" state "\",\"state_error\":null,\"timed_out\":" timed_out "}\n"

struct answer {
    int status;
    const char *body;   /* NULL: some JSON; with '~' before it: JSON with this in it */
    size_t allow_lines; /* of Allow                          */
};

struct recipe {
    enum divergence row;
    const char *rules; /* of the row, those that this shows */
    void (*given)(struct api_fixture *f);
    enum http_method method;
    const char *target; /* {id} is the fixture's */
    const char *body;
    struct answer spec;
    struct answer server;
    /* How it is asked, where that takes more than one request; NULL: as it stands. */
    void (*ask)(struct api_fixture *f, const struct recipe *recipe, struct exchange *x);
};

static void ask_without_host(struct api_fixture *f, const struct recipe *recipe,
                             struct exchange *x);

/* --- what is there before ---------------------------------------------------------------- */

static void nothing(struct api_fixture *f)
{
    (void)f;
}

static void an_instance(struct api_fixture *f)
{
    given_instance(f, "{\"name\":\"vm\",\"image\":\"alpine\",\"vcpus\":1,\"volumes\":["
                      "{\"volume_id\":\"v\",\"mount_path\":\"/v\"}]}");
}

static void a_stopped_snapshot(struct api_fixture *f)
{
    given_instance(f, "{\"name\":\"vm\",\"image\":\"alpine\",\"vcpus\":1}");
    post(f, "/instances/vm/stop", NULL);
    expect_status(f, 200);
    post(f, "/instances/vm/snapshots", "{\"kind\":\"Stopped\"}");
    expect_status(f, 201);
    keep_id(f);
}

/* A fork that never ran has a name and no address, so another instance could take the name. */
static void a_resting_fork(struct api_fixture *f, const char *rest)
{
    char fork[sizeof f->id];

    given_instance(f, "{\"name\":\"vm\",\"image\":\"alpine\",\"vcpus\":1}");
    post(f, rest, NULL);
    post(f, "/instances/vm/fork", "{\"name\":\"twin\"}");
    expect_status(f, 201);
    keep_id(f);
    memcpy(fork, f->id, sizeof fork);
    given_instance(f, "{\"name\":\"twin\",\"image\":\"alpine\",\"vcpus\":1}");
    memcpy(f->id, fork, sizeof fork);
}

static void a_fork_and_an_instance_of_its_name(struct api_fixture *f)
{
    a_resting_fork(f, "/instances/vm/stop");
}

static void a_sleeping_fork_and_an_instance_of_its_name(struct api_fixture *f)
{
    a_resting_fork(f, "/instances/vm/standby");
}

/* The first run finds a Stopped source, the second one that boots for hours (SCHED-T-012). */
static void a_guest_ended_five_seconds_ago(struct api_fixture *f)
{
    const struct instance *out = NULL;
    struct error err = { 0 };

    given_instance(f, "{\"name\":\"vm\",\"image\":\"alpine\",\"restart_policy\":{\"policy\":"
                      "\"always\",\"backoff\":\"1m\"}}");
    assert_true(instance_guest_exit(f->world, text_of(f->id), 1, &out, &err));
    f->fake.now_ns += 5 * NS_PER_SEC;
}

static void a_good_run_and_a_failed_one(struct api_fixture *f)
{
    const int64_t two_hours_ns = INT64_C(7200) * NS_PER_SEC;
    struct world_settings settings = world_settings_default();

    settings.boot_delay_ns = 5 * two_hours_ns;
    api_restart(f, &settings);
    given_instance(f, "{\"name\":\"vm\",\"image\":\"alpine\",\"vcpus\":1}");
    post(f, "/instances/vm/stop", NULL);
    expect_status(f, 200);
    send_request(f, HTTP_PUT, "/instances/vm/snapshot-schedule",
                 "{\"interval\":\"1h\",\"retention\":{\"max_count\":3}}");
    expect_status(f, 200);
    f->fake.now_ns += two_hours_ns;
    get(f, "/instances/vm/snapshot-schedule");
    expect_contains(f, "\"last_error\":null");
    post(f, "/instances/vm/start", "{}");
    expect_status(f, 200);
    f->fake.now_ns += two_hours_ns;
    get(f, "/instances/vm/snapshot-schedule");
    expect_contains(f, "\"last_error\":\"invalid state transition: ");
}

static void an_instance_on_an_old_mac(struct api_fixture *f)
{
    struct world_settings settings = world_settings_default();

    settings.host = (struct host_platform){ HOST_DARWIN, HOST_AMD64 };
    settings.default_hypervisor = HYPERVISOR_VZ;
    api_restart(f, &settings);
    an_instance(f);
    send_request(f, HTTP_DELETE, "/instances/vm", NULL);
    given_instance(f, "{\"name\":\"vm\",\"image\":\"alpine\",\"vcpus\":1}");
}

static void an_instance_that_boots_for_100_seconds(struct api_fixture *f)
{
    struct world_settings settings = world_settings_default();

    settings.boot_delay_ns = 100 * NS_PER_SEC;
    api_restart(f, &settings);
    an_instance(f);
}

/* --- the recipes ------------------------------------------------------------------------- */

/* clang-format off */
static const struct recipe recipes[] = {
    { DIVERGENCE_UNESCAPED_MESSAGE, "VALID-002 INST-X-041", nothing, HTTP_POST, "/instances",
      "{\"name\":\"vm\"}",
      { 400, BAD(BODY("CreateInstanceRequest", "\\\"/image\\\"",
                      "property \\\"image\\\" is missing")), 0 },
      { 400, BAD(BODY("CreateInstanceRequest", "\"/image\"", "property \"image\" is missing")), 0 },
      NULL },
    { DIVERGENCE_UNESCAPED_MESSAGE, "SNAP-X-020", nothing, HTTP_POST, "/instances/vm/snapshots",
      "{}",
      { 400, BAD(BODY("CreateSnapshotRequest", "\\\"/kind\\\"",
                      "property \\\"kind\\\" is missing")), 0 },
      { 400, BAD(BODY("CreateSnapshotRequest", "\"/kind\"", "property \"kind\" is missing")), 0 },
      NULL },
    { DIVERGENCE_MESSAGE_AS_FORMAT, "INST-X-043", nothing, HTTP_DELETE,
      "/instances/vm?graceful_shutdown=%25d", NULL,
      { 400, BAD("parameter \\\"graceful_shutdown\\\" in query has an error: value %d: an invalid "
                 "boolean: invalid syntax"), 0 },
      { 400, BAD("parameter \"graceful_shutdown\" in query has an error: value %!d(MISSING): an "
                 "invalid boolean: invalid syntax"), 0 }, NULL },
    { DIVERGENCE_MESSAGE_AS_FORMAT, "VALID-004 SNAP-X-025", nothing, HTTP_POST,
      "/instances/vm/snapshots", "{\"kind\":\"Standby\",\"tags\":{\"100%\":5,\"a%d\":5}}",
      { 400, BAD(BODY("CreateSnapshotRequest", "\\\"/tags/100%\\\"", "value must be a string")),
        0 },
      { 400, BAD(BODY("CreateSnapshotRequest", "\"/tags/100%!\"(MISSING)",
                      "value must be a string")), 0 }, NULL },

    { DIVERGENCE_BINDING_TEXT, "BIND-001", nothing, HTTP_GET, "/snapshots/50%25", NULL,
      { 400, BAD(BINDING "snapshotId: error unescaping path parameter 'snapshotId': invalid URL "
                 "escape \\\"%\\\""), 0 },
      { 400, BINDING "snapshotId: error unescaping path parameter 'snapshotId': invalid URL escape "
             "\"%\"\n", 0 }, NULL },
    { DIVERGENCE_BINDING_TEXT, "BIND-002 INST-X-051", an_instance, HTTP_DELETE,
      "/instances/vm?graceful_shutdown=", NULL,
      { 400, BAD(SEVERAL("graceful_shutdown")), 0 }, { 400, SEVERAL("graceful_shutdown") "\n", 0 },
      NULL },
    { DIVERGENCE_BINDING_TEXT, "INST-X-050", nothing, HTTP_GET,
      "/instances?state=Running&state=Running", NULL,
      { 400, BAD(SEVERAL("state")), 0 }, { 400, SEVERAL("state") "\n", 0 }, NULL },
    { DIVERGENCE_BINDING_TEXT, "SNAP-L-022", nothing, HTTP_GET,
      "/snapshots?kind=Standby&kind=Stopped", NULL,
      { 400, BAD(SEVERAL("kind")), 0 }, { 400, SEVERAL("kind") "\n", 0 }, NULL },
    { DIVERGENCE_BINDING_TEXT, "BIND-003 INST-X-052", nothing, HTTP_POST, "/instances",
      CREATE("\"vcpus\":3.0"),
      { 400, BAD(DECODING "json: cannot unmarshal number 3.0 into Go struct field "
                 "CreateInstanceRequest.vcpus of type int"), 0 },
      { 400, DECODING "json: cannot unmarshal number 3.0 into Go struct field "
             "CreateInstanceRequest.vcpus of type int\n", 0 }, NULL },
    { DIVERGENCE_BINDING_TEXT, "SNAP-X-024", an_instance, HTTP_POST, "/instances/vm/snapshots",
      "{\"kind\":\"Standby\",\"compression\":{\"enabled\":true,\"level\":1e0}}",
      { 400, BAD(DECODING "json: cannot unmarshal number 1e0 into Go struct field "
                 "SnapshotCompressionConfig.compression.level of type int"), 0 },
      { 400, DECODING "json: cannot unmarshal number 1e0 into Go struct field "
             "SnapshotCompressionConfig.compression.level of type int\n", 0 }, NULL },
    { DIVERGENCE_BINDING_TEXT, "NEW-045", nothing, HTTP_POST, "/instances",
      CREATE("\"expires_at\":\"2026-02-31T18:00:00Z\""),
      { 400, BAD(DECODING "parsing time \\\"2026-02-31T18:00:00Z\\\": day out of range"), 0 },
      { 400, DECODING "parsing time \"2026-02-31T18:00:00Z\": day out of range\n", 0 }, NULL },

    { DIVERGENCE_UNKNOWN_PATH, "HTTP-020", nothing, HTTP_GET, "/nope", NULL,
      { 404, GATE("not_found", "404 page not found"), 0 }, { 404, "404 page not found\n", 0 },
      NULL },
    { DIVERGENCE_UNKNOWN_PATH, "HTTP-021", nothing, HTTP_POST, "/Instances", "{}",
      { 404, GATE("not_found", "404 page not found"), 0 }, { 404, "404 page not found\n", 0 },
      NULL },
    { DIVERGENCE_UNKNOWN_PATH, "SNAP-X-012", nothing, HTTP_GET, "/snapshots/", NULL,
      { 404, GATE("not_found", "404 page not found"), 0 }, { 404, "404 page not found\n", 0 },
      NULL },
    { DIVERGENCE_WRONG_METHOD, "HTTP-022", nothing, HTTP_PUT, "/volumes", NULL,
      { 405, GATE("method_not_allowed", "method not allowed"), 2 }, { 405, "", 2 }, NULL },
    { DIVERGENCE_WRONG_METHOD, "HTTP-023", nothing, HTTP_OPTIONS, "/health", NULL,
      { 405, GATE("method_not_allowed", "method not allowed"), 1 }, { 405, "", 1 }, NULL },
    { DIVERGENCE_WRONG_METHOD, "HTTP-024", nothing, HTTP_METHOD_OTHER, "/health", NULL,
      { 405, GATE("method_not_allowed", "method not allowed"), 0 }, { 405, "", 0 }, NULL },
    { DIVERGENCE_WRONG_METHOD, "SNAP-X-013", nothing, HTTP_POST, "/snapshots", NULL,
      { 405, GATE("method_not_allowed", "method not allowed"), 1 }, { 405, "", 1 }, NULL },
    { DIVERGENCE_PROTOCOL_TEXT, "HTTP-004", nothing, HTTP_GET, "/instances/%zz", NULL,
      { 400, BAD("malformed request target"), 0 }, { 400, "400 Bad Request", 0 }, NULL },
    { DIVERGENCE_PROTOCOL_TEXT, "HTTP-003", nothing, HTTP_GET, "/health", NULL,
      { 400, BAD("missing required Host header"), 0 },
      { 400, "400 Bad Request: missing required Host header", 0 }, ask_without_host },

    { DIVERGENCE_TAG_FILTER_KEY, "TAG-028 INST-T-008", nothing, HTTP_GET,
      "/instances?tags[a%23]=b", NULL,
      { 400, BAD(TAGS "property name \\\"a#\\\": string doesn't match the regular expression "
                 TAG_PATTERN), 0 }, { 200, "[]\n", 0 }, NULL },
    { DIVERGENCE_TAG_FILTER_KEY, "SNAP-L-020", nothing, HTTP_GET, "/snapshots?tags[b]=c&tags[%25d]=",
      NULL,
      { 400, BAD(TAGS "property name \\\"%d\\\": string doesn't match the regular expression "
                 TAG_PATTERN), 0 }, { 200, "[]\n", 0 }, NULL },
    { DIVERGENCE_TAG_FILTER_KEY, "TAG-028", nothing, HTTP_GET,
      "/instances?tags[" A_64 A_64 "a]=b", NULL,
      { 400, BAD(TAGS "property name \\\"" A_64 A_64 "a\\\": maximum string length is 128"), 0 },
      { 200, "[]\n", 0 }, NULL },
    { DIVERGENCE_NUL_IN_IDENTIFIER, "PATH-005", nothing, HTTP_GET, "/instances/a%00b", NULL,
      { 404, GATE("not_found", "resource not found"), 0 },
      { 500, GATE("internal_error", "failed to resolve resource"), 0 }, NULL },
    { DIVERGENCE_SNAPSHOT_ID, "SNAP-I-010", nothing, HTTP_GET, "/snapshots/a%00b", NULL,
      { 404, HANDLER("not_found", "snapshot not found"), 0 }, { 500, FAILED_TO("get snapshot"), 0 },
      NULL },
    { DIVERGENCE_SNAPSHOT_ID, "SNAP-I-010", nothing, HTTP_DELETE, "/snapshots/" A_256, NULL,
      { 404, HANDLER("not_found", "snapshot not found"), 0 },
      { 500, FAILED_TO("delete snapshot"), 0 }, NULL },
    { DIVERGENCE_SNAPSHOT_ID, "SNAP-I-010", nothing, HTTP_POST, "/snapshots/%00/fork",
      "{\"name\":\"a\"}",
      { 404, HANDLER("not_found", "snapshot not found"), 0 },
      { 500, FAILED_TO("fork snapshot"), 0 }, NULL },
    { DIVERGENCE_SNAPSHOT_ID, "SNAP-I-010", an_instance, HTTP_POST,
      "/instances/vm/snapshots/" A_256 "/restore", "{}",
      { 404, HANDLER("not_found", "instance or snapshot not found"), 0 },
      { 500, FAILED_TO("restore snapshot"), 0 }, NULL },

    { DIVERGENCE_NAME_CONFLICT, "INST-N-002 INST-C-035", an_instance, HTTP_POST, "/instances",
      "{\"name\":\"vm\",\"image\":\"alpine\"}",
      { 409, HANDLER("name_conflict", "allocate network: instance name already exists: instance "
                     "name 'vm' already exists, can't assign into same network: default"), 0 },
      { 400, HANDLER("name_conflict", "allocate network: instance name already exists: instance "
                     "name 'vm' already exists, can't assign into same network: default"), 0 },
      NULL },
    { DIVERGENCE_IMAGE_REFERENCE, "INST-C-021", nothing, HTTP_POST, "/instances",
      "{\"name\":\"new\",\"image\":\"\"}",
      { 400, HANDLER("invalid_request", "image is empty"), 0 }, { 500, NO_CREATE, 0 }, NULL },
    { DIVERGENCE_IMAGE_REFERENCE, "INST-C-022", nothing, HTTP_POST, "/instances",
      "{\"name\":\"new\",\"image\":\"al pine\"}",
      { 400, HANDLER("invalid_request", "invalid image name: invalid reference format"), 0 },
      { 500, NO_CREATE, 0 }, NULL },
    { DIVERGENCE_NUMBER_OUT_OF_RANGE, "INST-C-045", nothing, HTTP_POST, "/instances",
      CREATE("\"vcpus\":-1"),
      { 400, HANDLER("invalid_request", "vcpus is negative"), 0 }, { 500, NO_CREATE, 0 }, NULL },
    { DIVERGENCE_NUMBER_OUT_OF_RANGE, "INST-C-046", nothing, HTTP_POST, "/instances",
      CREATE("\"size\":\"8EB\""),
      { 400, HANDLER("invalid_request", "size is negative"), 0 }, { 500, NO_CREATE, 0 }, NULL },
    { DIVERGENCE_NUMBER_OUT_OF_RANGE, "INST-C-046", nothing, HTTP_POST, "/instances",
      CREATE("\"hotplug_size\":\"8EB\""),
      { 400, HANDLER("invalid_request", "hotplug_size is negative"), 0 }, { 500, NO_CREATE, 0 },
      NULL },
    { DIVERGENCE_NUMBER_OUT_OF_RANGE, "INST-C-047", nothing, HTTP_POST, "/instances",
      CREATE("\"overlay_size\":\"101GB\""),
      { 400, HANDLER("invalid_request", "overlay_size exceeds the limit of 100.0 GB"), 0 },
      { 500, NO_CREATE, 0 }, NULL },
    { DIVERGENCE_NUMBER_OUT_OF_RANGE, "INST-C-048", nothing, HTTP_POST, "/instances",
      CREATE("\"vcpus\":17"),
      { 400, HANDLER("invalid_request", "vcpus exceed the limit of 16"), 0 },
      { 500, NO_CREATE, 0 }, NULL },
    { DIVERGENCE_NUMBER_OUT_OF_RANGE, "INST-C-049", nothing, HTTP_POST, "/instances",
      CREATE("\"size\":\"16GB\",\"hotplug_size\":\"17GB\""),
      { 400, HANDLER("invalid_request", "size and hotplug_size exceed the limit of 32.0 GB"), 0 },
      { 500, NO_CREATE, 0 }, NULL },
    { DIVERGENCE_HYPERVISOR_NOT_HERE, "INST-C-041", nothing, HTTP_POST, "/instances",
      CREATE("\"hypervisor\":\"vz\""),
      { 400, HANDLER("invalid_request", "hypervisor not available on this host"), 0 },
      { 500, NO_CREATE, 0 }, NULL },

    { DIVERGENCE_VOLUME_RULES, "INST-C-070", nothing, HTTP_POST, "/instances",
      MOUNTED(OVERLAID("a") "," OVERLAID("b") "," OVERLAID("c") "," OVERLAID("d") ","
              OVERLAID("e") "," OVERLAID("f") "," OVERLAID("g") "," OVERLAID("h") ","
              OVERLAID("i") "," OVERLAID("j") "," OVERLAID("k") "," OVERLAID("l")),
      { 400, HANDLER("invalid_request", "more than 23 volume devices"), 0 }, { 500, NO_CREATE, 0 },
      NULL },
    { DIVERGENCE_VOLUME_RULES, "INST-C-071", nothing, HTTP_POST, "/instances",
      MOUNTED(VOLUME("a", "data", "")),
      { 400, HANDLER("invalid_request", "mount path data is not absolute"), 0 },
      { 500, NO_CREATE, 0 }, NULL },
    { DIVERGENCE_VOLUME_RULES, "INST-C-072", nothing, HTTP_POST, "/instances",
      MOUNTED(VOLUME("a", "/data/../etc/ssl", "")),
      { 400, HANDLER("invalid_request", "mount path /data/../etc/ssl is reserved"), 0 },
      { 500, NO_CREATE, 0 }, NULL },
    { DIVERGENCE_VOLUME_RULES, "INST-C-073", nothing, HTTP_POST, "/instances",
      MOUNTED(VOLUME("builder-disk-1", "/data", "")),
      { 400, HANDLER("invalid_request", "volume id builder-disk-1 is reserved"), 0 },
      { 500, NO_CREATE, 0 }, NULL },
    { DIVERGENCE_VOLUME_RULES, "INST-C-074", nothing, HTTP_POST, "/instances",
      MOUNTED(VOLUME("a", "/data", "") "," VOLUME("b", "/data/", "")),
      { 400, HANDLER("invalid_request", "two volumes are mounted at /data/"), 0 },
      { 500, NO_CREATE, 0 }, NULL },
    { DIVERGENCE_VOLUME_RULES, "INST-C-075", nothing, HTTP_POST, "/instances",
      MOUNTED(VOLUME("a", "/data", ",\"overlay\":true,\"overlay_size\":\"1GB\"")),
      { 400, HANDLER("invalid_request", "volume a has an overlay but is not readonly"), 0 },
      { 500, NO_CREATE, 0 }, NULL },
    { DIVERGENCE_VOLUME_RULES, "INST-C-076", nothing, HTTP_POST, "/instances",
      MOUNTED(VOLUME("a", "/data", ",\"readonly\":true,\"overlay\":true")),
      { 400, HANDLER("invalid_request", "the overlay of volume a has no size"), 0 },
      { 500, NO_CREATE, 0 }, NULL },
    { DIVERGENCE_VOLUME_TAKEN, "INST-C-078", nothing, HTTP_POST, "/instances",
      MOUNTED(VOLUME("a", "/data", "") "," VOLUME("a", "/more", "")),
      { 409, HANDLER("conflict", "volume a is attached twice"), 0 }, { 500, NO_CREATE, 0 }, NULL },
    { DIVERGENCE_VOLUME_TAKEN, "INST-C-078", an_instance, HTTP_POST, "/instances",
      MOUNTED(VOLUME("v", "/data", ",\"readonly\":true")),
      { 409, HANDLER("conflict", "volume v is attached to another instance"), 0 },
      { 500, NO_CREATE, 0 }, NULL },
    { DIVERGENCE_DEVICE_UNKNOWN, "INST-C-079", nothing, HTTP_POST, "/instances",
      CREATE("\"devices\":[\"gpu0\"]"),
      { 404, HANDLER("not_found", "device not found"), 0 }, { 500, NO_CREATE, 0 }, NULL },

    { DIVERGENCE_NAME_CONFLICT_AT_START, "INST-ST-029", a_fork_and_an_instance_of_its_name,
      HTTP_POST, "/instances/{id}/start", "{}",
      { 409, HANDLER("name_conflict", "allocate network: instance name already exists: instance "
                     "name 'twin' already exists, can't assign into same network: default"), 0 },
      { 500, FAILED_TO("start instance"), 0 }, NULL },
    { DIVERGENCE_NAME_CONFLICT_AT_START, "INST-ST-029", a_sleeping_fork_and_an_instance_of_its_name,
      HTTP_POST, "/instances/{id}/restore", NULL,
      { 409, HANDLER("name_conflict", "allocate network: instance name already exists: instance "
                     "name 'twin' already exists, can't assign into same network: default"), 0 },
      { 500, FAILED_TO("restore instance"), 0 }, NULL },
    { DIVERGENCE_VOLUME_ATTACHMENT, "INST-VOL-003", an_instance, HTTP_POST,
      "/instances/vm/volumes/w", "{\"mount_path\":\"/data\"}", { 200, NULL, 0 },
      { 500, HANDLER("not_implemented", "volume attachment not yet implemented"), 0 }, NULL },
    { DIVERGENCE_VOLUME_ATTACHMENT, "INST-VOL-003", an_instance, HTTP_POST,
      "/instances/vm/volumes/v", "{\"mount_path\":\"/data\"}",
      { 409, HANDLER("conflict", "volume v is attached twice"), 0 },
      { 500, HANDLER("not_implemented", "volume attachment not yet implemented"), 0 }, NULL },
    { DIVERGENCE_VOLUME_ATTACHMENT, "INST-VOL-004", an_instance, HTTP_DELETE,
      "/instances/vm/volumes/v", NULL, { 200, NULL, 0 },
      { 500, HANDLER("not_implemented", "volume detachment not yet implemented"), 0 }, NULL },
    { DIVERGENCE_VOLUME_ATTACHMENT, "INST-VOL-005", an_instance, HTTP_DELETE,
      "/instances/vm/volumes/w", NULL,
      { 404, HANDLER("not_found", "volume not attached to this instance"), 0 },
      { 500, HANDLER("not_implemented", "volume detachment not yet implemented"), 0 }, NULL },

    { DIVERGENCE_LONG_WAIT, "INST-W-011 INST-W-012", an_instance_that_boots_for_100_seconds,
      HTTP_GET, "/instances/vm/wait?state=Running&timeout=1h", NULL,
      { 200, WAITED("Running", "false"), 0 }, { 200, WAITED("Initializing", "true"), 0 }, NULL },

    { DIVERGENCE_DISABLED_COMPRESSION, "COMP-012", a_stopped_snapshot, HTTP_POST,
      "/instances/vm/snapshots",
      "{\"kind\":\"Stopped\",\"compression\":{\"enabled\":false,\"algorithm\":\"lz4\","
      "\"level\":15}}",
      { 201, NULL, 0 },
      { 400, HANDLER("invalid_snapshot_compression",
                     "level must be between 0 and 9 for lz4, got 15"), 0 }, NULL },
    { DIVERGENCE_DISABLED_COMPRESSION, "INST-C-016", nothing, HTTP_POST, "/instances",
      CREATE("\"snapshot_policy\":{\"compression\":{\"enabled\":false,\"level\":0}}"),
      { 201, NULL, 0 },
      { 400, HANDLER("invalid_snapshot_policy", "level must be between 1 and 19 for zstd, got 0"),
        0 }, NULL },
    { DIVERGENCE_DISABLED_COMPRESSION, "INST-SB-007", an_instance, HTTP_POST,
      "/instances/vm/standby", "{\"compression\":{\"enabled\":false,\"level\":0}}",
      { 200, NULL, 0 },
      { 400, HANDLER("invalid_snapshot_compression",
                     "level must be between 1 and 19 for zstd, got 0"), 0 }, NULL },
    { DIVERGENCE_TARGET_STATE, "SNAP-R-006", a_stopped_snapshot, HTTP_POST,
      "/instances/vm/snapshots/{id}/restore", "{\"target_state\":\"Standby\"}",
      { 409, HANDLER("invalid_state", "invalid request: invalid target_state \\\"Standby\\\" for "
                     "snapshot kind Stopped"), 0 },
      { 400, HANDLER("invalid_request", "invalid request: invalid target_state \\\"Standby\\\" for "
                     "snapshot kind Stopped"), 0 }, NULL },
    { DIVERGENCE_TARGET_STATE, "SNAP-F-006", a_stopped_snapshot, HTTP_POST, "/snapshots/{id}/fork",
      "{\"name\":\"new\",\"target_state\":\"Standby\"}",
      { 409, HANDLER("conflict", "invalid request: invalid target_state \\\"Standby\\\" for "
                     "snapshot kind Stopped"), 0 },
      { 400, HANDLER("invalid_request", "invalid request: invalid target_state \\\"Standby\\\" for "
                     "snapshot kind Stopped"), 0 }, NULL },
    { DIVERGENCE_NO_STANDBY, "SNAP-C-034", an_instance_on_an_old_mac, HTTP_POST,
      "/instances/vm/snapshots", "{\"kind\":\"Standby\"}",
      { 501, HANDLER("not_supported", "standby source instance: operation not supported: "
                     "hypervisor vz has no standby on this host"), 0 },
      { 500, FAILED_TO("create snapshot"), 0 }, NULL },
    { DIVERGENCE_FIRST_RESTART, "INST-RP-007", a_guest_ended_five_seconds_ago, HTTP_GET,
      "/instances/{id}", NULL,
      { 200, "~\"state\":\"Stopped\"", 0 }, { 200, "~\"state\":\"Running\"", 0 }, NULL },
    { DIVERGENCE_FAILED_RUN, "SCHED-T-011", a_good_run_and_a_failed_one, HTTP_GET,
      "/instances/vm/snapshot-schedule", NULL,
      { 200, "~\"last_snapshot_id\":\"", 0 }, { 200, "~\"last_snapshot_id\":null", 0 }, NULL },
};
/* clang-format on */

/* --- playing them ------------------------------------------------------------------------ */

static struct text with_id(struct api_fixture *f, const char *target, char *room, size_t size)
{
    const char *hole = strstr(target, "{id}");
    const int before = hole == NULL ? (int)strlen(target) : (int)(hole - target);
    const int len = snprintf(room, size, "%.*s%s%s", before, target, hole == NULL ? "" : f->id,
                             hole == NULL ? "" : hole + strlen("{id}"));
    assert_true(len > 0 && (size_t)len < size);
    return (struct text){ room, (size_t)len };
}

static void it_is_there(struct response *res)
{
    (void)res;
}

/* As the edge does it, so that its own refusals are part of the play. */
static void ask_with_host(struct api_fixture *f, const struct recipe *recipe, const char *host,
                          struct exchange *x)
{
    char target[512];
    const char *method =
        recipe->method == HTTP_METHOD_OTHER ? "FOO" : http_method_name(recipe->method);

    exchange_begin(x, with_id(f, recipe->target, target, sizeof target));
    if (host != NULL)
        exchange_add_header(x, TEXT("Host"), text_of(host));
    exchange_add_header(x, TEXT("Authorization"), TEXT("Bearer any"));
    if (recipe->body != NULL)
        exchange_add_header(x, TEXT("Content-Type"), TEXT("application/json"));
    if (!exchange_check_head(x, text_of(method), TEXT("HTTP/1.1"), 1))
        return;
    if (recipe->body != NULL)
        assert_true(exchange_add_body(x, recipe->body, strlen(recipe->body)));
    assert_true(exchange_check_body(x));
    api_handle(f->api, &x->request, &x->response);
    while (x->response.waiting) {
        f->fake.now_ns += api_pause_ns(f->api);
        api_turn(f->api, it_is_there);
    }
}

static void ask_without_host(struct api_fixture *f, const struct recipe *recipe, struct exchange *x)
{
    ask_with_host(f, recipe, NULL, x);
}

/* What a body of this form goes with: JSON, a text of Go's (with nosniff), or none. */
static void expect_content_type(const struct response *res, const char *body)
{
    bool has_nosniff = false;

    for (size_t i = 0; i < res->header_count; i++)
        has_nosniff |= text_equal_cstr(res->headers[i].name, "X-Content-Type-Options") &&
                       text_equal_cstr(res->headers[i].value, "nosniff");
    if (body != NULL && body[0] == '\0') {
        assert_null(res->content_type);
    } else if (body == NULL || strchr("~{[", body[0]) != NULL) {
        assert_string_equal(res->content_type, "application/json");
        assert_false(has_nosniff);
    } else {
        assert_string_equal(res->content_type, "text/plain; charset=utf-8");
        assert_int_equal(has_nosniff, !res->close); /* the protocol's own texts have none */
    }
}

static bool fits(struct text body, const char *expected)
{
    if (expected == NULL)
        return true;
    if (expected[0] == '~')
        return memmem(body.data, body.len, expected + 1, strlen(expected) - 1) != NULL;
    return text_equal_cstr(body, expected);
}

static void expect_answer(const struct recipe *recipe, const struct response *res,
                          const struct answer *expected)
{
    const struct text body = buffer_text(&res->body);
    size_t allow_lines = 0;

    if (res->status != expected->status || !fits(body, expected->body))
        fail_msg("%s %s: %d %s\ninstead of %d " TEXT_FMT, recipe->rules, recipe->target,
                 expected->status, expected->body, res->status, TEXT_ARGS(body));
    for (size_t i = 0; i < res->header_count; i++)
        allow_lines += text_equal_cstr(res->headers[i].name, "Allow");
    assert_int_equal(allow_lines, expected->allow_lines);
    expect_content_type(res, expected->body);
}

static void play(struct api_fixture *f, const struct recipe *recipe, enum truth truth)
{
    const struct world_settings settings = world_settings_default();

    f->truth = truth;
    api_restart(f, &settings);
    recipe->given(f);
    struct exchange x;
    exchange_init(&x, 1 << 20, truth);
    if (recipe->ask != NULL)
        recipe->ask(f, recipe, &x);
    else
        ask_with_host(f, recipe, "localhost", &x);
    expect_answer(recipe, &x.response, truth == TRUTH_SPEC ? &recipe->spec : &recipe->server);
    exchange_fini(&x);
}

static void each_row_is_answered_as_it_is_printed(void **state)
{
    for (size_t i = 0; i < ARRAY_LEN(recipes); i++) {
        play(*state, &recipes[i], TRUTH_SPEC);
        play(*state, &recipes[i], TRUTH_SERVER);
    }
}

static bool has_status(const char *sentence, int status)
{
    char text[8];
    snprintf(text, sizeof text, "%d", status);
    return strstr(sentence, text) != NULL;
}

static void the_printed_answers_name_the_status(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(recipes); i++) {
        const struct ledger_row *row = &ledger[recipes[i].row];
        assert_true(has_status(row->spec, recipes[i].spec.status));
        assert_true(has_status(row->server, recipes[i].server.status));
    }
}

/* --- the table ---------------------------------------------------------------------------- */

static bool names_rule(const char *rules, struct text rule)
{
    for (struct text rest = text_of(rules); rest.data != NULL;) {
        if (text_equal(text_split(&rest, ' '), rule))
            return true;
    }
    return false;
}

static void every_rule_of_a_row_has_a_recipe_and_none_has_another(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(recipes); i++) {
        for (struct text rest = text_of(recipes[i].rules); rest.data != NULL;)
            assert_true(names_rule(ledger[recipes[i].row].rules, text_split(&rest, ' ')));
    }
    for (size_t row = DIVERGENCE_NONE + 1; row < DIVERGENCE_COUNT; row++) {
        for (struct text rest = text_of(ledger[row].rules); rest.data != NULL;) {
            const struct text rule = text_split(&rest, ' ');
            bool found = false;
            for (size_t i = 0; i < ARRAY_LEN(recipes); i++)
                found |= recipes[i].row == row && names_rule(recipes[i].rules, rule);
            if (!found)
                fail_msg("no recipe for " TEXT_FMT, TEXT_ARGS(rule));
        }
    }
}

static void rows_are_whole_and_no_name_or_rule_is_there_twice(void **state)
{
    (void)state;
    for (size_t row = DIVERGENCE_NONE + 1; row < DIVERGENCE_COUNT; row++) {
        assert_true(ledger[row].name != NULL && ledger[row].name[0] != '\0');
        assert_true(ledger[row].asked != NULL && ledger[row].asked[0] != '\0');
        assert_string_not_equal(ledger[row].spec, ledger[row].server);
        for (size_t other = DIVERGENCE_NONE + 1; other < row; other++) {
            assert_string_not_equal(ledger[row].name, ledger[other].name);
            for (struct text rest = text_of(ledger[row].rules); rest.data != NULL;)
                assert_false(names_rule(ledger[other].rules, text_split(&rest, ' ')));
        }
    }
}

static char *read_contract(const char *document)
{
    char path[256];
    snprintf(path, sizeof path, CONTRACT_DIRECTORY "/%s.md", document);
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    const long size = ftell(file);
    assert_true(size > 0);
    char *text = calloc(1, (size_t)size + 1);
    assert_non_null(text);
    rewind(file);
    assert_int_equal(fread(text, 1, (size_t)size, file), (size_t)size);
    (void)fclose(file);
    return text;
}

/* A rule is the first cell of a table's row. */
static void expect_rules_in(char *const *documents, size_t count, const char *rules)
{
    for (struct text rest = text_of(rules); rest.data != NULL && rest.len > 0;) {
        const struct text rule = text_split(&rest, ' ');
        char cell[32];
        bool found = false;
        snprintf(cell, sizeof cell, "\n| " TEXT_FMT " |", TEXT_ARGS(rule));
        for (size_t i = 0; i < count; i++)
            found |= strstr(documents[i], cell) != NULL;
        if (!found)
            fail_msg("no rule " TEXT_FMT, TEXT_ARGS(rule));
    }
}

static void every_cited_rule_exists(void **state)
{
    static const char *const names[] = { "common", "instances", "snapshots", "newest" };
    char *documents[ARRAY_LEN(names)];
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        documents[i] = read_contract(names[i]);
    for (size_t row = DIVERGENCE_NONE + 1; row < DIVERGENCE_COUNT; row++)
        expect_rules_in(documents, ARRAY_LEN(names), ledger[row].rules);
    for (const struct ledger_limit *limit = ledger_limits; limit->asked != NULL; limit++)
        expect_rules_in(documents, ARRAY_LEN(names), limit->rules);
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        free(documents[i]);
}

static void error_rows_that_differ_do_differ(void **state)
{
    (void)state;
    for (const struct route *route = routes; route->path != NULL; route++) {
        for (const struct error_row *row = route->errors; row != NULL && row->when != ERROR_NONE;
             row++) {
            if (row->differs == DIVERGENCE_NONE) {
                assert_int_equal(row->spec_status, 0);
                assert_null(row->spec_code);
                continue;
            }
            assert_true(row->differs < DIVERGENCE_COUNT);
            assert_true(row->status != row->spec_status || strcmp(row->code, row->spec_code) != 0);
            assert_true(has_status(ledger[row->differs].spec, row->spec_status));
            assert_non_null(strstr(ledger[row->differs].spec, row->spec_code));
            assert_true(has_status(ledger[row->differs].server, row->status));
            assert_non_null(strstr(ledger[row->differs].server, row->code));
        }
    }
}

/* --- printing ------------------------------------------------------------------------------ */

static size_t count_limits(void)
{
    size_t count = 0;
    while (ledger_limits[count].asked != NULL)
        count++;
    return count;
}

static void the_text_is_aligned_and_has_every_word(void **state)
{
    enum { WIDTH = 12 + 2 + 36 + 2 + 32 + 2 + 36 };
    SCOPED(buffer) struct buffer out = buffer_capped(1 << 20);
    (void)state;

    ledger_write_text(&out);
    assert_true(buffer_append_byte(&out, '\0'));
    for (size_t row = DIVERGENCE_NONE + 1; row < DIVERGENCE_COUNT; row++) {
        for (struct text rest = text_of(ledger[row].rules); rest.data != NULL;) {
            const struct text rule = text_split(&rest, ' ');
            char line[32];
            snprintf(line, sizeof line, "\n" TEXT_FMT, TEXT_ARGS(rule));
            assert_non_null(strstr(out.data, line));
        }
    }
    for (struct text rest = text_of(out.data); rest.data != NULL;) {
        const struct text line = text_split(&rest, '\n');
        assert_true(line.len <= WIDTH);
        assert_true(line.len == 0 || line.data[line.len - 1] != ' ');
    }
    /* Wrapped cells go on below their beginning. */
    assert_non_null(strstr(out.data,
                           "\nINST-N-002    createInstance with network and the   409 name_conflict"
                           "                 400 name_conflict\n"
                           "INST-C-035    name of a networked instance\n"));
}

static void the_json_is_one_array_of_complete_objects(void **state)
{
    static const char *const keys[][5] = { { "kind", "name", "asked", "spec", "server" },
                                           { "kind", "asked", "mock", "server", "kind" } };
    SCOPED(buffer) struct buffer out = buffer_capped(1 << 20);
    (void)state;

    ledger_write_json(&out);
    assert_false(out.failed);
    json_auto_t *array = json_loadb(out.data, out.len, JSON_REJECT_DUPLICATES, NULL);
    assert_true(json_is_array(array));
    assert_int_equal(json_array_size(array), DIVERGENCE_COUNT - 1 + count_limits());

    size_t index;
    const json_t *object;
    json_array_foreach(array, index, object)
    {
        const char *kind = json_string_value(json_object_get(object, "kind"));
        const bool is_limit = index >= DIVERGENCE_COUNT - 1;
        assert_string_equal(kind, is_limit ? "limit" : "divergence");
        for (size_t i = 0; i < 5; i++)
            assert_true(json_string_length(json_object_get(object, keys[is_limit][i])) > 0);
        const json_t *rules = json_object_get(object, "rules");
        assert_true(json_array_size(rules) > 0);
        assert_true(json_string_length(json_array_get(rules, 0)) > 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(each_row_is_answered_as_it_is_printed, api_setup,
                                        api_teardown),
        cmocka_unit_test(the_printed_answers_name_the_status),
        cmocka_unit_test(every_rule_of_a_row_has_a_recipe_and_none_has_another),
        cmocka_unit_test(rows_are_whole_and_no_name_or_rule_is_there_twice),
        cmocka_unit_test(every_cited_rule_exists),
        cmocka_unit_test(error_rows_that_differ_do_differ),
        cmocka_unit_test(the_text_is_aligned_and_has_every_word),
        cmocka_unit_test(the_json_is_one_array_of_complete_objects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
