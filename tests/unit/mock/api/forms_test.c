/* The form of every answer, whatever it says: common.md 7 and 10, instances.md 1.2, 1.3 and 5,
 * snapshots.md 4. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>
#include <jansson.h>

#include "mock/api/route.h"
#include "mock/domain/image.h"
#include "mock/domain/instance_force.h"
#include "tests/unit/mock/api/api_fixture.h"

#define WEB_1 "{\"name\":\"web-1\",\"image\":\"alpine\"}"

/* --- JSON --------------------------------------------------------------------------------- */

static void expect_sorted(const char *about, json_t *value)
{
    const char *key, *last = NULL;
    json_t *inner;
    size_t i;

    json_array_foreach(value, i, inner) expect_sorted(about, inner);
    if (!json_is_object(value))
        return;
    json_object_foreach(value, key, inner)
    { /* in the order of the text */
        if (last != NULL && strcmp(last, key) >= 0)
            fail_msg("%s: %s after %s", about, key, last);
        last = key;
        expect_sorted(about, inner);
    }
}

/* JSON-001, INST-X-020, SNAP-J-006: one line without blanks between its tokens. */
static void expect_compact(const char *about, const char *body)
{
    bool in_string = false;
    const char *c = body;

    for (; *c != '\0' && *c != '\n'; c++) {
        if (in_string && *c == '\\')
            c++;
        else if (*c == '"')
            in_string = !in_string;
        else if (!in_string && strchr(" \t\r", *c) != NULL)
            fail_msg("%s: blanks in %s", about, body);
        else if (strchr("<>&", *c) != NULL)
            fail_msg("%s: %c in %s", about, *c, body);
    }
    assert_string_equal(c, "\n");
}

/* HTTP-030: no charset. */
static void expect_well_formed(struct api_fixture *f)
{
    json_auto_t *body = json_loads(f->answer, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, NULL);

    if (body == NULL)
        fail_msg("%s: no JSON: %s", f->about, f->answer);
    assert_string_equal(f->res.content_type, "application/json");
    expect_sorted(f->about, body); /* JSON-002, INST-X-022, SNAP-J-010 */
    expect_compact(f->about, f->answer);
}

#define EVERYTHING                                                                                 \
    "{\"name\":\"all\",\"image\":\"i\",\"vcpus\":1,\"size\":\"1MB\",\"hypervisor\":"               \
    "\"cloud-hypervisor\",\"env\":{\"b\":\"\\\"\\\\\\n\",\"a\":\"x\",\"B\":\"< & >\"},\"tags\":{"  \
    "\"t.2\":\"2\",\"t-1\":\"1\"},\"ttl\":\"1h\",\"volumes\":[{\"volume_id\":\"v\","               \
    "\"mount_path\":\"/v\",\"readonly\":true,\"overlay\":true,\"overlay_size\":\"1GB\"}],"         \
    "\"auto_standby\":{\"enabled\":true,\"idle_timeout\":\"5m\",\"ignore_destination_ports\":[1]," \
    "\"ignore_source_cidrs\":[\"10.0.0.0/8\"]},\"health_check\":{\"type\":\"http\",\"http\":{"     \
    "\"port\":80}},\"restart_policy\":{\"policy\":\"always\",\"max_attempts\":1},"                 \
    "\"snapshot_policy\":{\"compression\":{\"enabled\":true,\"algorithm\":\"lz4\",\"level\":1},"   \
    "\"standby_compression_delay\":\"1s\"},\"network\":{\"bandwidth_upload\":\"1Mbps\"}}"

static void every_success_is_compact_json_with_sorted_keys(void **state)
{
    static const struct {
        enum http_method method;
        const char *target;
        const char *body;
    } requests[] = {
        { HTTP_GET, "/health", NULL },
        { HTTP_GET, "/capabilities", NULL },
        { HTTP_GET, "/instances", NULL },
        { HTTP_GET, "/snapshots", NULL },
        { HTTP_POST, "/instances", WEB_1 },
        { HTTP_POST, "/instances",
          "{\"name\":\"x\",\"image\":\"i\",\"network\":{\"enabled\":false}}" },
        { HTTP_GET, "/instances/all", NULL },
        { HTTP_PATCH, "/instances/all", "{\"restart_policy\":{\"policy\":\"on_failure\"}}" },
        { HTTP_POST, "/instances/all/snapshots",
          "{\"kind\":\"Standby\",\"name\":\"s\",\"tags\":{\"b\":\"\",\"a\":\"\"},\"compression\":{"
          "\"level\":1,\"enabled\":true}}" },
        { HTTP_POST, "/instances/all/fork", "{\"name\":\"copy\",\"from_running\":true}" },
        { HTTP_POST, "/instances/all/standby", NULL },
        { HTTP_POST, "/instances/all/restore", NULL },
        { HTTP_POST, "/instances/all/stop", NULL },
        { HTTP_POST, "/instances/all/start", "{}" },
        { HTTP_GET, "/instances", NULL },
        { HTTP_GET, "/snapshots", NULL },
    };
    struct api_fixture *f = *state;

    given_instance(f, EVERYTHING);
    for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
        f->about = requests[i].target;
        send_request(f, requests[i].method, requests[i].target, requests[i].body);
        assert_in_range(f->res.status, 200, 201);
        expect_well_formed(f);
        f->fake.now_ns += NS_PER_SEC;
    }
}

static void text_is_utf8_but_for_what_html_would_see(void **state) /* JSON-001, INST-X-021 */
{
    static const char *const texts[][2] = {
        { "<&>", "\\u003c\\u0026\\u003e" },
        { "\\u2028\\u2029", "\\u2028\\u2029" },
        { "\u2028\u2029", "\\u2028\\u2029" },
        { "\\u00e9\u00e9", "\u00e9\u00e9" },
        { "\\ud83d\\ude00", "\U0001F600" },
        { "\\\"\\\\", "\\\"\\\\" },
        { "'/`", "'/`" },
        { "\\u007f", "\x7f" },
    };
    struct api_fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        char body[200];
        char shown[100];
        snprintf(body, sizeof body,
                 "{\"name\":\"a\",\"image\":\"i\",\"vcpus\":1,\"network\":{"
                 "\"enabled\":false},\"env\":{\"K\":\"%s\"}}",
                 texts[i][0]);
        post(f, "/instances", body);
        expect_status(f, 201);
        snprintf(shown, sizeof shown, "\"env\":{\"K\":\"%s\"}", texts[i][1]);
        expect_contains(f, shown);
    }
}

/* --- errors ------------------------------------------------------------------------------- */

#define LINE_FEED                "\n"
#define BODY(code, message, end) "{\"code\":\"" code "\",\"message\":\"" message "\"}" end

/* ERR-001, ERR-002, VALID-005, INST-X-030, SNAP-X-021: two members, no details, no inner_error. */
static void each_kind_of_error_has_its_code_and_its_ending(void **state)
{
    static const struct {
        const char *rules;
        const char *claims; /* of the token; "": no token */
        enum http_method method;
        const char *target;
        const char *body;
        int status;
        const char *answer;
    } cases[] = {
        /* What is judged in front of the operations: a phrase and no line feed. */
        { "ERR-004, ERR-005, AUTH-010", "", HTTP_GET, "/instances", NULL, 401,
          BODY("Unauthorized", "security requirements failed: authorization header required", "") },
        { "ERR-004, ERR-005, SCOPE-005", "{\"permissions\":[]}", HTTP_GET, "/instances", NULL, 403,
          BODY("Forbidden", "missing required scope: instance:read", "") },
        { "ERR-004, ERR-005, VALID-001", "{}", HTTP_POST, "/instances/a/snapshots", "", 400,
          BODY("Bad Request", "request body has an error: value is required but missing", "") },
        { "ERR-004, HTTP-025", "", HTTP_GET, "/volumes/from-archive", NULL, 405,
          BODY("Method Not Allowed", "method not allowed", "") },
        { "ERR-005, RESOLVE-001", "{}", HTTP_GET, "/instances/nobody", NULL, 404,
          BODY("not_found", "resource not found", "") },
        { "ERR-005, RESOLVE-002", "{}", HTTP_GET, "/instances/twin", NULL, 409,
          BODY("ambiguous", "multiple resources match, use full ID", "") },
        /* What the operations say: a word and a line feed. */
        { "ERR-003, ERR-005, SNAP-J-006", "{}", HTTP_GET, "/snapshots/s", NULL, 404,
          BODY("not_found", "snapshot not found", LINE_FEED) },
        { "ERR-003, ERR-004, ERR-005", "{}", HTTP_POST, "/instances",
          "{\"name\":\"a\",\"image\":\"i\",\"tags\":{\"<\u2028&\u00e9\\\"\":\"\"}}", 400,
          BODY("invalid_request",
               "invalid request: invalid tags: key \\\"\\u003c\\\\u2028\\u0026\u00e9\\\\\\\"\\\" "
               "contains unsupported characters",
               LINE_FEED) },
        { "ERR-003, ERR-004, ERR-005", "{}", HTTP_POST, "/instances",
          "{\"name\":\"a\",\"image\":\"i\",\"ttl\":\"<\u2029&\u00e9\"}", 400,
          BODY("invalid_ttl",
               "ttl must be a valid duration: time: invalid duration "
               "\\\"\\u003c\\\\xe2\\\\x80\\\\xa9\\u0026\\\\xc3\\\\xa9\\\"",
               LINE_FEED) },
    };
    struct api_fixture *f = *state;

    for (int i = 0; i < 2; i++)
        given_instance(f, "{\"name\":\"twin\",\"image\":\"i\",\"network\":{\"enabled\":false}}");
    given_auth(f, AUTH_JWT);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        f->about = cases[i].rules;
        given_claims(f, cases[i].claims);
        if (cases[i].claims[0] == '\0')
            f->token = NULL;
        send_request(f, cases[i].method, cases[i].target, cases[i].body);
        expect_json(f, cases[i].status, cases[i].answer);
    }
}

static void expect_snake_case(const char *operation, const char *code)
{
    if (code[0] == '\0' || strspn(code, "abcdefghijklmnopqrstuvwxyz_") != strlen(code))
        fail_msg("%s: code \"%s\"", operation, code);
}

static void every_operation_says_what_it_failed_to_do(void **state) /* ERR-004, ERR-006 */
{
    (void)state;
    for (const struct route *route = routes; route->path != NULL; route++) {
        if (route->run == NULL)
            continue;
        assert_true(strncmp(route->failure, "failed ", strlen("failed ")) == 0);
        for (const struct error_row *row = route->errors; row != NULL && row->when != ERROR_NONE;
             row++) {
            expect_snake_case(route->operation_id, row->code);
            if (row->differs != DIVERGENCE_NONE)
                expect_snake_case(route->operation_id, row->spec_code);
        }
    }
}

static void a_failure_hides_its_cause(void **state) /* ERR-006, INST-X-031 */
{
    struct api_fixture *f = *state;

    given_truth(f, TRUTH_SERVER);
    post(f, "/instances", "{\"name\":\"a\",\"image\":\"i\",\"vcpus\":17}");
    expect_error(f, 500, "internal_error", "failed to create instance");
    assert_non_null(strstr(f->res.cause, "vcpus exceed the limit")); /* for the log */
}

/* ERR-007: the description lists 404 and 500 for getInstance. */
static void an_operation_answers_more_than_its_description_lists(void **state)
{
    struct api_fixture *f = *state;

    for (int i = 0; i < 2; i++)
        given_instance(f, "{\"name\":\"twin\",\"image\":\"i\",\"network\":{\"enabled\":false}}");
    get(f, "/instances/twin");
    expect_status(f, 409);
    send_request(f, HTTP_PUT, "/instances/twin", NULL);
    expect_status(f, 405);
    send_request(f, HTTP_DELETE, "/instances/twin?graceful_shutdown=x", NULL);
    expect_status(f, 400);
    given_auth(f, AUTH_JWT);
    get(f, "/instances/twin");
    expect_status(f, 401);
    given_claims(f, "{\"permissions\":[]}");
    get(f, "/instances/twin");
    expect_status(f, 403);
}

static void prefixes_tell_the_kind_of_an_error(void **state) /* INST-X-032 */
{
    static const struct {
        const char *prefix;
        const char *target;
        const char *body;
        int status;
    } cases[] = {
        { "invalid request: ", "/instances",
          "{\"name\":\"a\",\"image\":\"i\",\"tags\":{\"\":\"\"}}", 400 },
        { "invalid state transition: ", "/instances/plain/snapshots", "{\"kind\":\"Stopped\"}",
          409 },
        { "insufficient resources: ", "/instances",
          "{\"name\":\"a\",\"image\":\"i\",\"gpu\":{\"profile\":\"p\"}}", 409 },
        { "image not ready: ", "/instances", "{\"name\":\"a\",\"image\":\"pulling\"}", 400 },
        { "operation not supported: ", "/instances/web-1/snapshots", "{\"kind\":\"Standby\"}",
          501 },
        { "instance already exists: ", "/instances/plain/fork",
          "{\"name\":\"web-1\",\"from_running\":true}", 409 },
        { "allocate network: instance name already exists: ", "/instances", WEB_1, 409 },
    };
    struct api_fixture *f = *state;
    struct error err = { 0 };

    assert_true(world_set_image(f->world, TEXT("pulling"), IMAGE_PULLING, &err));
    given_instance(f, "{\"name\":\"web-1\",\"image\":\"i\",\"volumes\":[{\"volume_id\":\"v\","
                      "\"mount_path\":\"/v\"}]}");
    given_instance(f, "{\"name\":\"plain\",\"image\":\"i\"}");
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char expected[100];
        f->about = cases[i].prefix;
        post(f, cases[i].target, cases[i].body);
        expect_status(f, cases[i].status);
        snprintf(expected, sizeof expected, "\"message\":\"%s", cases[i].prefix);
        expect_contains(f, expected);
    }
}

/* --- time --------------------------------------------------------------------------------- */

static void times_have_as_many_digits_as_they_need(void **state) /* JSON-010, INST-J-020 */
{
    static const struct {
        int64_t ns; /* after FAKE_ENV_START_NS */
        const char *text;
    } cases[] = {
        { 0, "2026-01-01T00:00:00Z" },
        { 1, "2026-01-01T00:00:00.000000001Z" },
        { 120000000, "2026-01-01T00:00:00.12Z" },
        { 123456780, "2026-01-01T00:00:00.12345678Z" },
        { 999999999, "2026-01-01T00:00:00.999999999Z" },
        { NS_PER_SEC, "2026-01-01T00:00:01Z" },
        { 86400 * NS_PER_SEC + 500000000, "2026-01-02T00:00:00.5Z" },
    };
    struct api_fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char shown[100];
        given_truth(f, TRUTH_SPEC);
        f->fake.now_ns = FAKE_ENV_START_NS + cases[i].ns;
        post(f, "/instances", WEB_1);
        snprintf(shown, sizeof shown, "{\"created_at\":\"%s\",", cases[i].text);
        expect_contains(f, shown);
        f->fake.now_ns += NS_PER_SEC;
        get(f, "/instances/web-1");
        expect_contains(f, shown); /* and it stays */
    }
}

/* Every "..._at" of the answer that has a value. */
static size_t expect_utc(const char *answer)
{
    size_t count = 0;
    for (const char *at = answer; (at = strstr(at, "_at\":\"")) != NULL; count++) {
        at += strlen("_at\":\"");
        assert_int_equal(at[strcspn(at, "\"") - 1], 'Z');
    }
    return count;
}

/* JSON-011, INST-J-021: the mock is a server in UTC, wherever it runs. */
static void every_time_is_utc(void **state)
{
    static const char *const requests[][2] = {
        { "/instances", WEB_1 },
        { "/instances/web-1/snapshots", "{\"kind\":\"Standby\"}" },
        { "/instances/web-1/fork", "{\"name\":\"copy\",\"from_running\":true}" },
        { "/instances/web-1/stop", NULL },
    };
    struct api_fixture *f = *state;
    const char *zone = getenv("TZ");
    char *before = zone == NULL ? NULL : strdup(zone);

    assert_int_equal(setenv("TZ", "EST5", 1), 0);
    tzset();
    for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
        post(f, requests[i][0], requests[i][1]);
        assert_true(expect_utc(f->answer) >= 1);
        f->fake.now_ns += NS_PER_SEC;
    }
    assert_int_equal(before == NULL ? unsetenv("TZ") : setenv("TZ", before, 1), 0);
    tzset();
    free(before);
}

/* INST-J-022, INST-J-052, DUR-005 */
static void durations_come_back_in_their_canonical_form(void **state)
{
    static const char *const durations[][2] = {
        { "90s", "1m30s" },
        { "0", "0s" },
        { "0h", "0s" },
        { "1500us", "1.5ms" },
        { "1500ns", "1.5\u00b5s" },
        { "500ms", "500ms" },
        { "0.5s", "500ms" },
        { "1500ms", "1.5s" },
        { "5m", "5m0s" },
        { "60m", "1h0m0s" },
        { "36h", "36h0m0s" },
        { "30m30m", "1h0m0s" },
        { "1h1ns", "1h0m0.000000001s" },
    };
    struct api_fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(durations); i++) {
        char body[200];
        char shown[100];
        f->about = durations[i][0];
        snprintf(body, sizeof body,
                 "{\"name\":\"a\",\"image\":\"i\",\"vcpus\":1,\"network\":{\"enabled\":false},"
                 "\"snapshot_policy\":{\"standby_compression_delay\":\"%s\"}}",
                 durations[i][0]);
        post(f, "/instances", body);
        expect_status(f, 201);
        snprintf(shown, sizeof shown, "\"standby_compression_delay\":\"%s\"", durations[i][1]);
        expect_contains(f, shown);
    }
}

static void the_phases_of_a_life_are_counted_in_whole_milliseconds(void **state)
{
    static const struct {
        const char *deed; /* NULL: time passes */
        int64_t then_ns;
        const char *phases;
    } life[] = {
        { NULL, 0, "\"phase_durations_ms\":{}" }, /* INST-J-041 */
        { NULL, NS_PER_MS - 1, "\"phase_durations_ms\":{}" },
        { NULL, 1, "\"phase_durations_ms\":{\"initializing\":1}" },
        /* INST-J-044: running from the end of the boot, after 250 ms. */
        { NULL, NS_PER_SEC, "\"phase_durations_ms\":{\"initializing\":250,\"running\":751}" },
        /* INST-J-040: of an unchanged instance only the current phase goes on. */
        { NULL, NS_PER_SEC, "\"phase_durations_ms\":{\"initializing\":250,\"running\":1751}" },
        { "standby", 2 * NS_PER_SEC,
          "\"phase_durations_ms\":{\"initializing\":250,\"running\":1751,\"standby\":2000}" },
        { "restore", NS_PER_SEC, "\"initializing\":250,\"running\":" },
        { "stop", 3 * NS_PER_SEC, "\"standby\":2000,\"stopped\":3000}" },
    };
    struct api_fixture *f = *state;

    post(f, "/instances", WEB_1);
    for (size_t i = 0; i < ARRAY_LEN(life); i++) {
        char target[64];
        if (life[i].deed != NULL) {
            snprintf(target, sizeof target, "/instances/web-1/%s", life[i].deed);
            post(f, target, NULL);
            expect_status(f, 200);
        }
        f->fake.now_ns += life[i].then_ns;
        get(f, "/instances/web-1");
        f->about = life[i].phases;
        expect_contains(f, life[i].phases);
        expect_lacks(f, "\"paused\""); /* INST-J-042 */
        expect_lacks(f, "\"shutdown\"");
    }
}

static void a_fork_begins_in_the_phase_it_was_copied_in(void **state) /* INST-J-045 */
{
    static const struct {
        const char *source;
        const char *target;
        const char *state, *phase;
    } cases[] = {
        { "asleep", "Standby", "\"state\":\"Standby\"", "\"current_phase\":\"standby\"" },
        { "asleep", "Stopped", "\"state\":\"Stopped\"", "\"current_phase\":\"standby\"" },
        { "off", "Stopped", "\"state\":\"Stopped\"", "\"current_phase\":\"stopped\"" },
    };
    struct api_fixture *f = *state;

    given_instance(f, "{\"name\":\"asleep\",\"image\":\"i\"}");
    given_instance(f, "{\"name\":\"off\",\"image\":\"i\"}");
    post(f, "/instances/asleep/standby", NULL);
    post(f, "/instances/off/stop", NULL);
    f->fake.now_ns += NS_PER_SEC;
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char target[64];
        char body[100];
        snprintf(target, sizeof target, "/instances/%s/fork", cases[i].source);
        snprintf(body, sizeof body, "{\"name\":\"copy-%zu\",\"target_state\":\"%s\"}", i,
                 cases[i].target);
        post(f, target, body);
        expect_status(f, 201);
        expect_contains(f, cases[i].state);
        expect_contains(f, cases[i].phase);
        expect_contains(f, "\"phase_durations_ms\":{}");
        /* INST-J-032: with network, but no address yet. */
        expect_contains(f, "\"enabled\":true,\"ip\":\"\",\"mac\":\"\",\"name\":\"default\"}");
    }
}

/* --- parts of an instance ----------------------------------------------------------------- */

static void credentials_show_in_clear_text_and_only_as_env(void **state) /* INST-J-003 */
{
    struct api_fixture *f = *state;

    given_instance(f, "{\"name\":\"a\",\"image\":\"i\",\"env\":{\"TOKEN\":\"s3cret\"},\"network\":{"
                      "\"egress\":{\"enabled\":true}},\"credentials\":{\"k\":{\"source\":{\"env\":"
                      "\"TOKEN\"},\"inject\":[{\"as\":{\"header\":\"H\",\"format\":\"${value}\"}}]"
                      "}}}");
    get(f, "/instances/a");
    expect_contains(f, "\"env\":{\"TOKEN\":\"s3cret\"}");
    expect_lacks(f, "credentials");
    expect_lacks(f, "egress");
}

static void only_an_unknown_state_has_an_error(void **state) /* INST-J-002, INST-J-005 */
{
    struct api_fixture *f = *state;
    const struct instance *forced;
    struct error err = { 0 };

    given_instance(f, WEB_1);
    for (enum instance_state s = 0; s < INSTANCE_STATE_COUNT; s++) {
        assert_true(instance_force_state(f->world, text_of(f->id), s, &forced, &err));
        get(f, "/instances/web-1");
        if (s == INSTANCE_UNKNOWN)
            expect_contains(f, "\"state_error\":\"failed to query hypervisor: ");
        else
            expect_contains(f, "\"state_error\":null");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, api_setup, api_teardown)
        TEST(every_success_is_compact_json_with_sorted_keys),
        TEST(text_is_utf8_but_for_what_html_would_see),
        TEST(each_kind_of_error_has_its_code_and_its_ending),
        TEST(every_operation_says_what_it_failed_to_do),
        TEST(a_failure_hides_its_cause),
        TEST(an_operation_answers_more_than_its_description_lists),
        TEST(prefixes_tell_the_kind_of_an_error),
        TEST(times_have_as_many_digits_as_they_need),
        TEST(every_time_is_utc),
        TEST(durations_come_back_in_their_canonical_form),
        TEST(the_phases_of_a_life_are_counted_in_whole_milliseconds),
        TEST(a_fork_begins_in_the_phase_it_was_copied_in),
        TEST(credentials_show_in_clear_text_and_only_as_env),
        TEST(only_an_unknown_state_has_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
