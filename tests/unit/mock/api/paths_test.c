/* What paths and methods there are, and what answers where there is none: common.md 1.2 and 13. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mock/api/route.h"
#include "tests/unit/mock/api/api_fixture.h"

static const enum truth truths[] = { TRUTH_SPEC, TRUTH_SERVER };

static void expect_health(struct api_fixture *f)
{
    expect_json(f, 200, "{\"status\":\"ok\"}\n");
}

/* AUTH-001, AUTH-002, HEALTH-001 */
static void health_is_ok_whatever_is_sent_with_it(void **state)
{
    static const struct {
        const char *rule;
        const char *token;
        const char *target;
        const char *body;
    } cases[] = {
        { "HEALTH-002", NULL, "/health", NULL },
        { "HEALTH-002", "garbage", "/health", NULL },
        { "HEALTH-003", "Bearer x", "/health?any=thing&tags[a=%zz", NULL },
        { "HEALTH-003", "Bearer x", "/health", "{ no JSON" },
    };
    struct api_fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        f->about = cases[i].rule;
        f->token = cases[i].token;
        send_request(f, HTTP_GET, cases[i].target, cases[i].body);
        expect_health(f);
    }
    given_auth(f, AUTH_JWT);
    given_claims(f, "{\"exp\":1,\"permissions\":[]}"); /* HEALTH-002: expired, and no scopes */
    get(f, "/health");
    expect_health(f);
}

static void health_says_nothing_of_a_host_that_is_full(void **state) /* HEALTH-005 */
{
    struct api_fixture *f = *state;
    struct world_settings settings = world_settings_default();

    for (size_t i = 0; i < CAPACITY_KIND_COUNT; i++)
        settings.capacity.total[i] = 0;
    api_restart(f, &settings);
    post(f, "/instances", "{\"name\":\"a\",\"image\":\"alpine\"}");
    expect_status(f, 409);
    get(f, "/health");
    expect_health(f);
}

static void expect_no_such_path(struct api_fixture *f)
{
    if (f->truth == TRUTH_SERVER)
        expect_text(f, 404, "404 page not found");
    else
        expect_json(f, 404, "{\"code\":\"not_found\",\"message\":\"404 page not found\"}");
}

static void an_unknown_path_is_404_with_or_without_a_token(void **state) /* PIPE-007 */
{
    static const struct {
        const char *rules;
        const char *path;
    } cases[] = {
        { "HTTP-020", "/nope" },
        { "HTTP-020", "/a/b/c/d/e/f/g/h" },
        { "HTTP-020, PATH-001", "/snapshots/a/b" },
        { "HTTP-020, PATH-001", "/instances/a/b/standby" },
        { "HTTP-021", "/health/" },
        { "HTTP-021", "//health" },
        { "HTTP-021", "/./health" },
        { "HTTP-021", "/x/../health" },
        { "HTTP-021", "/health/.." },
        { "HTTP-021", "/Health" },
        { "HTTP-021", "/INSTANCES" },
        { "HTTP-021", "//instances" },
        { "HTTP-021", "/%69nstances" },
        { "HTTP-001", "/v1/health" }, /* no version in front */
        { "HTTP-001", "/api/health" },
        { "INST-X-001", "/instances/" },
        { "INST-X-001", "/instances/x/" },
        { "INST-X-001", "/instances/x/bogus" },
        { "SNAP-X-012", "/instances/i/snapshots/s1" },
        { "SNAP-X-012", "/snapshots/" },
        { "SNAP-X-012", "/snapshots/s1/" },
        { "AUX-004", "/" },
        { "AUX-004", "/swagger/" },
        { "AUX-004", "/docs" },
        { "AUX-004", "/openapi.json" },
        { "AUX-004", "/openapi.yaml" },
        { "AUX-004", "/metrics" },
        { "AUX-004", "/v1/instances" },
    };
    struct api_fixture *f = *state;

    for (size_t t = 0; t < ARRAY_LEN(truths); t++) {
        given_truth(f, truths[t]);
        for (size_t i = 0; i < 2 * ARRAY_LEN(cases); i++) {
            f->about = cases[i / 2].rules;
            f->token = i % 2 == 0 ? NULL : "Bearer x";
            get(f, cases[i / 2].path);
            expect_no_such_path(f);
        }
    }
}

static size_t allow_lines(const struct api_fixture *f, const char *method)
{
    size_t count = 0;
    for (size_t i = 0; i < f->res.header_count; i++) {
        if (text_equal_cstr(f->res.headers[i].name, "Allow") &&
            text_equal_cstr(f->res.headers[i].value, method))
            count++;
    }
    return count;
}

static void expect_no_such_method(struct api_fixture *f)
{
    expect_status(f, 405);
    if (f->truth == TRUTH_SPEC) {
        expect_json(f, 405, "{\"code\":\"method_not_allowed\",\"message\":\"method not allowed\"}");
    } else {
        assert_string_equal(f->answer, "");
        assert_null(f->res.content_type);
    }
}

/* One header line for each method of `allowed`, "GET POST", and no other header. */
static void expect_allow_lines(struct api_fixture *f, const char *allowed)
{
    struct text rest = text_of(allowed);
    size_t count = 0;

    for (; rest.data != NULL && rest.len > 0; count++) {
        char method[16];
        const struct text word = text_split(&rest, ' ');
        snprintf(method, sizeof method, TEXT_FMT, TEXT_ARGS(word));
        if (allow_lines(f, method) != 1)
            fail_msg("%s: %zu times Allow: %s", f->about, allow_lines(f, method), method);
    }
    assert_int_equal(f->res.header_count, count);
}

/* PIPE-007 */
static void a_wrong_method_is_405_with_one_allow_line_per_method_of_the_path(void **state)
{
    static const enum http_method methods[] = { HTTP_GET,   HTTP_HEAD,   HTTP_POST,
                                                HTTP_PUT,   HTTP_DELETE, HTTP_OPTIONS,
                                                HTTP_TRACE, HTTP_PATCH,  HTTP_CONNECT };
    static const struct {
        const char *rules;
        const char *path;
        const char *allowed;
    } cases[] = {
        { "HEALTH-004, HTTP-023", "/health", "GET" },
        { "HTTP-022, HTTP-023", "/volumes", "GET POST" },
        { "INST-X-002", "/instances", "GET POST" },
        { "INST-X-002", "/instances/a", "GET DELETE PATCH" },
        { "INST-X-002", "/instances/a/standby", "POST" },
        { "INST-X-002", "/instances/a/restore", "POST" },
        { "INST-X-002", "/instances/a/fork", "POST" },
        { "INST-X-002", "/instances/a/stop", "POST" },
        { "INST-X-002", "/instances/a/start", "POST" },
        { "INST-X-002", "/instances/a/logs", "GET" },
        { "INST-X-002", "/instances/a/stat", "GET" },
        { "INST-X-002", "/instances/a/stats", "GET" },
        { "INST-X-002", "/instances/a/wait", "GET" },
        { "INST-X-002", "/instances/a/auto-standby/status", "GET" },
        { "INST-X-002", "/instances/a/auto-standby/hold", "POST" },
        { "INST-X-002", "/instances/a/volumes/v", "POST DELETE" },
        { "SNAP-X-013", "/snapshots", "GET" },
        { "SNAP-X-013", "/snapshots/s", "GET DELETE" },
        { "SNAP-X-013", "/snapshots/s/fork", "POST" },
        { "SNAP-X-013", "/instances/a/snapshots", "POST" },
        { "SNAP-X-013", "/instances/a/snapshots/s/restore", "POST" },
        { "SNAP-X-013", "/instances/a/snapshot-schedule", "GET PUT DELETE" },
        { "NEW-010", "/capabilities", "GET" },
    };
    struct api_fixture *f = *state;

    for (size_t t = 0; t < ARRAY_LEN(truths); t++) {
        given_truth(f, truths[t]);
        for (size_t i = 0; i < ARRAY_LEN(cases) * ARRAY_LEN(methods); i++) {
            const char *allowed = cases[i / ARRAY_LEN(methods)].allowed;
            const enum http_method method = methods[i % ARRAY_LEN(methods)];
            if (strstr(allowed, http_method_name(method)) != NULL)
                continue;
            f->about = cases[i / ARRAY_LEN(methods)].rules;
            f->token = i % 2 == 0 ? NULL : "Bearer x";
            send_request(f, method, cases[i / ARRAY_LEN(methods)].path, NULL);
            expect_no_such_method(f);
            expect_allow_lines(f, allowed);
        }
    }
}

static void an_unknown_method_is_405_without_allow(void **state) /* HTTP-024 */
{
    struct api_fixture *f = *state;

    for (size_t t = 0; t < ARRAY_LEN(truths); t++) {
        given_truth(f, truths[t]);
        send_request(f, HTTP_METHOD_OTHER, "/volumes", NULL);
        expect_no_such_method(f);
        assert_int_equal(f->res.header_count, 0);
    }
}

static void literal_and_parameter_paths_share_their_allow_lines(void **state) /* HTTP-022 */
{
    struct api_fixture *f = *state;

    post(f, "/devices/available", NULL);
    expect_status(f, 405);
    assert_int_equal(f->res.header_count, 3);
    assert_int_equal(allow_lines(f, "GET"), 2);
    assert_int_equal(allow_lines(f, "DELETE"), 1);
    send_request(f, HTTP_PUT, "/volumes/from-archive", NULL);
    expect_status(f, 405);
    expect_allow_lines(f, "POST DELETE GET");
}

static void a_literal_path_hides_a_resource_of_that_name(void **state) /* HTTP-025 */
{
    static const char body[] = "{\"code\":\"Method Not Allowed\",\"message\":\"method not "
                               "allowed\"}";
    struct api_fixture *f = *state;

    f->token = NULL; /* before authentication */
    get(f, "/volumes/from-archive");
    expect_json(f, 405, body);
    send_request(f, HTTP_DELETE, "/volumes/from-archive", NULL);
    expect_json(f, 405, body);
    send_request(f, HTTP_DELETE, "/devices/available", NULL);
    expect_json(f, 405, body);
    assert_int_equal(f->res.header_count, 0);
}

static void an_empty_path_segment_is_a_json_404(void **state) /* SNAP-X-014 */
{
    struct api_fixture *f = *state;

    f->token = NULL;
    post(f, "/instances//snapshots", "{}");
    expect_json(f, 404,
                "{\"code\":\"Not Found\",\"message\":\"no matching operation was "
                "found\"}");
    get(f, "/instances//snapshots");
    expect_status(f, 405);
}

static void a_path_that_does_not_decode_is_400_and_closed(void **state) /* HTTP-004 */
{
    struct api_fixture *f = *state;

    get(f, "/instances/%zz");
    expect_bad_request(f, "malformed request target");
    assert_true(f->res.close);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, api_setup, api_teardown)
        TEST(health_is_ok_whatever_is_sent_with_it),
        TEST(health_says_nothing_of_a_host_that_is_full),
        TEST(an_unknown_path_is_404_with_or_without_a_token),
        TEST(a_wrong_method_is_405_with_one_allow_line_per_method_of_the_path),
        TEST(an_unknown_method_is_405_without_allow),
        TEST(literal_and_parameter_paths_share_their_allow_lines),
        TEST(a_literal_path_hides_a_resource_of_that_name),
        TEST(an_empty_path_segment_is_a_json_404),
        TEST(a_path_that_does_not_decode_is_400_and_closed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
