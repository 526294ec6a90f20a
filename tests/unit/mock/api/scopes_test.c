/* Which scope opens which operation: the table of common.md section 15 (SCOPE-006), written from
 * the contract and not from routes.c, with a request for each that gets as far as the scope. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mock/api/route.h"
#include "tests/unit/mock/api/api_fixture.h"

/* SCOPE-007, without "*". */
static const char *const scopes[] = {
    "instance:read",  "instance:write",  "instance:delete", "image:read",     "image:write",
    "image:delete",   "volume:read",     "volume:write",    "volume:delete",  "snapshot:read",
    "snapshot:write", "snapshot:delete", "build:read",      "build:write",    "build:delete",
    "builder:read",   "builder:write",   "builder:delete",  "device:read",    "device:write",
    "device:delete",  "ingress:read",    "ingress:write",   "ingress:delete", "resource:read",
    "resource:write",
};

#define FORM                                                                                       \
    "--b\r\nContent-Disposition: form-data; name=\"source\"; filename=\"s\"\r\n\r\nx\r\n--b--\r\n"
#define INGRESS                                                                                    \
    "{\"name\":\"web\",\"rules\":[{\"match\":{\"hostname\":\"a.b\"},\"target\":{\"instance\":"     \
    "\"i\",\"port\":80}}]}"

#define OP(verb, op_path, needed_scope)                                                            \
    .method = HTTP_##verb, .path = (op_path), .scope = (needed_scope)

static const struct operation {
    enum http_method method;
    const char *path;
    const char *scope;        /* NULL: none needed */
    const char *body;         /* one that the description allows; NULL for none */
    const char *query;        /* likewise */
    const char *content_type; /* NULL: application/json */
} operations[] = {
    { OP(GET, "/health", NULL) },
    { OP(GET, "/capabilities", "resource:read") }, /* NEW-010 */
    { OP(GET, "/resources", "resource:read") },
    { OP(POST, "/resources/memory/reclaim", "resource:write"), .body = "{\"reclaim_bytes\":0}" },
    { OP(GET, "/images", "image:read") },
    { OP(POST, "/images", "image:write"), .body = "{\"name\":\"nginx\"}" },
    { OP(GET, "/images/{name}", "image:read") },
    { OP(DELETE, "/images/{name}", "image:delete") },
    { OP(POST, "/images/{name}/tag", "image:write"), .body = "{\"target\":\"a:b\"}" },
    { OP(GET, "/instances", "instance:read") },
    { OP(POST, "/instances", "instance:write"), .body = "{\"name\":\"a\",\"image\":\"nginx\"}" },
    { OP(GET, "/instances/{id}", "instance:read") },
    { OP(DELETE, "/instances/{id}", "instance:delete") },
    { OP(PATCH, "/instances/{id}", "instance:write"), .body = "{}" },
    { OP(POST, "/instances/{id}/standby", "instance:write") },
    { OP(POST, "/instances/{id}/restore", "instance:write") },
    { OP(POST, "/instances/{id}/fork", "instance:write"), .body = "{\"name\":\"b\"}" },
    { OP(POST, "/instances/{id}/snapshots", "snapshot:write"), .body = "{\"kind\":\"Standby\"}" },
    { OP(GET, "/instances/{id}/snapshot-schedule", "snapshot:read") },
    { OP(PUT, "/instances/{id}/snapshot-schedule", "snapshot:write"),
      .body = "{\"interval\":\"1h\",\"retention\":{\"max_count\":1}}" },
    { OP(DELETE, "/instances/{id}/snapshot-schedule", "snapshot:delete") },
    { OP(POST, "/instances/{id}/snapshots/{snapshotId}/restore", "snapshot:write"), .body = "{}" },
    { OP(GET, "/snapshots", "snapshot:read") },
    { OP(GET, "/snapshots/{snapshotId}", "snapshot:read") },
    { OP(DELETE, "/snapshots/{snapshotId}", "snapshot:delete") },
    { OP(POST, "/snapshots/{snapshotId}/fork", "snapshot:write"), .body = "{\"name\":\"c\"}" },
    { OP(POST, "/instances/{id}/stop", "instance:write") },
    { OP(POST, "/instances/{id}/start", "instance:write"), .body = "{}" },
    { OP(GET, "/instances/{id}/logs", "instance:read") },
    { OP(GET, "/instances/{id}/stat", "instance:read"), .query = "path=/etc" },
    { OP(GET, "/instances/{id}/wait", "instance:read"), .query = "state=Running" },
    { OP(GET, "/instances/{id}/auto-standby/status", "instance:read") },
    { OP(POST, "/instances/{id}/auto-standby/hold", "instance:write") },
    { OP(GET, "/instances/{id}/stats", "instance:read") },
    { OP(POST, "/instances/{id}/volumes/{volumeId}", "volume:write"),
      .body = "{\"mount_path\":\"/mnt/data\"}" },
    { OP(DELETE, "/instances/{id}/volumes/{volumeId}", "volume:write") },
    { OP(GET, "/volumes", "volume:read") },
    { OP(POST, "/volumes", "volume:write"), .body = "{\"name\":\"v\",\"size_gb\":1}" },
    { OP(POST, "/volumes/from-archive", "volume:write"), .body = "\x1f\x8b",
      .query = "name=v&size_gb=1", .content_type = "application/gzip" },
    { OP(GET, "/volumes/{id}", "volume:read") },
    { OP(DELETE, "/volumes/{id}", "volume:delete") },
    { OP(GET, "/devices", "device:read") },
    { OP(POST, "/devices", "device:write"), .body = "{\"pci_address\":\"0000:a2:00.0\"}" },
    { OP(GET, "/devices/available", "device:read") },
    { OP(GET, "/devices/{id}", "device:read") },
    { OP(DELETE, "/devices/{id}", "device:delete") },
    { OP(GET, "/ingresses", "ingress:read") },
    { OP(POST, "/ingresses", "ingress:write"), .body = INGRESS },
    { OP(GET, "/ingresses/{id}", "ingress:read") },
    { OP(DELETE, "/ingresses/{id}", "ingress:delete") },
    { OP(GET, "/builds", "build:read") },
    { OP(POST, "/builds", "build:write"), .body = FORM,
      .content_type = "multipart/form-data; boundary=b" },
    { OP(GET, "/builds/{id}", "build:read") },
    { OP(DELETE, "/builds/{id}", "build:delete") },
    { OP(GET, "/builds/{id}/events", "build:read") },
    { OP(GET, "/builders", "builder:read") },
    { OP(POST, "/builders", "builder:write"), .body = "{}" },
    { OP(GET, "/builders/{id}", "builder:read") },
    { OP(DELETE, "/builders/{id}", "builder:delete") },
    { OP(POST, "/builders/{id}/prune", "builder:write") },
    { OP(GET, "/pushes", "image:read") },
    { OP(POST, "/pushes", "image:write"), .body = "{\"image\":\"nginx\",\"target\":\"a/b\"}" },
    { OP(GET, "/pushes/{id}", "image:read") },
};

static int setup(void **state)
{
    if (api_setup(state) != 0)
        return -1;
    given_auth(*state, AUTH_JWT);
    return 0;
}

static void send_operation(struct api_fixture *f, const struct operation *op)
{
    char target[200];

    snprintf(target, sizeof target, "%s%s%s", op->path, op->query == NULL ? "" : "?",
             op->query == NULL ? "" : op->query);
    f->content_type = op->content_type == NULL ? "application/json" : op->content_type;
    send_request(f, op->method, target, op->body);
}

static const struct route *find_route(const struct operation *op)
{
    const struct route *route = routes;

    while (route->path != NULL &&
           (route->method != op->method || strcmp(route->path, op->path) != 0))
        route++;
    if (route->path == NULL)
        fail_msg("no route %s %s", http_method_name(op->method), op->path);
    return route;
}

/* 403 with the needed scope's name; of an operation yet to come, 501. */
static void expect_refused(struct api_fixture *f, const struct operation *op)
{
    char body[200];

    send_operation(f, op);
    if (find_route(op)->run == NULL) {
        expect_status(f, 501);
        return;
    }
    snprintf(body, sizeof body,
             "{\"code\":\"Forbidden\",\"message\":\"missing required scope: %s\"}", op->scope);
    expect_json(f, 403, body); /* SCOPE-005 */
}

/* What the operation then says is its own affair. */
static void expect_let_in(struct api_fixture *f, const struct operation *op)
{
    send_operation(f, op);
    if (f->res.status == 401 || f->res.status == 403 || strstr(f->answer, "\"Bad Request\""))
        fail_msg("%s %s: %s", http_method_name(op->method), op->path, f->answer);
}

static void each_route_needs_the_scope_of_the_contract(void **state) /* SCOPE-006, INST-X-005 */
{
    size_t count = 0;
    (void)state;

    for (const struct route *route = routes; route->path != NULL; route++)
        count++;
    assert_int_equal(count, ARRAY_LEN(operations));
    for (size_t i = 0; i < ARRAY_LEN(operations); i++) {
        const struct route *route = find_route(&operations[i]);
        if (operations[i].scope == NULL)
            assert_null(route->scope); /* AUTH-001 */
        else
            assert_string_equal(route->scope, operations[i].scope);
    }
}

static void each_scope_opens_its_own_operations_and_no_other(void **state) /* SCOPE-007 */
{
    struct api_fixture *f = *state;

    for (size_t s = 0; s < ARRAY_LEN(scopes); s++) {
        char claims[100];
        size_t opened = 0;
        snprintf(claims, sizeof claims, "{\"permissions\":[\"%s\"]}", scopes[s]);
        given_claims(f, claims);
        for (size_t i = 0; i < ARRAY_LEN(operations); i++) {
            const struct operation *op = &operations[i];
            const bool opens = op->scope == NULL || strcmp(op->scope, scopes[s]) == 0;
            if (opens)
                expect_let_in(f, op);
            else
                expect_refused(f, op);
            opened += op->scope != NULL && opens;
        }
        assert_true(opened > 0); /* no scope is idle */
    }
}

static void all_scopes_but_the_needed_one_do_not_help(void **state) /* SCOPE-002, SCOPE-004 */
{
    struct api_fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(operations); i++) {
        char claims[1000] = "{\"permissions\":[\"nonsense\"";
        if (operations[i].scope == NULL)
            continue;
        for (size_t s = 0; s < ARRAY_LEN(scopes); s++) {
            const size_t len = strlen(claims);
            if (strcmp(scopes[s], operations[i].scope) != 0)
                snprintf(claims + len, sizeof claims - len, ",\"%s\"", scopes[s]);
        }
        strncat(claims, "]}", sizeof claims - strlen(claims) - 1);
        given_claims(f, claims);
        expect_refused(f, &operations[i]);
    }
}

static void no_claim_and_the_star_open_everything(void **state)
{
    static const char *const claims[] = {
        "{}",                        /* SCOPE-001, SNAP-X-005 */
        "{\"permissions\":[\"*\"]}", /* SCOPE-002             */
    };
    struct api_fixture *f = *state;

    for (size_t c = 0; c < ARRAY_LEN(claims); c++) {
        given_claims(f, claims[c]);
        for (size_t i = 0; i < ARRAY_LEN(operations); i++)
            expect_let_in(f, &operations[i]);
    }
}

static void permissions_that_are_no_list_of_scopes_open_nothing(void **state)
{
    static const char *const claims[] = {
        "{\"permissions\":[]}",
        "{\"permissions\":null}",
        "{\"permissions\":\"*\"}",
        "{\"permissions\":{}}",
    };
    struct api_fixture *f = *state;

    for (size_t c = 0; c < ARRAY_LEN(claims); c++) { /* SCOPE-003, SNAP-X-007 */
        given_claims(f, claims[c]);
        for (size_t i = 0; i < ARRAY_LEN(operations); i++) {
            if (operations[i].scope == NULL)
                expect_let_in(f, &operations[i]); /* AUTH-002 */
            else
                expect_refused(f, &operations[i]);
        }
    }
}

static void without_jwt_every_token_has_full_access(void **state)
{
    struct api_fixture *f = *state;

    given_claims(f, "{\"permissions\":[]}");
    for (size_t i = 0; i < ARRAY_LEN(operations); i++) {
        given_auth(f, AUTH_ANY);
        expect_let_in(f, &operations[i]);
        given_auth(f, AUTH_OFF);
        expect_let_in(f, &operations[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, api_teardown)
        TEST(each_route_needs_the_scope_of_the_contract),
        TEST(each_scope_opens_its_own_operations_and_no_other),
        TEST(all_scopes_but_the_needed_one_do_not_help),
        TEST(no_claim_and_the_star_open_everything),
        TEST(permissions_that_are_no_list_of_scopes_open_nothing),
        TEST(without_jwt_every_token_has_full_access),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
