/* Every message of the request validator: common.md section 4, as answers of the API.
 * VALID-001, INST-X-040: expect_bad_request compares the whole answer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mock/api/route.h"
#include "tests/unit/mock/api/api_fixture.h"

#define SCHEMA(name)                                                                               \
    "request body has an error: doesn't match schema #/components/schemas/" name ": "
#define SNAPSHOT    SCHEMA("CreateSnapshotRequest")
#define INSTANCE    SCHEMA("CreateInstanceRequest")
#define UPDATE      SCHEMA("UpdateInstanceRequest")
#define AT(place)   "Error at \"/" place "\": "
#define UNDECODABLE "request body has an error: failed to decode request body: "
#define NAME_REGEX  "string doesn't match the regular expression \"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$\""
#define KINDS       "value is not one of the allowed values [\"Standby\",\"Stopped\"]"
#define PLATFORM_REGEX                                                                             \
    "string doesn't match the regular expression \"^[a-z0-9]+/[a-z0-9]+(/[a-z0-9.]+)?$\""
#define HYPERVISORS                                                                                \
    "value is not one of the allowed values "                                                      \
    "[\"cloud-hypervisor\",\"firecracker\",\"qemu\",\"qemu-microvm\",\"vz\"]"
#define BODY_MISSING "request body has an error: value is required but missing"
#define NOT_FOUND    "{\"code\":\"not_found\",\"message\":\"resource not found\"}"
#define TEN(s)       s s s s s s s s s s

struct example {
    const char *rules;
    const char *body;
    const char *message;
};

static void expect_messages(struct api_fixture *f, enum http_method method, const char *target,
                            const struct example *examples, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        f->about = examples[i].rules;
        send_request(f, method, target, examples[i].body);
        expect_bad_request(f, examples[i].message);
    }
}

/* --- is there a body, and of what kind ---------------------------------------------------- */

/* VALID-030, VALID-033, SNAP-X-015, INST-U-001 */
static void a_body_is_required_before_its_type_is_looked_at(void **state)
{
    static const char *const types[] = { "application/json", "text/plain", NULL };
    struct api_fixture *f = *state;
    size_t needing = 0;

    for (const struct route *route = routes; route->path != NULL; route++) {
        for (size_t i = 0; i < ARRAY_LEN(types) && route->run != NULL; i++) {
            f->about = route->operation_id;
            f->content_type = types[i];
            send_request(f, route->method, route->path, "");
            if (route->body == BODY_JSON) {
                expect_bad_request(f, BODY_MISSING);
                needing++;
            } else if (route->body == BODY_JSON_OPTIONAL) {
                assert_string_equal(route->operation_id, "standbyInstance"); /* no other */
                expect_json(f, 404, NOT_FOUND);
            }
        }
    }
    assert_true(needing > 0);
}

/* VALID-031, VALID-033, INST-X-010, SNAP-X-016 */
static void the_content_type_is_case_sensitive_and_may_have_parameters(void **state)
{
    static const char *const targets[] = { "/instances", "/instances/a/snapshots",
                                           "/instances/a/standby" };
    static const struct {
        const char *sent; /* NULL: no such header */
        bool accepted;
    } types[] = {
        { "text/plain", false },
        { "application/JSON", false },
        { "Application/json", false },
        { "application/problem+json", false },
        { "application/jsonx", false },
        { "", false },
        { NULL, false },
        { "application/json", true },
        { "application/json; charset=utf-8", true },
        { "application/json;charset=x", true },
    };
    struct api_fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(targets) * ARRAY_LEN(types); i++) {
        const char *target = targets[i / ARRAY_LEN(types)];
        const char *type = types[i % ARRAY_LEN(types)].sent;
        char message[200];
        f->about = type;
        f->content_type = type;
        post(f, target, "[]");
        snprintf(message, sizeof message,
                 "request body has an error: header Content-Type has unexpected value \"%s\"",
                 type == NULL ? "" : type);
        if (types[i % ARRAY_LEN(types)].accepted)
            expect_contains(f, "value must be an object");
        else
            expect_bad_request(f, message);
    }
}

/* --- its syntax --------------------------------------------------------------------------- */

static void malformed_json_is_reported_in_the_decoders_words(void **state)
{
    static const struct example examples[] = {
        { "VALID-034, SNAP-X-017", "{", UNDECODABLE "unexpected EOF" },
        { "VALID-034, SNAP-X-017", "  ", UNDECODABLE "EOF" },
        { "VALID-034", "nope",
          UNDECODABLE "invalid character 'o' in literal null (expecting 'u')" },
        { "VALID-034", "}", UNDECODABLE "invalid character '}' looking for beginning of value" },
        { "VALID-034", "{\"name\":\"a\",}",
          UNDECODABLE "invalid character '}' looking for beginning of object key string" },
        { "VALID-034", "\xEF\xBB\xBF{}",
          UNDECODABLE "invalid character '\u00ef' looking for beginning of value" },
    };
    struct api_fixture *f = *state;

    expect_messages(f, HTTP_POST, "/instances", examples, ARRAY_LEN(examples));
    expect_messages(f, HTTP_POST, "/instances/a/snapshots", examples, ARRAY_LEN(examples));
}

static void a_body_nested_deeper_than_64_is_refused(void **state)
{
    struct api_fixture *f = *state;

    post(f, "/instances", TEN("[[[[[[[[[[") TEN("]]]]]]]]]]"));
    expect_status(f, 400);
    expect_contains(f, UNDECODABLE);
}

static void what_a_body_has_too_much_is_ignored(void **state)
{
    static const struct {
        const char *rules;
        const char *body;
    } cases[] = {
        { "VALID-036, INST-X-006", "{\"name\":\"web-1\",\"image\":\"nginx\",\"x\":{\"y\":[]}}" },
        { "VALID-036", "{\"name\":\"web-1\",\"image\":\"nginx\",\"network\":{\"x\":null}}" },
        { "VALID-038, INST-X-008", "{\"name\":\"A B\",\"image\":5,\"image\":\"nginx\",\"name\":"
                                   "\"web-1\"}" },
        { "VALID-035, INST-X-009", "{\"name\":\"web-1\",\"image\":\"nginx\"} tail" },
        { "VALID-035, INST-X-009", "{\"name\":\"web-1\",\"image\":\"nginx\"}{\"name\":\"b\"}" },
    };
    struct api_fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        f->about = cases[i].rules;
        given_instance(f, cases[i].body);
        expect_contains(f, "\"image\":\"nginx\"");
        expect_contains(f, "\"name\":\"web-1\"");
        post(f, "/instances/web-1/snapshots", /* SNAP-X-019 */
             "{\"kind\":5,\"kind\":\"Standby\",\"x\":{}} {");
        expect_status(f, 201);
        send_request(f, HTTP_DELETE, "/instances/web-1", NULL);
    }
}

static void broken_text_is_mended(void **state) /* VALID-039 */
{
    struct api_fixture *f = *state;

    given_instance(f, "{\"name\":\"a\",\"image\":\"nginx\",\"env\":{\"K\":\"\\ud800|\xff|\"}}");
    get(f, "/instances/a");
    expect_contains(f, "\"env\":{\"K\":\"\uFFFD|\uFFFD|\"}");
}

/* --- its schema --------------------------------------------------------------------------- */

static void a_snapshot_request_is_judged_by_its_schema(void **state)
{
    static const struct example examples[] = {
        { "VALID-011, SNAP-X-018", "null", SNAPSHOT "Value is not nullable" },
        { "VALID-012, SNAP-X-018", "[]", SNAPSHOT "value must be an object" },
        { "VALID-012, SNAP-X-018", "\"{}\"", SNAPSHOT "value must be an object" },
        { "VALID-010, SNAP-C-007", "{}", SNAPSHOT AT("kind") "property \"kind\" is missing" },
        { "VALID-037, SNAP-X-026", "{\"Kind\":\"Standby\"}",
          SNAPSHOT AT("kind") "property \"kind\" is missing" },
        { "VALID-013, SNAP-C-008", "{\"kind\":\"standby\"}", SNAPSHOT AT("kind") KINDS },
        { "VALID-013, SNAP-X-023", "{\"kind\":null}", SNAPSHOT AT("kind") KINDS },
        { "VALID-013, SNAP-X-022", "{\"kind\":1}", SNAPSHOT AT("kind") KINDS },
        { "VALID-014, SNAP-C-009", "{\"kind\":\"Standby\",\"name\":\"A\"}",
          SNAPSHOT AT("name") NAME_REGEX },
        { "VALID-014, SNAP-C-009", "{\"kind\":\"Standby\",\"name\":\"\"}",
          SNAPSHOT AT("name") NAME_REGEX },
        { "VALID-011, SNAP-X-023, SNAP-C-012", "{\"kind\":\"Standby\",\"name\":null}",
          SNAPSHOT AT("name") "Value is not nullable" },
        { "VALID-012", "{\"kind\":\"Standby\",\"name\":7}",
          SNAPSHOT AT("name") "value must be a string" },
        { "VALID-015, VALID-042, SNAP-X-022, SNAP-C-010, INST-X-046",
          "{\"kind\":\"Standby\",\"name\":\"" TEN("-aaaaa") "aaaa\"}",
          SNAPSHOT AT("name") "maximum string length is 63" },
        { "VALID-011, SNAP-X-023", "{\"kind\":\"Standby\",\"tags\":null}",
          SNAPSHOT AT("tags") "Value is not nullable" },
        { "VALID-014", "{\"kind\":\"Standby\",\"tags\":{\"a/b~\":\"<\"}}", /* not escaped */
          SNAPSHOT AT("tags/a/b~") "string doesn't match the regular expression "
                                   "\"^[A-Za-z0-9 _.:/=+@-]*$\"" },
        { "VALID-010, COMP-011", "{\"kind\":\"Standby\",\"compression\":{}}",
          SNAPSHOT AT("compression/enabled") "property \"enabled\" is missing" },
        { "VALID-012", "{\"kind\":\"Standby\",\"compression\":{\"enabled\":\"yes\"}}",
          SNAPSHOT AT("compression/enabled") "value must be a boolean" },
        { "VALID-013, COMP-010",
          "{\"kind\":\"Standby\",\"compression\":{\"enabled\":true,\"algorithm\":\"ZSTD\"}}",
          SNAPSHOT AT("compression/algorithm") "value is not one of the allowed values "
                                               "[\"zstd\",\"lz4\"]" },
        { "VALID-016, COMP-008",
          "{\"kind\":\"Standby\",\"compression\":{\"enabled\":true,\"level\":-1}}",
          SNAPSHOT AT("compression/level") "number must be at least 0" },
        { "VALID-016, COMP-008",
          "{\"kind\":\"Standby\",\"compression\":{\"enabled\":true,\"level\":20}}",
          SNAPSHOT AT("compression/level") "number must be at most 19" },
        { "VALID-016, VALID-042",
          "{\"kind\":\"Standby\",\"compression\":{\"enabled\":true,\"level\":99999999999999999999}"
          "}",
          SNAPSHOT AT("compression/level") "number must be at most 19" },
        { "VALID-040, VALID-042",
          "{\"kind\":\"Standby\",\"compression\":{\"enabled\":true,\"level\":20.5}}",
          SNAPSHOT AT("compression/level") "value must be an integer" },
        { "VALID-012", "{\"kind\":\"Standby\",\"compression\":{\"enabled\":true,\"level\":\"1\"}}",
          SNAPSHOT AT("compression/level") "value must be an integer" },
    };
    struct api_fixture *f = *state;

    expect_messages(f, HTTP_POST, "/instances/any/snapshots", examples, ARRAY_LEN(examples));
}

#define WITH(members) "{\"name\":\"a\",\"image\":\"i\"," members "}"

static void an_instance_request_is_judged_by_its_schema(void **state)
{
    static const struct example examples[] = {
        { "VALID-010, INST-X-044", "{}", INSTANCE AT("name") "property \"name\" is missing" },
        { "INST-C-020", "{\"name\":\"a\"}", INSTANCE AT("image") "property \"image\" is missing" },
        { "INST-C-020", "{\"name\":\"a\",\"image\":7}",
          INSTANCE AT("image") "value must be a string" },
        { "INST-C-020", "{\"name\":\"a\",\"image\":null}",
          INSTANCE AT("image") "Value is not nullable" },
        { "INST-C-027", WITH("\"platform\":\"\""), INSTANCE AT("platform") PLATFORM_REGEX },
        { "INST-C-027", WITH("\"platform\":\"amd64\""), INSTANCE AT("platform") PLATFORM_REGEX },
        { "INST-C-040", WITH("\"hypervisor\":\"xen\""), INSTANCE AT("hypervisor") HYPERVISORS },
        { "INST-C-040", WITH("\"hypervisor\":\"\""), INSTANCE AT("hypervisor") HYPERVISORS },
        { "INST-C-040", WITH("\"hypervisor\":null"), INSTANCE AT("hypervisor") HYPERVISORS },
        { "VALID-012", WITH("\"vcpus\":\"2\""), INSTANCE AT("vcpus") "value must be an integer" },
        { "VALID-040", WITH("\"vcpus\":1.5"), INSTANCE AT("vcpus") "value must be an integer" },
        { "VALID-012", WITH("\"cmd\":\"sh\""), INSTANCE AT("cmd") "value must be an array" },
        { "VALID-012", WITH("\"cmd\":[\"sh\",1]"), INSTANCE AT("cmd/1") "value must be a string" },
        { "VALID-011", WITH("\"cmd\":[null]"), INSTANCE AT("cmd/0") "Value is not nullable" },
        { "VALID-012", WITH("\"env\":[]"), INSTANCE AT("env") "value must be an object" },
        { "VALID-012", WITH("\"network\":{\"enabled\":1}"),
          INSTANCE AT("network/enabled") "value must be a boolean" },
        { "VALID-010", WITH("\"volumes\":[{\"mount_path\":\"/d\"}]"),
          INSTANCE AT("volumes/0/volume_id") "property \"volume_id\" is missing" },
        { "VALID-016", WITH("\"health_check\":{\"http\":{\"port\":0}}"),
          INSTANCE AT("health_check/http/port") "number must be at least 1" },
        { "VALID-017", WITH("\"health_check\":{\"exec\":{\"command\":[]}}"),
          INSTANCE AT("health_check/exec/command") "minimum number of items is 1" },
        { "VALID-016", WITH("\"auto_standby\":{\"ignore_destination_ports\":[65536]}"),
          INSTANCE AT("auto_standby/ignore_destination_ports/0") "number must be at most 65535" },
        { "NEW-044", WITH("\"expires_at\":\"2026-08-21\""),
          INSTANCE AT("expires_at") "string doesn't match the format \"date-time\": string doesn't "
                                    "match pattern "
                                    "\"^[0-9]{4}-(0[1-9]|10|11|12)-(0[1-9]|[12][0-9]|3[01])T([0-1]["
                                    "0-9]|2[0-3])"
                                    ":[0-5][0-9]:([0-5][0-9]|60)(\\.[0-9]+)?(Z|(\\+|-)[0-9]{2}:[0-"
                                    "9]{2})?$\"" },
    };
    struct api_fixture *f = *state;

    expect_messages(f, HTTP_POST, "/instances", examples, ARRAY_LEN(examples));
}

/* VALID-003: one problem only, the first in this order. */
static void present_members_are_judged_in_byte_order_before_missing_ones(void **state)
{
    static const struct example instances[] = {
        { "VALID-041, INST-X-044", "{\"name\":\"A_B\"}", INSTANCE AT("name") NAME_REGEX },
        { "VALID-041, INST-X-044", "{\"vcpus\":true,\"env\":1,\"name\":\"a\"}",
          INSTANCE AT("env") "value must be an object" },
        { "VALID-041", "{\"vcpus\":true,\"network\":{\"enabled\":0},\"name\":\"a\"}",
          INSTANCE AT("network/enabled") "value must be a boolean" },
        { "VALID-041", "{\"cmd\":[1,2],\"vcpus\":true}",
          INSTANCE AT("cmd/0") "value must be a string" },
        { "VALID-041", "{\"image\":5,\"Image\":6,\"zzz\":7}",
          INSTANCE AT("image") "value must be a string" },
        { "VALID-041", WITH("\"volumes\":[{\"readonly\":1}]"),
          INSTANCE AT("volumes/0/readonly") "value must be a boolean" },
        { "VALID-041", WITH("\"volumes\":[{}]"), /* in the order of the schema */
          INSTANCE AT("volumes/0/volume_id") "property \"volume_id\" is missing" },
    };
    static const struct example snapshots[] = {
        { "VALID-041, SNAP-X-022", "{\"tags\":{\"z\":1,\"a\":\"!\"},\"name\":\"ok\"}",
          SNAPSHOT AT("tags/a") "string doesn't match the regular expression "
                                "\"^[A-Za-z0-9 _.:/=+@-]*$\"" },
        { "VALID-041, SNAP-X-022", "{\"tags\":5,\"compression\":{\"level\":\"x\"},\"name\":1}",
          SNAPSHOT AT("compression/level") "value must be an integer" },
        { "VALID-041, SNAP-X-022", "{\"name\":\"ok\"}",
          SNAPSHOT AT("kind") "property \"kind\" is missing" },
    };
    static const struct example updates[] = {
        { "VALID-041, INST-U-002", "{\"env\":{},\"restart_policy\":5}",
          UPDATE AT("env") "there must be at least 1 properties" },
    };
    struct api_fixture *f = *state;

    expect_messages(f, HTTP_POST, "/instances", instances, ARRAY_LEN(instances));
    expect_messages(f, HTTP_POST, "/instances/a/snapshots", snapshots, ARRAY_LEN(snapshots));
    expect_messages(f, HTTP_PATCH, "/instances/a", updates, ARRAY_LEN(updates));
}

static void a_message_ends_with_its_first_line(void **state) /* VALID-003, INST-X-042 */
{
    struct api_fixture *f = *state;

    for (enum truth truth = TRUTH_SPEC; truth <= TRUTH_SERVER; truth++) {
        given_truth(f, truth);
        post(f, "/instances/a/snapshots", "{\"kind\":\"Standby\",\"tags\":{\"a\\nb\":5}}");
        expect_bad_request(f, SNAPSHOT "Error at \"/tags/a");
        send_request(f, HTTP_DELETE, "/instances/a?graceful_shutdown=x%0Ay", NULL);
        expect_bad_request(f, "parameter \"graceful_shutdown\" in query has an error: value x");
    }
}

static void names_are_1_to_63_letters_digits_and_inner_dashes(void **state) /* INST-N-001 */
{
    static const struct {
        const char *name;
        const char *reason; /* NULL: a name */
    } names[] = {
        { "a--b", NULL },
        { "1", NULL },
        { TEN("abcdef") "123", NULL },
        { "-a", NAME_REGEX },
        { "a-", NAME_REGEX },
        { "A", NAME_REGEX },
        { "a_b", NAME_REGEX },
        { "a b", NAME_REGEX },
        { "", NAME_REGEX },
        { "a\\n", NAME_REGEX },
        { "\u00e9", NAME_REGEX },
        { TEN("abcdef") "1234", "maximum string length is 63" },
        { "-" TEN("abcdef") "123", "maximum string length is 63" }, /* INST-X-046 */
    };
    static const char *const targets[][2] = {
        { "/instances", "CreateInstanceRequest" },
        { "/instances/source/fork", "ForkInstanceRequest" },
        { "/instances/source/snapshots", "CreateSnapshotRequest" }, /* SNAP-C-009, SNAP-C-011 */
    };
    struct api_fixture *f = *state;

    given_instance(f, "{\"name\":\"source\",\"image\":\"i\"}");
    for (size_t i = 0; i < ARRAY_LEN(targets) * ARRAY_LEN(names); i++) {
        const char *const *target = targets[i / ARRAY_LEN(names)];
        const char *name = names[i % ARRAY_LEN(names)].name;
        const char *reason = names[i % ARRAY_LEN(names)].reason;
        char body[200];
        char message[400];
        f->about = name;
        snprintf(body, sizeof body,
                 "{\"name\":\"%s\",\"image\":\"i\",\"kind\":\"Standby\",\"from_running\":true,"
                 "\"vcpus\":1,\"size\":\"1MB\",\"overlay_size\":\"1MB\"}",
                 name);
        post(f, target[0], body);
        if (reason == NULL) {
            expect_status(f, 201);
            snprintf(body, sizeof body, "/instances/%s", name);
            send_request(f, HTTP_DELETE, body, NULL); /* the next one takes the name */
            continue;
        }
        snprintf(message, sizeof message,
                 "request body has an error: doesn't match schema #/components/schemas/%s: Error "
                 "at \"/name\": %s",
                 target[1], reason);
        expect_bad_request(f, message);
    }
}

/* VALID-043, INST-X-045 */
static void null_stands_for_a_default_where_there_is_one(void **state)
{
    struct api_fixture *f = *state;

    post(f, "/instances",
         "{\"name\":\"a\",\"image\":\"nginx\",\"size\":null,\"vcpus\":null,"
         "\"overlay_size\":null,\"network\":{\"enabled\":null}}");
    expect_status(f, 201);
    expect_contains(f, "\"vcpus\":2");
    expect_contains(f, "\"size\":\"1024.0 MB\"");
    expect_contains(f, "\"overlay_size\":\"10.0 GB\"");
    expect_contains(f, "\"enabled\":true,\"ip\":\"10.100.0.2\"");
    post(f, "/instances", WITH("\"hotplug_size\":null"));
    expect_bad_request(f, INSTANCE AT("hotplug_size") "Value is not nullable");
}

/* --- what the description allows and the typed layer does not ----------------------------- */

/* BIND-003, INST-X-052 */
static void whole_numbers_that_do_not_fit_fail_at_binding(void **state)
{
    static const char *const numbers[] = { "3.0", "3e0", "99999999999999999999" };
    struct api_fixture *f = *state;

    for (size_t i = 0; i < 2 * ARRAY_LEN(numbers); i++) {
        const char *number = numbers[i / 2];
        char body[200];
        char message[200];
        given_truth(f, i % 2 == 0 ? TRUTH_SPEC : TRUTH_SERVER);
        snprintf(body, sizeof body, WITH("\"vcpus\":%s"), number);
        snprintf(message, sizeof message,
                 "can't decode JSON body: json: cannot unmarshal number %s into Go struct field "
                 "CreateInstanceRequest.vcpus of type int",
                 number);
        post(f, "/instances", body);
        expect_binding_error(f, message);
    }
}

/* VALID-040, VALID-045: no format forbids them before the instance has been looked up. */
static void whole_numbers_of_any_size_are_integers_to_the_validator(void **state)
{
    static const char *const numbers[] = { "3.0", "3e0", "99999999999999999999" };
    struct api_fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        char body[200];
        snprintf(body, sizeof body, "{\"health_check\":{\"failure_threshold\":%s}}", numbers[i]);
        send_request(f, HTTP_PATCH, "/instances/unknown", body);
        expect_json(f, 404, NOT_FOUND);
    }
}

static void dates_that_do_not_exist_fail_at_binding(void **state) /* NEW-045 */
{
    static const struct example examples[] = {
        { "NEW-045", "2026-08-21T18:00:00",
          "parsing time \"2026-08-21T18:00:00\" as \"2006-01-02T15:04:05Z07:00\": cannot parse "
          "\"\" as \"Z07:00\"" },
        { "NEW-045", "2026-02-31T18:00:00Z",
          "parsing time \"2026-02-31T18:00:00Z\": day out of range" },
        { "NEW-045", "2026-02-01T18:00:60Z",
          "parsing time \"2026-02-01T18:00:60Z\": second out of range" },
    };
    struct api_fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(examples); i++) {
        char body[200];
        char message[300];
        snprintf(body, sizeof body, WITH("\"expires_at\":\"%s\""), examples[i].body);
        snprintf(message, sizeof message, "can't decode JSON body: %s", examples[i].message);
        post(f, "/instances", body);
        expect_binding_error(f, message);
    }
}

/* --- queries ------------------------------------------------------------------------------ */

static void queries_are_judged_in_the_order_of_the_description(void **state) /* VALID-055 */
{
    static const char *const examples[][2] = {
        { "/snapshots?kind=x&source_instance_id=", "source_instance_id" },
        { "/snapshots?tags[]=x&name=&kind=x", "kind" },
        { "/snapshots?tags[]=x&name=", "name" },
        { "/instances?tags[]=x&state=x", "state" },
    };
    struct api_fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(examples); i++) {
        char message[100];
        f->about = examples[i][0];
        get(f, examples[i][0]);
        expect_status(f, 400);
        snprintf(message, sizeof message,
                 "parameter \\\"%s\\\" in query has an error: ", examples[i][1]);
        expect_contains(f, message);
    }
}

static void a_boolean_has_twelve_spellings(void **state) /* VALID-022, VALID-052 */
{
    static const char *const good[] = { "1", "t", "T", "TRUE",  "true",  "True",
                                        "0", "f", "F", "FALSE", "false", "False" };
    static const char *const bad[] = { "yes", "no", "tRUE", "2", "01", "on", "maybe", "null" };
    struct api_fixture *f = *state;
    char target[100];
    char message[200];

    for (size_t i = 0; i < ARRAY_LEN(good); i++) {
        snprintf(target, sizeof target, "/instances/unknown?graceful_shutdown=%s", good[i]);
        send_request(f, HTTP_DELETE, target, NULL);
        expect_json(f, 404, NOT_FOUND);
    }
    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        snprintf(target, sizeof target, "/instances/unknown?graceful_shutdown=%s", bad[i]);
        send_request(f, HTTP_DELETE, target, NULL);
        snprintf(message, sizeof message,
                 "parameter \"graceful_shutdown\" in query has an error: value %s: an invalid "
                 "boolean: invalid syntax",
                 bad[i]);
        expect_bad_request(f, message);
    }
}

/* VALID-020, VALID-053: empty is an error at once, but where a default is added behind it. */
static void an_empty_value_fails_here_or_at_binding(void **state)
{
    static const char several[] = "Invalid format for parameter graceful_shutdown: multiple values "
                                  "for single value parameter 'graceful_shutdown'";
    struct api_fixture *f = *state;

    get(f, "/snapshots?name=");
    expect_bad_request(f, "parameter \"name\" in query has an error: empty value is not allowed");
    send_request(f, HTTP_DELETE, "/instances/a?graceful_shutdown=", NULL);
    expect_json(f, 404, NOT_FOUND);
    for (enum truth truth = TRUTH_SPEC; truth <= TRUTH_SERVER; truth++) { /* BIND-002, INST-X-051 */
        given_truth(f, truth);
        given_instance(f, "{\"name\":\"a\",\"image\":\"nginx\"}");
        send_request(f, HTTP_DELETE, "/instances/a?graceful_shutdown=", NULL);
        expect_binding_error(f, several);
        send_request(f, HTTP_DELETE, "/instances/a?graceful_shutdown", NULL);
        expect_binding_error(f, several);
    }
}

/* VALID-054, BIND-002, INST-X-050, SNAP-L-022 */
static void a_scalar_given_twice_fails_at_binding(void **state)
{
    struct api_fixture *f = *state;

    get(f, "/snapshots?kind=Standby&kind=Stopped");
    expect_binding_error(
        f, "Invalid format for parameter kind: multiple values for single value parameter "
           "'kind'");
    get(f, "/snapshots?kind=x&kind=Stopped");
    expect_bad_request(f, "parameter \"kind\" in query has an error: " KINDS);
    get(f, "/instances?state=Running&state=x"); /* the first is judged */
    expect_binding_error(
        f, "Invalid format for parameter state: multiple values for single value parameter "
           "'state'");
    send_request(f, HTTP_DELETE, "/instances/a?graceful_shutdown=1&graceful_shutdown=1", NULL);
    expect_json(f, 404, NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, api_setup, api_teardown)
        TEST(a_body_is_required_before_its_type_is_looked_at),
        TEST(the_content_type_is_case_sensitive_and_may_have_parameters),
        TEST(malformed_json_is_reported_in_the_decoders_words),
        TEST(a_body_nested_deeper_than_64_is_refused),
        TEST(what_a_body_has_too_much_is_ignored),
        TEST(broken_text_is_mended),
        TEST(a_snapshot_request_is_judged_by_its_schema),
        TEST(an_instance_request_is_judged_by_its_schema),
        TEST(present_members_are_judged_in_byte_order_before_missing_ones),
        TEST(a_message_ends_with_its_first_line),
        TEST(names_are_1_to_63_letters_digits_and_inner_dashes),
        TEST(null_stands_for_a_default_where_there_is_one),
        TEST(whole_numbers_that_do_not_fit_fail_at_binding),
        TEST(whole_numbers_of_any_size_are_integers_to_the_validator),
        TEST(dates_that_do_not_exist_fail_at_binding),
        TEST(queries_are_judged_in_the_order_of_the_description),
        TEST(a_boolean_has_twelve_spellings),
        TEST(an_empty_value_fails_here_or_at_binding),
        TEST(a_scalar_given_twice_fails_at_binding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
