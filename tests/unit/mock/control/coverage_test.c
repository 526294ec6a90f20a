/* What of the API counts as exercised, and how that is told and added up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mock/control/coverage.h"
#include "tests/unit/mock/control/control_fixture.h"

enum { MAX_BYTES = 1024 * 1024 };

/* --- what there is -------------------------------------------------------------------------- */

struct names {
    char names[COVERAGE_MAX_ITEMS][128];
    enum coverage_kind kinds[COVERAGE_MAX_ITEMS];
    size_t count;
};

static void note_name(void *ctx, size_t index, enum coverage_kind kind, struct text name)
{
    struct names *all = ctx;

    assert_int_equal(index, all->count);
    assert_true(name.len < sizeof all->names[0]);
    memcpy(all->names[index], name.data, name.len);
    all->kinds[index] = kind;
    all->count++;
}

static bool has_name(const struct names *all, enum coverage_kind kind, const char *name)
{
    for (size_t i = 0; i < all->count; i++) {
        if (all->kinds[i] == kind && strcmp(all->names[i], name) == 0)
            return true;
    }
    return false;
}

static void every_item_has_a_name_of_its_own(void **state)
{
    static struct names all; /* too large for a stack */
    static const struct {
        enum coverage_kind kind;
        const char *name;
    } some[] = {
        { COVERAGE_OPERATION, "createInstance" },
        { COVERAGE_OPERATION, "listImages" },
        { COVERAGE_ERROR, "createInstance invalid_size" },
        { COVERAGE_ERROR, "createInstance Unauthorized" },
        { COVERAGE_ERROR, "stopInstance not_found" },
        { COVERAGE_EDGE, "stopInstance from Running" },
        { COVERAGE_EDGE, "deleteInstance from Unknown" },
        { COVERAGE_QUERY, "listInstances tags" },
        { COVERAGE_VALUE, "listInstances state=Running" },
        { COVERAGE_MEMBER, "createInstance network.egress.enforcement.mode" },
        { COVERAGE_VALUE, "createInstance network.egress.enforcement.mode=http_https_only" },
        { COVERAGE_MEMBER, "createInstance volumes[].mount_path" },
        { COVERAGE_VALUE, "createInstanceSnapshot kind=Standby" },
    };
    (void)state;

    coverage_each(note_name, &all);
    assert_true(all.count > 400);
    for (size_t i = 0; i < all.count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (all.kinds[i] == all.kinds[k] && strcmp(all.names[i], all.names[k]) == 0)
                fail_msg("%s twice", all.names[i]);
        }
    }
    for (size_t i = 0; i < ARRAY_LEN(some); i++) {
        if (!has_name(&all, some[i].kind, some[i].name))
            fail_msg("no %s", some[i].name);
    }
}

/* --- what is seen --------------------------------------------------------------------------- */

static const struct {
    enum http_method method;
    const char *target, *body;
    int status;
    enum coverage_kind kind;
    const char *seen; /* all of the kind after this request, as the document has them */
} requests[] = {
    { HTTP_GET, "/instances", NULL, 200, COVERAGE_OPERATION, "\"listInstances\"" },
    { HTTP_GET, "/instances?state=Running&tags[a]=b", NULL, 200, COVERAGE_QUERY,
      "\"listInstances state\",\"listInstances tags\"" },
    { HTTP_GET, "/instances?state=Stopped", NULL, 200, COVERAGE_VALUE,
      "\"listInstances state=Running\",\"listInstances state=Stopped\"" },
    { HTTP_GET, "/instances?state=x", NULL, 400, COVERAGE_ERROR, "\"listInstances Bad Request\"" },
    { HTTP_POST, "/instances", "{\"name\":\"web\",\"image\":\"alpine\",\"size\":\"x\"}", 400,
      COVERAGE_ERROR, "\"listInstances Bad Request\",\"createInstance invalid_size\"" },
    { HTTP_POST, "/instances",
      "{\"name\":\"web\",\"image\":\"alpine\",\"restart_policy\":{"
      "\"policy\":\"on_failure\"}}",
      201, COVERAGE_MEMBER,
      "\"createInstance name\",\"createInstance image\",\"createInstance size\",\"createInstance "
      "restart_policy\",\"createInstance restart_policy.policy\"" },
    { HTTP_POST, "/instances/web/stop", NULL, 200, COVERAGE_EDGE,
      "\"stopInstance from Initializing\"" },
    { HTTP_POST, "/instances/web/standby", NULL, 409, COVERAGE_EDGE,
      "\"stopInstance from Initializing\"" },
    { HTTP_POST, "/instances/web/snapshots", "{\"kind\":\"Stopped\"}", 201, COVERAGE_EDGE,
      "\"stopInstance from Initializing\",\"createInstanceSnapshot from Stopped\"" },
    { HTTP_GET, "/nowhere?state=Paused", NULL, 404, COVERAGE_OPERATION,
      "\"listInstances\",\"createInstance\",\"stopInstance\",\"createInstanceSnapshot\"" },
};

static void a_request_exercises_what_it_has_of_the_api(void **state)
{
    struct control_fixture *f = *state;

    for (size_t i = 0; i < ARRAY_LEN(requests); i++) {
        char part[512];
        assert_int_equal(ask(f, requests[i].method, requests[i].target, requests[i].body),
                         requests[i].status);
        snprintf(part, sizeof part, "\"%s\":{\"seen\":[%s],\"never\":[\"",
                 coverage_kind_names[requests[i].kind], requests[i].seen);
        expect(f, HTTP_GET, "/_mock/coverage", NULL, 200, part);
    }
    expect(f, HTTP_POST, "/_mock/worlds", "{\"name\":\"other\"}", 201, "");
    expect(f, HTTP_GET, "/_w/other/_mock/coverage", NULL, 200, "\"operations\":{\"seen\":[],");
    expect(f, HTTP_DELETE, "/_mock/journal", NULL, 204, ""); /* which is something else */
    expect(f, HTTP_GET, "/_mock/coverage", NULL, 200, "\"seen\":[\"listInstances\",");
}

static void what_a_fault_answers_is_not_met(void **state)
{
    struct control_fixture *f = *state;

    expect(f, HTTP_POST, "/_mock/faults", "{\"effect\":\"status\",\"status\":503}", 201, "");
    assert_int_equal(ask(f, HTTP_GET, "/instances", NULL), 503);
    expect(f, HTTP_DELETE, "/_mock/faults", NULL, 204, "");
    expect(f, HTTP_POST, "/_mock/faults", "{\"effect\":\"lose-request\"}", 201, "");
    (void)ask(f, HTTP_GET, "/instances", NULL);
    expect(f, HTTP_GET, "/_mock/coverage", NULL, 200, "\"operations\":{\"seen\":[],");
    assert_non_null(strstr(f->answer, "\"errors\":{\"seen\":[],"));
}

/* --- adding up ------------------------------------------------------------------------------ */

static void documents_add_up(void **state)
{
    struct control_fixture *f = *state;
    struct coverage sum = { 0 };
    struct error err = { 0 };
    SCOPED(buffer) struct buffer text = buffer_capped(MAX_BYTES);

    (void)ask(f, HTTP_GET, "/instances", NULL);
    expect(f, HTTP_GET, "/_mock/coverage", NULL, 200, "");
    assert_true(coverage_add_json(&sum, text_of(f->answer), &err));
    expect(f, HTTP_POST, "/_mock/reset", NULL, 200, "");
    (void)ask(f, HTTP_GET, "/snapshots?kind=Standby", NULL);
    expect(f, HTTP_GET, "/_mock/coverage", NULL, 200, "");
    assert_true(coverage_add_json(&sum, text_of(f->answer), &err));
    assert_true(coverage_add_json(&sum, text_of(f->answer), &err)); /* again: nothing more */

    coverage_write_text(&sum, &text);
    buffer_append_byte(&text, '\0');
    assert_memory_equal(text.data, "operations    2 of   ", 21);
    assert_non_null(strstr(text.data, "\nqueries       1 of "));
    assert_non_null(strstr(text.data, "\nvalues        1 of "));
    assert_non_null(strstr(text.data, "\nnever: operations\n  getHealth\n"));
    assert_null(strstr(text.data, "\n  listInstances\n"));
    assert_null(strstr(text.data, "\n  listSnapshots\n"));
    assert_non_null(strstr(text.data, "\n  getSnapshot\n"));
}

#define GROUP(name, seen) "\"" name "\":{\"seen\":[" seen "],\"never\":[]}"
#define DOCUMENT(format, operations)                                                               \
    "{\"format\":\"" format                                                                        \
    "\"," GROUP("operations", operations) "," GROUP("errors", "") "," GROUP(                       \
        "edges", "") "," GROUP("queries", "") "," GROUP("members", "") "," GROUP("values", "") "}"

static void what_is_no_such_document_adds_nothing(void **state)
{
    static const struct {
        const char *document, *field, *part;
    } bad[] = {
        { "", "", "EOF" },
        { "[]", "", "object" },
        { "{}", "format", "format" },
        { DOCUMENT("hypeman-mock-coverage/9", ""), "format", "format must be" },
        { "{\"format\":\"hypeman-mock-coverage/1\"}", "operations", "operations" },
        { DOCUMENT("hypeman-mock-coverage/1", "\"createInstance\",\"makeInstance\""),
          "operations.seen[1]", "is not known to this version" },
        { DOCUMENT("hypeman-mock-coverage/1", "7"), "operations.seen[0]", "must be a string" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
        struct coverage sum = { 0 };
        const struct coverage none = { 0 };
        struct error err = { 0 };
        assert_false(coverage_add_json(&sum, text_of(bad[i].document), &err));
        assert_string_equal(err.field, bad[i].field);
        if (strstr(err.message, bad[i].part) == NULL)
            fail_msg("%s: %s", bad[i].document, err.message);
        assert_memory_equal(&sum, &none, sizeof sum);
    }
    struct coverage sum = { 0 };
    struct error err = { 0 };
    assert_true(coverage_add_json(
        &sum, text_of(DOCUMENT("hypeman-mock-coverage/1", "\"createInstance\"")), &err));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, control_setup, control_teardown)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_item_has_a_name_of_its_own),
        TEST(a_request_exercises_what_it_has_of_the_api),
        TEST(what_a_fault_answers_is_not_met),
        TEST(documents_add_up),
        cmocka_unit_test(what_is_no_such_document_adds_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
