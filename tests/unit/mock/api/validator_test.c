/* Every message of the request validator: common.md section 4, as answers of the API. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/mock/api/api_fixture.h"

#define SNAPSHOT                                                                                   \
    "request body has an error: doesn't match schema #/components/schemas/CreateSnapshotRequest: "
#define INSTANCE                                                                                   \
    "request body has an error: doesn't match schema #/components/schemas/CreateInstanceRequest: "
#define UNDECODABLE "request body has an error: failed to decode request body: "
#define NAME_REGEX  "string doesn't match the regular expression \"^[a-z0-9]([a-z0-9-]*[a-z0-9])?$\""
#define TAG_REGEX   "string doesn't match the regular expression \"^[A-Za-z0-9 _.:/=+@-]*$\""
#define TEN(s)      s s s s s s s s s s

struct example {
    const char *body;
    const char *message;
};

static void expect_messages(struct api_fixture *f, const char *target,
                            const struct example *examples, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        post(f, target, examples[i].body);
        expect_bad_request(f, examples[i].message);
    }
}

static void a_body_is_required_before_its_type_is_looked_at(void **state)
{
    struct api_fixture *f = *state;

    f->content_type = "text/plain";
    post(f, "/instances", "");
    expect_bad_request(f, "request body has an error: value is required but missing");
}

static void the_content_type_is_case_sensitive_and_may_have_parameters(void **state)
{
    static const char *const refused[] = { "text/plain", "application/JSON",
                                           "application/problem+json", "" };
    struct api_fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(refused); i++) {
        char message[200];
        f->content_type = refused[i];
        snprintf(message, sizeof message,
                 "request body has an error: header Content-Type has unexpected value \"%s\"",
                 refused[i]);
        post(f, "/instances", "{}");
        expect_bad_request(f, message);
    }
    f->content_type = NULL;
    post(f, "/instances", "{}");
    expect_bad_request(f,
                       "request body has an error: header Content-Type has unexpected value \"\"");
    f->content_type = "application/json; charset=utf-8";
    post(f, "/instances", "{}");
    expect_bad_request(f, INSTANCE "Error at \"/name\": property \"name\" is missing");
}

static void malformed_json_is_reported_in_the_decoders_words(void **state) /* VALID-034 */
{
    static const struct example examples[] = {
        { "{", UNDECODABLE "unexpected EOF" },
        { "  ", UNDECODABLE "EOF" },
        { "nope", UNDECODABLE "invalid character 'o' in literal null (expecting 'u')" },
        { "}", UNDECODABLE "invalid character '}' looking for beginning of value" },
    };
    struct api_fixture *f = *state;

    expect_messages(f, "/instances", examples, ARRAY_LEN(examples));
}

static void a_body_nested_deeper_than_64_is_refused(void **state)
{
    struct api_fixture *f = *state;

    post(f, "/instances", TEN("[[[[[[[[[[") TEN("]]]]]]]]]]"));
    expect_status(f, 400);
    expect_contains(f, UNDECODABLE);
}

static void a_snapshot_request_is_judged_by_its_schema(void **state)
{
    static const struct example examples[] = {
        { "null", SNAPSHOT "Value is not nullable" },
        { "[]", SNAPSHOT "value must be an object" },
        { "{}", SNAPSHOT "Error at \"/kind\": property \"kind\" is missing" },
        { "{\"Kind\":\"Standby\"}", SNAPSHOT "Error at \"/kind\": property \"kind\" is missing" },
        { "{\"kind\":\"standby\"}", SNAPSHOT "Error at \"/kind\": value is not one of the allowed "
                                             "values [\"Standby\",\"Stopped\"]" },
        { "{\"kind\":null}", SNAPSHOT "Error at \"/kind\": value is not one of the allowed values "
                                      "[\"Standby\",\"Stopped\"]" },
        { "{\"kind\":1}", SNAPSHOT "Error at \"/kind\": value is not one of the allowed values "
                                   "[\"Standby\",\"Stopped\"]" },
        { "{\"kind\":\"Standby\",\"name\":\"A\"}", SNAPSHOT "Error at \"/name\": " NAME_REGEX },
        { "{\"kind\":\"Standby\",\"name\":\"\"}", SNAPSHOT "Error at \"/name\": " NAME_REGEX },
        { "{\"kind\":\"Standby\",\"name\":null}",
          SNAPSHOT "Error at \"/name\": Value is not nullable" },
        { "{\"kind\":\"Standby\",\"name\":7}",
          SNAPSHOT "Error at \"/name\": value must be a string" },
        { "{\"kind\":\"Standby\",\"name\":\"" TEN("-aaaaa") "aaaa\"}",
          SNAPSHOT "Error at \"/name\": maximum string length is 63" },
        { "{\"kind\":\"Standby\",\"tags\":null}",
          SNAPSHOT "Error at \"/tags\": Value is not nullable" },
        { "{\"kind\":\"Standby\",\"tags\":{\"a\":1}}",
          SNAPSHOT "Error at \"/tags/a\": value must be a string" },
        { "{\"kind\":\"Standby\",\"tags\":{\"a\":null}}",
          SNAPSHOT "Error at \"/tags/a\": Value is not nullable" },
        { "{\"kind\":\"Standby\",\"tags\":{\"a/b\":\"<\"}}",
          SNAPSHOT "Error at \"/tags/a/b\": " TAG_REGEX },
        { "{\"kind\":\"Standby\",\"tags\":{\"a\":\"" TEN(TEN("aaa")) "\"}}",
          SNAPSHOT "Error at \"/tags/a\": maximum string length is 256" },
        { "{\"kind\":\"Standby\",\"compression\":{}}",
          SNAPSHOT "Error at \"/compression/enabled\": property \"enabled\" is missing" },
        { "{\"kind\":\"Standby\",\"compression\":{\"enabled\":\"yes\"}}",
          SNAPSHOT "Error at \"/compression/enabled\": value must be a boolean" },
        { "{\"kind\":\"Standby\",\"compression\":{\"enabled\":true,\"algorithm\":\"ZSTD\"}}",
          SNAPSHOT "Error at \"/compression/algorithm\": value is not one of the allowed values "
                   "[\"zstd\",\"lz4\"]" },
        { "{\"kind\":\"Standby\",\"compression\":{\"enabled\":true,\"level\":-1}}",
          SNAPSHOT "Error at \"/compression/level\": number must be at least 0" },
        { "{\"kind\":\"Standby\",\"compression\":{\"enabled\":true,\"level\":20}}",
          SNAPSHOT "Error at \"/compression/level\": number must be at most 19" },
        { "{\"kind\":\"Standby\",\"compression\":{\"enabled\":true,\"level\":1.5}}",
          SNAPSHOT "Error at \"/compression/level\": value must be an integer" },
    };
    struct api_fixture *f = *state;

    expect_messages(f, "/instances/any/snapshots", examples, ARRAY_LEN(examples));
}

static void an_instance_request_is_judged_by_its_schema(void **state)
{
    static const struct example examples[] = {
        { "{}", INSTANCE "Error at \"/name\": property \"name\" is missing" },
        /* INST-C-020 */
        { "{\"name\":\"a\"}", INSTANCE "Error at \"/image\": property \"image\" is missing" },
        { "{\"name\":\"a\",\"image\":7}", INSTANCE "Error at \"/image\": value must be a string" },
        { "{\"name\":\"a\",\"image\":null}",
          INSTANCE "Error at \"/image\": Value is not nullable" },
        /* INST-C-027 */
        { "{\"name\":\"a\",\"image\":\"i\",\"platform\":\"\"}",
          INSTANCE "Error at \"/platform\": string doesn't match the regular expression "
                   "\"^[a-z0-9]+/[a-z0-9]+(/[a-z0-9.]+)?$\"" },
        { "{\"name\":\"a\",\"image\":\"i\",\"platform\":\"amd64\"}",
          INSTANCE "Error at \"/platform\": string doesn't match the regular expression "
                   "\"^[a-z0-9]+/[a-z0-9]+(/[a-z0-9.]+)?$\"" },
        { "{\"name\":\"a\",\"image\":\"i\",\"hypervisor\":\"xen\"}",
          INSTANCE "Error at \"/hypervisor\": value is not one of the allowed values "
                   "[\"cloud-hypervisor\",\"firecracker\",\"qemu\",\"qemu-microvm\",\"vz\"]" },
        { "{\"name\":\"a\",\"image\":\"i\",\"vcpus\":\"2\"}",
          INSTANCE "Error at \"/vcpus\": value must be an integer" },
        { "{\"name\":\"a\",\"image\":\"i\",\"cmd\":\"sh\"}",
          INSTANCE "Error at \"/cmd\": value must be an array" },
        { "{\"name\":\"a\",\"image\":\"i\",\"cmd\":[\"sh\",1]}",
          INSTANCE "Error at \"/cmd/1\": value must be a string" },
        { "{\"name\":\"a\",\"image\":\"i\",\"env\":[]}",
          INSTANCE "Error at \"/env\": value must be an object" },
        { "{\"name\":\"a\",\"image\":\"i\",\"network\":{\"enabled\":1}}",
          INSTANCE "Error at \"/network/enabled\": value must be a boolean" },
        { "{\"name\":\"a\",\"image\":\"i\",\"volumes\":[{\"mount_path\":\"/d\"}]}",
          INSTANCE "Error at \"/volumes/0/volume_id\": property \"volume_id\" is missing" },
        { "{\"name\":\"a\",\"image\":\"i\",\"health_check\":{\"http\":{\"port\":0}}}",
          INSTANCE "Error at \"/health_check/http/port\": number must be at least 1" },
        { "{\"name\":\"a\",\"image\":\"i\",\"health_check\":{\"exec\":{\"command\":[]}}}",
          INSTANCE "Error at \"/health_check/exec/command\": minimum number of items is 1" },
        { "{\"name\":\"a\",\"image\":\"i\",\"auto_standby\":"
          "{\"ignore_destination_ports\":[65536]}}",
          INSTANCE "Error at \"/auto_standby/ignore_destination_ports/0\": number must be at most "
                   "65535" },
        { "{\"name\":\"a\",\"image\":\"i\",\"expires_at\":\"2026-08-21\"}",
          INSTANCE "Error at \"/expires_at\": string doesn't match the format \"date-time\": "
                   "string doesn't match pattern \"^[0-9]{4}-(0[1-9]|10|11|12)-(0[1-9]|[12][0-9]|"
                   "3[01])T([0-1][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\\.[0-9]+)?(Z|(\\+|-)"
                   "[0-9]{2}:[0-9]{2})?$\"" },
    };
    struct api_fixture *f = *state;

    expect_messages(f, "/instances", examples, ARRAY_LEN(examples));
}

static void present_members_are_judged_in_byte_order_before_missing_ones(void **state)
{
    static const struct example examples[] = {
        { "{\"name\":\"A_B\"}", INSTANCE "Error at \"/name\": " NAME_REGEX },
        { "{\"vcpus\":true,\"env\":1,\"name\":\"a\"}",
          INSTANCE "Error at \"/env\": value must be an object" },
        { "{\"vcpus\":true,\"network\":{\"enabled\":0},\"name\":\"a\"}",
          INSTANCE "Error at \"/network/enabled\": value must be a boolean" },
    };
    struct api_fixture *f = *state;

    expect_messages(f, "/instances", examples, ARRAY_LEN(examples));
}

static void more_than_50_tags_are_refused(void **state)
{
    struct api_fixture *f = *state;
    char body[2048] = "{\"name\":\"a\",\"image\":\"nginx\",\"tags\":{\"k0\":\"v\"";
    size_t len = strlen(body);

    for (int i = 1; i < 50; i++)
        len += (size_t)snprintf(body + len, sizeof body - len, ",\"k%d\":\"v\"", i);
    snprintf(body + len, sizeof body - len, "}}");
    post(f, "/instances", body);
    expect_status(f, 201);

    snprintf(body + len, sizeof body - len, ",\"k50\":\"v\"}}");
    post(f, "/instances", body);
    expect_bad_request(f, INSTANCE "Error at \"/tags\": there must be at most 50 properties");
}

static void unknown_members_and_text_after_the_body_are_ignored(void **state)
{
    struct api_fixture *f = *state;

    post(f, "/instances", "{\"name\":\"A\",\"name\":\"web-1\",\"image\":\"nginx\",\"x\":{}} tail");
    expect_status(f, 201);
    expect_contains(f, "\"name\":\"web-1\"");
}

static void null_stands_for_a_default_where_there_is_one(void **state) /* INST-X-045 */
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
}

static void whole_numbers_that_do_not_fit_fail_at_binding(void **state) /* BIND-003 */
{
    static const char *const numbers[] = { "3.0", "3e0", "99999999999999999999" };
    struct api_fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        char body[200];
        char message[200];
        snprintf(body, sizeof body, "{\"name\":\"a\",\"image\":\"nginx\",\"vcpus\":%s}",
                 numbers[i]);
        snprintf(message, sizeof message,
                 "can't decode JSON body: json: cannot unmarshal number %s into Go struct field "
                 "CreateInstanceRequest.vcpus of type int",
                 numbers[i]);
        post(f, "/instances", body);
        expect_bad_request(f, message);
    }
}

static void dates_that_do_not_exist_fail_at_binding(void **state) /* NEW-045 */
{
    static const struct example examples[] = {
        { "2026-08-21T18:00:00", "parsing time \"2026-08-21T18:00:00\" as "
                                 "\"2006-01-02T15:04:05Z07:00\": cannot parse \"\" as \"Z07:00\"" },
        { "2026-02-31T18:00:00Z", "parsing time \"2026-02-31T18:00:00Z\": day out of range" },
        { "2026-02-01T18:00:60Z", "parsing time \"2026-02-01T18:00:60Z\": second out of range" },
    };
    struct api_fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(examples); i++) {
        char body[200];
        char message[300];
        snprintf(body, sizeof body, "{\"name\":\"a\",\"image\":\"nginx\",\"expires_at\":\"%s\"}",
                 examples[i].body);
        snprintf(message, sizeof message, "can't decode JSON body: %s", examples[i].message);
        post(f, "/instances", body);
        expect_bad_request(f, message);
    }
}

static void queries_are_judged_in_the_order_of_the_description(void **state)
{
    static const struct example examples[] = {
        { "/snapshots?kind=", "parameter \"kind\" in query has an error: empty value is not "
                              "allowed" },
        { "/snapshots?name=", "parameter \"name\" in query has an error: empty value is not "
                              "allowed" },
        { "/snapshots?kind=standby", "parameter \"kind\" in query has an error: value is not one "
                                     "of the allowed values [\"Standby\",\"Stopped\"]" },
        { "/snapshots?kind=x&source_instance_id=",
          "parameter \"source_instance_id\" in query has an error: empty value is not allowed" },
        { "/instances?state=running",
          "parameter \"state\" in query has an error: value is not one of the allowed values "
          "[\"Created\",\"Initializing\",\"Running\",\"Paused\",\"Shutdown\",\"Stopped\","
          "\"Standby\",\"Unknown\"]" },
        { "/instances?tags[k]=a&tags[k]=b", "parameter \"tags\" in query has an error: path k: "
                                            "array items must be set with indexes" },
        { "/instances?tags[a][b]=x", "parameter \"tags\" in query has an error: path a: value "
                                     "map[b:x]: path is not convertible to primitive" },
        { "/instances?tags[]=x", "parameter \"tags\" in query has an error: value map[:x]: path is "
                                 "not convertible to primitive" },
        { "/instances?tags[k]=%3C",
          "parameter \"tags\" in query has an error: Error at \"/k\": " TAG_REGEX },
        { "/instances?tags[k]=" TEN(TEN("aaa")),
          "parameter \"tags\" in query has an error: Error at \"/k\": maximum string length is "
          "256" },
    };
    struct api_fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(examples); i++) {
        get(f, examples[i].body);
        expect_bad_request(f, examples[i].message);
    }
}

static void more_than_50_tag_filters_are_refused(void **state) /* TAG-030 */
{
    struct api_fixture *f = *state;
    char target[2048] = "/snapshots?tags[k0]=v";
    size_t len = strlen(target);

    for (int i = 1; i < 50; i++)
        len += (size_t)snprintf(target + len, sizeof target - len, "&tags[k%d]=v", i);
    get(f, target);
    expect_json(f, 200, "[]\n");
    snprintf(target + len, sizeof target - len, "&tags[k50]=v");
    get(f, target);
    expect_bad_request(
        f, "parameter \"tags\" in query has an error: there must be at most 50 properties");
}

static void a_scalar_given_twice_fails_at_binding(void **state) /* VALID-054, SNAP-L-022 */
{
    struct api_fixture *f = *state;

    get(f, "/snapshots?kind=Standby&kind=Stopped");
    expect_bad_request(
        f, "Invalid format for parameter kind: multiple values for single value parameter "
           "'kind'");
    get(f, "/snapshots?kind=x&kind=Stopped");
    expect_bad_request(f, "parameter \"kind\" in query has an error: value is not one of the "
                          "allowed values [\"Standby\",\"Stopped\"]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, api_setup, api_teardown)
        TEST(a_body_is_required_before_its_type_is_looked_at),
        TEST(the_content_type_is_case_sensitive_and_may_have_parameters),
        TEST(malformed_json_is_reported_in_the_decoders_words),
        TEST(a_body_nested_deeper_than_64_is_refused),
        TEST(a_snapshot_request_is_judged_by_its_schema),
        TEST(an_instance_request_is_judged_by_its_schema),
        TEST(present_members_are_judged_in_byte_order_before_missing_ones),
        TEST(more_than_50_tags_are_refused),
        TEST(unknown_members_and_text_after_the_body_are_ignored),
        TEST(null_stands_for_a_default_where_there_is_one),
        TEST(whole_numbers_that_do_not_fit_fail_at_binding),
        TEST(dates_that_do_not_exist_fail_at_binding),
        TEST(queries_are_judged_in_the_order_of_the_description),
        TEST(more_than_50_tag_filters_are_refused),
        TEST(a_scalar_given_twice_fails_at_binding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
