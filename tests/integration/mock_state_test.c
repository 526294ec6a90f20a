/* Worlds as documents over a real socket: GET and PUT /_mock/state, worlds of a document, --load.
 */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/scope.h"
#include "tests/support/http_client.h"
#include "tests/support/program.h"

struct session {
    struct program mock;
    struct http_client client;
};

static void begin(struct session *s, const char *load)
{
    const char *args[] = { "--listen", "127.0.0.1:0", "--log", "off", "--clock",
                           "virtual",  NULL,          NULL,    NULL };
    if (load != NULL) {
        args[6] = "--load";
        args[7] = load;
    }
    assert_true(program_start(&s->mock, "hypeman-mock", args));
    assert_true(http_client_open(&s->client, s->mock.urls[0]));
}

static void end(struct session *s)
{
    http_client_close(&s->client);
    assert_int_equal(program_stop(&s->mock, SIGTERM), 0);
    program_free(&s->mock);
}

/* The body of the answer. Owned: free(). */
static char *ask(struct session *s, const char *method, const char *target, const char *json,
                 int status)
{
    struct http_answer answer;
    assert_true(http_client_request(&s->client, method, target, json));
    assert_true(http_client_read(&s->client, &answer));
    if (answer.status != status)
        fail_msg("%s %s: %d %s", method, target, answer.status, answer.body);
    char *body = strdup(answer.body);
    http_answer_free(&answer);
    assert_non_null(body);
    return body;
}

static void does(struct session *s, const char *method, const char *target, const char *json,
                 int status)
{
    free(ask(s, method, target, json, status));
}

/* Something of everything, with a boot and a compression under way. */
static char *eventful_state(struct session *s)
{
    does(s, "POST", "/instances",
         "{\"name\":\"web\",\"image\":\"nginx\",\"env\":{\"A\":\"\\u0000\"}}", 201);
    does(s, "POST", "/_mock/clock/advance", "{\"by\":\"1h\"}", 200);
    does(s, "POST", "/instances/web/snapshots",
         "{\"kind\":\"Standby\",\"name\":\"s\",\"compression\":{\"enabled\":true}}", 201);
    does(s, "PUT", "/instances/web/snapshot-schedule",
         "{\"interval\":\"1h\",\"retention\":{\"max_count\":2}}", 200);
    does(s, "POST", "/instances", "{\"name\":\"db\",\"image\":\"postgres\"}", 201);
    return ask(s, "GET", "/_mock/state", NULL, 200);
}

static void assert_state(struct session *s, const char *target, const char *document)
{
    char *now = ask(s, "GET", target, NULL, 200);
    assert_string_equal(now, document);
    free(now);
}

/* The answers a client gets in the hours to come. */
static char *future_of(struct session *s, const char *world)
{
    char path[128];
    (void)snprintf(path, sizeof path, "%s/_mock/clock/advance", world);
    does(s, "POST", path, "{\"by\":\"3h\"}", 200);
    (void)snprintf(path, sizeof path, "%s/instances", world);
    does(s, "POST", path, "{\"name\":\"late\",\"image\":\"nginx\"}", 201);
    (void)snprintf(path, sizeof path, "%s/_mock/state", world);
    return ask(s, "GET", path, NULL, 200);
}

static void a_world_is_put_into_another_and_both_go_on_alike(void **state)
{
    struct session s;
    (void)state;
    begin(&s, NULL);
    char *document = eventful_state(&s);
    does(&s, "POST", "/_mock/worlds", "{\"name\":\"other\"}", 201);
    does(&s, "PUT", "/_w/other/_mock/state", document, 200);
    assert_state(&s, "/_w/other/_mock/state", document);
    char *original = future_of(&s, "");
    char *copy = future_of(&s, "/_w/other");
    assert_non_null(strstr(original, "\"late\""));
    assert_string_equal(original, copy);
    free(original);
    free(copy);
    free(document);
    end(&s);
}

static void a_world_is_made_of_a_document(void **state)
{
    struct session s;
    (void)state;
    begin(&s, NULL);
    char *document = eventful_state(&s);
    const size_t size = strlen(document) + 64;
    char *order = malloc(size);
    assert_non_null(order);
    (void)snprintf(order, size, "{\"name\":\"copy\",\"state\":%s}", document);
    does(&s, "POST", "/_mock/worlds", order, 201);
    assert_state(&s, "/_w/copy/_mock/state", document);
    free(order);
    free(document);
    end(&s);
}

static void a_bad_document_changes_nothing_and_is_told_what_is_wrong(void **state)
{
    static const struct {
        const char *method, *target, *json, *message;
    } rows[] = {
        { "PUT", "/_mock/state", NULL, "a JSON object is needed in the body" },
        { "PUT", "/_mock/state", "[]", "the body must be a JSON object" },
        { "PUT", "/_mock/state", "{}", "format is missing" },
        { "PUT", "/_mock/state", "{\"format\":\"hypeman-mock-state/1\",\"snapshots\":[{}]}",
          "snapshots[0] must have a member \\\"id\\\"" },
        { "PUT", "/_mock/state",
          "{\"format\":\"hypeman-mock-state/1\",\"world\":{\"now\":\"2250-01-01T00:00:00Z\"}}",
          "has a world.now after 2199" },
        { "POST", "/_mock/worlds", "{\"state\":{}}", "state.format is missing" },
        { "POST", "/_mock/worlds", "{\"state\":{},\"from\":\"default\"}",
          "state and from exclude each other" },
    };
    struct session s;
    (void)state;
    begin(&s, NULL);
    char *document = eventful_state(&s);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        char *body = ask(&s, rows[i].method, rows[i].target, rows[i].json, 400);
        if (strstr(body, rows[i].message) == NULL)
            fail_msg("row %zu: %s", i, body);
        free(body);
    }
    assert_state(&s, "/_mock/state", document);
    free(document);
    end(&s);
}

static void with_load_every_world_begins_with_the_file_and_a_reset_goes_back_to_it(void **state)
{
    char path[] = "/tmp/hypeman-state-XXXXXX";
    struct session s;
    (void)state;
    begin(&s, NULL);
    char *document = eventful_state(&s);
    end(&s);
    const int fd = mkstemp(path);
    FILE *file = fdopen(fd, "w");
    assert_true(file != NULL && fputs(document, file) >= 0 && fclose(file) == 0);

    begin(&s, path);
    assert_state(&s, "/_mock/state", document);
    does(&s, "DELETE", "/instances/web", NULL, 204);
    does(&s, "POST", "/_mock/worlds", "{\"name\":\"fresh\"}", 201);
    assert_state(&s, "/_w/fresh/_mock/state", document);
    does(&s, "POST", "/_mock/reset", NULL, 200);
    assert_state(&s, "/_mock/state", document);
    end(&s);
    (void)remove(path);
    free(document);
}

static void a_file_that_is_no_export_is_a_mistake_on_the_command_line(void **state)
{
    static const struct {
        const char *path, *said;
    } rows[] = {
        { "/nowhere/state.json", "--load is of no use: cannot open /nowhere/state.json" },
        { "/dev/null", "--load is of no use: /dev/null: EOF" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct program mock;
        assert_true(
            program_spawn(&mock, "hypeman-mock", (const char *[]){ "--load", rows[i].path, NULL }));
        assert_int_equal(program_wait(&mock), 2);
        assert_non_null(strstr(mock.output, rows[i].said));
        program_free(&mock);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_world_is_put_into_another_and_both_go_on_alike),
        cmocka_unit_test(a_world_is_made_of_a_document),
        cmocka_unit_test(a_bad_document_changes_nothing_and_is_told_what_is_wrong),
        cmocka_unit_test(with_load_every_world_begins_with_the_file_and_a_reset_goes_back_to_it),
        cmocka_unit_test(a_file_that_is_no_export_is_a_mistake_on_the_command_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
