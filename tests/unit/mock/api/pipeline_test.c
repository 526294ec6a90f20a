/* Which failure a client sees when several apply: common.md sections 1 to 6. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mock/api/route.h"
#include "tests/unit/mock/api/api_fixture.h"

#define UNAUTHORIZED(reason)                                                                       \
    "{\"code\":\"Unauthorized\",\"message\":\"security requirements failed: " reason "\"}"
#define FORBIDDEN(scope)                                                                           \
    "{\"code\":\"Forbidden\",\"message\":\"missing required scope: " scope "\"}"
#define WHOLE_NUMBER_WITH_FRACTION                                                                 \
    "{\"kind\":\"Standby\",\"compression\":{\"enabled\":true,\"level\":1.0}}"
#define BODY_MISSING "request body has an error: value is required but missing"
#define NOT_FOUND    "{\"code\":\"not_found\",\"message\":\"resource not found\"}"

static void each_fault_of_a_token_is_a_401_with_its_reason(void **state) /* AUTH-010 */
{
    static const struct {
        enum auth_mode auth;
        const char *header; /* NULL: none, or the one the claims make */
        const char *claims; /* signed with the right secret           */
        const char *body;   /* NULL: accepted                         */
    } cases[] = {
        { AUTH_ANY, NULL, NULL, UNAUTHORIZED("authorization header required") },
        { AUTH_ANY, "Bearer", NULL, UNAUTHORIZED("invalid authorization header format") },
        { AUTH_ANY, "Bearer  two", NULL, UNAUTHORIZED("invalid token") },
        { AUTH_ANY, "Bearer My API Key", NULL, NULL },
        { AUTH_OFF, NULL, NULL, NULL },
        { AUTH_OFF, "Basic dTpw", NULL, NULL },
        { AUTH_JWT, NULL, NULL, UNAUTHORIZED("authorization header required") },
        { AUTH_JWT, "Basic dTpw", NULL, UNAUTHORIZED("invalid authorization header format") },
        { AUTH_JWT, "Bearer My API Key", NULL, UNAUTHORIZED("invalid token") },
        { AUTH_JWT, NULL, "{\"exp\":1}", UNAUTHORIZED("invalid token") },
        { AUTH_JWT, NULL, "{\"scope\":\"push\"}", UNAUTHORIZED("invalid token type") },
        { AUTH_JWT, NULL, "{\"sub\":\"user-1\"}", NULL },
    };
    struct api_fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        given_auth(f, cases[i].auth);
        f->token = cases[i].header;
        if (cases[i].claims != NULL)
            given_claims(f, cases[i].claims);
        get(f, "/instances");
        if (cases[i].body == NULL)
            expect_json(f, 200, "[]\n");
        else
            expect_json(f, 401, cases[i].body);
        assert_int_equal(f->res.header_count, 0); /* no WWW-Authenticate (HTTP-035) */
    }
}

static void a_token_expires_with_the_worlds_clock(void **state) /* AUTH-023 */
{
    struct api_fixture *f = *state;
    char claims[100];

    given_auth(f, AUTH_JWT);
    snprintf(claims, sizeof claims, "{\"exp\":%lld}",
             (long long)(FAKE_ENV_START_NS / NS_PER_SEC + 60));
    given_claims(f, claims);
    f->fake.now_ns += 60 * NS_PER_SEC - 1;
    get(f, "/instances");
    expect_status(f, 200);
    f->fake.now_ns++;
    get(f, "/instances");
    expect_json(f, 401, UNAUTHORIZED("invalid token"));
}

/* PIPE-001, SNAP-X-008, INST-X-003 */
static void no_token_beats_whatever_else_is_wrong(void **state)
{
    static const char reason[] = UNAUTHORIZED("authorization header required");
    struct api_fixture *f = *state;

    f->token = NULL;
    post(f, "/instances", "{");
    expect_json(f, 401, reason);
    post(f, "/instances/unknown/snapshots", "");
    expect_json(f, 401, reason);
    send_request(f, HTTP_DELETE, "/instances/unknown?graceful_shutdown=maybe", NULL);
    expect_json(f, 401, reason);
    get(f, "/snapshots/unknown");
    expect_json(f, 401, reason);
}

/* PIPE-002, SNAP-X-009, INST-X-005 */
static void an_invalid_body_or_query_beats_a_missing_scope(void **state)
{
    struct api_fixture *f = *state;

    given_auth(f, AUTH_JWT);
    given_claims(f, "{\"permissions\":[]}");
    post(f, "/instances/unknown/snapshots", "");
    expect_bad_request(f, BODY_MISSING);
    post(f, "/instances/unknown/snapshots", "{\"kind\":\"Standby\",\"name\":1}");
    expect_status(f, 400);
    send_request(f, HTTP_DELETE, "/instances/unknown?graceful_shutdown=maybe", NULL);
    expect_status(f, 400);
    get(f, "/snapshots?kind=Other");
    expect_status(f, 400);
}

/* PIPE-003, PIPE-008, SNAP-X-006, SNAP-X-010, INST-X-005, SCOPE-005 */
static void a_missing_scope_beats_an_unknown_resource_and_the_typed_decoder(void **state)
{
    struct api_fixture *f = *state;

    given_auth(f, AUTH_JWT);
    given_claims(f, "{\"permissions\":[\"snapshot:read\",\"instance:write\"]}");
    post(f, "/instances/unknown/snapshots", "{\"kind\":\"Standby\"}");
    expect_json(f, 403, FORBIDDEN("snapshot:write"));
    post(f, "/instances/unknown/snapshots", WHOLE_NUMBER_WITH_FRACTION);
    expect_json(f, 403, FORBIDDEN("snapshot:write"));
    get(f, "/instances/unknown");
    expect_json(f, 403, FORBIDDEN("instance:read"));
    send_request(f, HTTP_DELETE, "/snapshots/50%25", NULL);
    expect_json(f, 403, FORBIDDEN("snapshot:delete"));
    get(f, "/snapshots/unknown"); /* and with the scope, the operation's own 404 */
    expect_status(f, 404);
    send_request(f, HTTP_DELETE, "/instances/unknown", NULL);
    expect_json(f, 403, FORBIDDEN("instance:delete"));
}

/* PIPE-004, INST-X-004, SNAP-X-011 */
static void an_invalid_body_beats_an_unknown_resource(void **state)
{
    struct api_fixture *f = *state;

    post(f, "/instances/unknown/snapshots", "");
    expect_bad_request(f, BODY_MISSING);
    post(f, "/instances/unknown/snapshots", "{\"kind\":\"Paused\"}");
    expect_bad_request(f,
                       "request body has an error: doesn't match schema "
                       "#/components/schemas/CreateSnapshotRequest: Error at \"/kind\": value is "
                       "not one of the allowed values [\"Standby\",\"Stopped\"]");
    post(f, "/instances/unknown/snapshots", "{\"kind\":\"Standby\"}");
    expect_json(f, 404, NOT_FOUND);
}

static void an_unknown_resource_beats_the_typed_decoder(void **state) /* PIPE-006 */
{
    static const char body[] = WHOLE_NUMBER_WITH_FRACTION;
    struct api_fixture *f = *state;

    post(f, "/instances/unknown/snapshots", body);
    expect_json(f, 404, NOT_FOUND);
    given_instance(f, "{\"name\":\"web-1\",\"image\":\"nginx\"}");
    post(f, "/instances/web-1/snapshots", body);
    expect_bad_request(
        f, "can't decode JSON body: json: cannot unmarshal number 1.0 into Go struct field "
           "SnapshotCompressionConfig.compression.level of type int");
}

static void an_invalid_query_beats_an_unknown_resource(void **state)
{
    struct api_fixture *f = *state;

    send_request(f, HTTP_DELETE, "/instances/unknown?graceful_shutdown=maybe", NULL);
    expect_bad_request(f, "parameter \"graceful_shutdown\" in query has an error: value maybe: an "
                          "invalid boolean: invalid syntax");
    send_request(f, HTTP_DELETE, "/instances/unknown?graceful_shutdown=", NULL);
    expect_json(f, 404, NOT_FOUND);
}

static void the_binding_of_a_query_comes_after_resolution(void **state)
{
    struct api_fixture *f = *state;

    given_instance(f, "{\"name\":\"web-1\",\"image\":\"nginx\"}");
    send_request(f, HTTP_DELETE, "/instances/web-1?graceful_shutdown=", NULL);
    expect_bad_request(
        f, "Invalid format for parameter graceful_shutdown: multiple values for single value "
           "parameter 'graceful_shutdown'");
    send_request(f, HTTP_DELETE, "/instances/web-1?graceful_shutdown=F", NULL);
    expect_status(f, 204);
}

/* BIND-001, PIPE-008 */
static void a_bad_escape_left_after_decoding_is_a_binding_error(void **state)
{
    struct api_fixture *f = *state;

    get(f, "/snapshots/50%25");
    expect_bad_request(f,
                       "Invalid format for parameter snapshotId: error unescaping path parameter "
                       "'snapshotId': invalid URL escape \"%\"");
    get(f, "/instances/50%25"); /* the resolver looks the text up as it is (PATH-003) */
    expect_json(f, 404, NOT_FOUND);
}

static void operations_of_later_releases_answer_501_after_the_token(void **state)
{
    struct api_fixture *f = *state;
    size_t missing = 0;

    for (const struct route *route = routes; route->path != NULL; route++) {
        char expected[200];
        if (route->run != NULL)
            continue;
        missing++;
        f->token = NULL;
        send_request(f, route->method, route->path, NULL);
        expect_status(f, 401);
        f->token = "Bearer x";
        send_request(f, route->method, route->path, NULL);
        snprintf(expected, sizeof expected,
                 "{\"code\":\"not_implemented\",\"message\":\"hypeman-mock does not implement %s "
                 "yet\"}",
                 route->operation_id);
        expect_json(f, 501, expected);
    }
    assert_true(missing > 0); /* when none is left, this test goes */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, api_setup, api_teardown)
        TEST(each_fault_of_a_token_is_a_401_with_its_reason),
        TEST(a_token_expires_with_the_worlds_clock),
        TEST(no_token_beats_whatever_else_is_wrong),
        TEST(an_invalid_body_or_query_beats_a_missing_scope),
        TEST(a_missing_scope_beats_an_unknown_resource_and_the_typed_decoder),
        TEST(an_invalid_body_beats_an_unknown_resource),
        TEST(an_unknown_resource_beats_the_typed_decoder),
        TEST(an_invalid_query_beats_an_unknown_resource),
        TEST(the_binding_of_a_query_comes_after_resolution),
        TEST(a_bad_escape_left_after_decoding_is_a_binding_error),
        TEST(operations_of_later_releases_answer_501_after_the_token),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
