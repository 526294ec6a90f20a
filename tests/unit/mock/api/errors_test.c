/* Whatever is wrong with a request, in the description's truth the answer is its Error: ERR-001,
 * ERR-002. Every route gets every mistake below, and there is nothing it may answer but a success
 * or {"code":"...","message":"..."}. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "mock/api/route.h"
#include "tests/unit/mock/api/api_fixture.h"

static const char *const words[] = {
    "vm", "none", "50%25", "a%00b", "%FF%FE", "%zz", "%", "", "..", "a%2Fb", "%22%5C%3C%0A", NULL,
};

static const char *const queries[] = {
    "",
    "?kind=&name=&state=&source_instance_id=",
    "?kind=%22&state=%22",
    "?kind=Standby&kind=Stopped",
    "?state=Running&state=Running",
    "?graceful_shutdown=%25d",
    "?graceful_shutdown=",
    "?tags[a][b]=%22",
    "?tags[]=%0A",
    "?tags[a]=1&tags[a]=2",
    "?tags[a%23]=b",
    "?tags[%25s%22]=%3C",
    "?tags[a]=%FF",
    "?timeout=%25&follow=x&tail=%22&path=&source=%22",
    NULL,
};

static const char *const bodies[] = {
    "",
    "{}",
    " ",
    "{",
    "nul",
    "null",
    "[]",
    "\"%d\"",
    "5",
    "{\"a\":\"\xff\"}",
    "{\"name\":\"\\\"%s\",\"image\":5}",
    "{\"name\":\"vm\",\"image\":\"alpine\"}",
    "{\"name\":\"new\",\"image\":\"\"}",
    "{\"name\":\"new\",\"image\":\"alpine\",\"vcpus\":1.0}",
    "{\"name\":\"new\",\"image\":\"alpine\",\"vcpus\":-1}",
    "{\"name\":\"new\",\"image\":\"alpine\",\"size\":\"\\u0000\\\"\"}",
    "{\"name\":\"new\",\"image\":\"alpine\",\"tags\":{\"\\\"%\\n\":\"a\"}}",
    "{\"name\":\"new\",\"image\":\"alpine\",\"tags\":{\"\\\"%d\\n\":\"\\\"\"}}",
    "{\"name\":\"new\",\"image\":\"alpine\",\"devices\":[\"a\"]}",
    "{\"kind\":\"standby\"}",
    "{\"kind\":\"Stopped\"}",
    "{\"kind\":\"Standby\",\"compression\":{\"enabled\":true,\"level\":0}}",
    "{\"kind\":\"Standby\",\"compression\":{\"enabled\":true,\"level\":99999999999999999999}}",
    "{\"name\":\"vm\",\"target_state\":\"Standby\"}",
    "{\"mount_path\":\"\\u2028\"}",
    NULL,
};

/* The statuses of the errors seen. */
struct seen {
    size_t count;
    bool status[600];
};

static void expect_an_error_or_success(struct api_fixture *f, const char *target, struct seen *seen)
{
    const int status = f->res.status;

    if (status < 400)
        return;
    seen->count++;
    seen->status[status] = true;
    json_auto_t *error = json_loads(f->answer, JSON_REJECT_DUPLICATES, NULL);
    if (f->res.content_type == NULL || strcmp(f->res.content_type, "application/json") != 0 ||
        json_object_size(error) != 2 || json_string_length(json_object_get(error, "code")) == 0 ||
        json_string_length(json_object_get(error, "message")) == 0)
        fail_msg("%s is answered %d %s", target, status, f->answer);
}

/* The route's path with each parameter replaced. */
static void fill_path(const char *path, const char *word, char *out, size_t size)
{
    size_t len = 0;
    for (struct text rest = text_of(path); rest.data != NULL;) {
        const struct text literal = text_split(&rest, '{');
        const bool has_hole = rest.data != NULL;
        len += (size_t)snprintf(out + len, size - len, TEXT_FMT "%s", TEXT_ARGS(literal),
                                has_hole ? word : "");
        if (has_hole)
            (void)text_split(&rest, '}');
    }
    assert_true(len < size);
}

static void given_a_world(struct api_fixture *f)
{
    const struct world_settings settings = world_settings_default();

    f->token = "Bearer any";
    f->content_type = "application/json";
    api_restart(f, &settings);
    given_instance(f, "{\"name\":\"vm\",\"image\":\"alpine\"}");
}

static void every_mistake_in_a_path_or_query_is_told_as_an_error(void **state)
{
    struct api_fixture *f = *state;
    struct seen seen = { 0 };
    char path[256];
    char target[512];

    for (const struct route *route = routes; route->path != NULL; route++) {
        for (size_t w = 0; words[w] != NULL; w++) {
            given_a_world(f);
            fill_path(route->path, words[w], path, sizeof path);
            for (size_t q = 0; queries[q] != NULL; q++) {
                snprintf(target, sizeof target, "%s%s", path, queries[q]);
                send_request(f, route->method, target, NULL);
                expect_an_error_or_success(f, target, &seen);
            }
            snprintf(target, sizeof target, "%s/", path);
            send_request(f, route->method, target, NULL);
            expect_an_error_or_success(f, target, &seen);
            for (enum http_method method = 0; method < HTTP_METHOD_COUNT; method++) {
                send_request(f, method, path, "{}");
                expect_an_error_or_success(f, path, &seen);
            }
        }
    }
    assert_true(seen.count > 1000);
    assert_true(seen.status[400] && seen.status[404] && seen.status[405] && seen.status[501]);
}

static void every_mistake_in_a_body_or_header_is_told_as_an_error(void **state)
{
    static const char *const types[] = { "application/json", "text/plain; a=\"\\%d\"", NULL };
    static const char *const tokens[] = { "Bearer any", "Bearer  \"", "Basic x", "", NULL };
    struct api_fixture *f = *state;
    struct seen seen = { 0 };
    char path[256];

    for (const struct route *route = routes; route->path != NULL; route++) {
        fill_path(route->path, "vm", path, sizeof path);
        for (size_t b = 0; bodies[b] != NULL; b++) {
            given_a_world(f);
            for (size_t t = 0; t < ARRAY_LEN(types); t++) {
                f->content_type = types[t];
                send_request(f, route->method, path, bodies[b]);
                expect_an_error_or_success(f, path, &seen);
            }
        }
        for (size_t t = 0; t < ARRAY_LEN(tokens); t++) {
            f->token = tokens[t];
            send_request(f, route->method, path, "{}");
            expect_an_error_or_success(f, path, &seen);
        }
        given_auth(f, AUTH_JWT);
        given_claims(f, "{\"permissions\":[]}");
        send_request(f, route->method, path, "{}");
        expect_an_error_or_success(f, path, &seen);
    }
    assert_true(seen.count > 1000);
    assert_true(seen.status[400] && seen.status[401] && seen.status[403] && seen.status[404] &&
                seen.status[409]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, api_setup, api_teardown)
        TEST(every_mistake_in_a_path_or_query_is_told_as_an_error),
        TEST(every_mistake_in_a_body_or_header_is_told_as_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
