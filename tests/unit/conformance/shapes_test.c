#include "tests/unit/common/check.h"

#include <string.h>

#include "conformance/suite/shapes.h"
#include "tests/unit/conformance/fixture.h"

#define ID    "\"id\":\"abcdefghijklmnopqrstuvwx\""
#define THING ID ",\"name\":null,\"kind\":\"Standby\""

static void every_answer_is_held_to_its_documented_form(void **state)
{
    (void)state;
    static const struct {
        const char *request;
        int status;
        const char *type; /* NULL: no Content-Type */
        const char *body;
        const char *spec;   /* "RULE PATH" each */
        const char *server; /* NULL: the same   */
    } rows[] = {
        { "GET /things/a", 200, "application/json", "{" THING "}", "", NULL },
        { "GET /things/a", 200, "application/json; charset=utf-8", "{" THING "}", "", NULL },
        { "GET /things/a", 200, "text/plain", "{" THING "}", "HTTP-030 header Content-Type ",
          NULL },
        { "GET /things/a", 200, NULL, "{" THING "}", "HTTP-030 header Content-Type ", NULL },
        { "GET /things/a", 200, "application/json", "{", "JSON-001 body ", NULL },
        { "GET /things/a", 200, "application/json", "[]", "JSON-003  ", NULL },
        { "GET /things/a", 200, "application/json", "{" ID ",\"kind\":\"Standby\"}",
          "SNAP-C-001 /name ", NULL },
        { "GET /things/a", 200, "application/json", "{\"id\":\"x\",\"name\":null,\"kind\":\"x\"}",
          "SNAP-C-009 /id SNAP-C-001 /kind ", NULL },
        { "GET /things/a", 200, "application/json", "{" THING ",\"new\":1}", "SNAP-C-001 /new ",
          "" },
        { "GET /things/a", 200, "application/json", "{" THING ",\"tags\":{\"a\":1}}",
          "SNAP-C-001 /tags ", NULL },
        { "GET /things/a", 200, "application/json", "{" THING ",\"tags\":null}",
          "SNAP-C-001 /tags ", NULL },
        { "GET /things/a", 200, "application/json",
          "{" THING ",\"at\":\"2026-01-02T03:04:05.10Z\"}", "SNAP-C-001 /at ",
          NULL }, /* JSON-010 */
        { "GET /things/a", 200, "application/json", "{" THING ",\"at\":\"2026-01-02T03:04:05.1Z\"}",
          "", NULL },
        { "GET /things/a", 200, "application/json", "{" THING ",\"size\":\"10 GB\",\"wait\":\"5\"}",
          "SNAP-C-001 /size SNAP-C-001 /wait ", NULL }, /* INST-J-010 */
        { "GET /things/a", 200, "application/json",
          "{" THING ",\"size\":\"119.2 MB/s\",\"wait\":\"1h0m0s\"}", "", NULL }, /* INST-J-012 */
        { "GET /things/a", 200, "application/json", "{" THING ",\"parts\":[{" THING "},7]}",
          "SNAP-C-001 /parts/1 ", NULL },
        { "GET /things", 200, "application/json", "[]", "", NULL },
        { "GET /things", 200, "application/json", "null", "JSON-003  ", NULL },
        { "GET /things", 204, NULL, "", "ERR-007 status ", NULL },
        { "GET /things", 404, "application/json", "{\"code\":\"a\",\"message\":\"b\"}",
          "ERR-007 status ", NULL },
        { "GET /things/a", 404, "application/json", "{\"code\":\"a\",\"message\":\"b\"}", "",
          NULL },
        { "GET /things/a", 400, "text/plain", "no", "HTTP-030 header Content-Type ERR-001 body ",
          "" },
        { "GET /things/a", 404, "application/json", "{\"code\":1}",
          "ERR-001 /code ERR-001 /message ", "" },
        { "DELETE /snapshots/a", 204, NULL, "", "", NULL },
        { "DELETE /snapshots/a", 204, NULL, "{}", "HTTP-031 body ", NULL },
        /* What the API does not have is held to the form of errors only. */
        { "HEAD /bogus", 405, "application/json", "", "", NULL }, /* no body to look at */
        { "GET /bogus", 404, "application/json", "{\"code\":\"a\",\"message\":\"b\"}", "", NULL },
        { "GET /bogus", 200, "text/html", "x", "", NULL },
    };
    struct fixture f;

    fixture_begin(&f);
    fixture_add(&f, "cases/a.json",
                "{\"title\":\"t\",\"rules\":[\"SNAP-C-001\"],\"steps\":[{\"request\":\"GET "
                "/things\",\"expect\":{\"status\":200}}]}");
    fixture_load(&f);
    for (size_t i = 0; i < ARRAY_LEN(rows) * TRUTH_COUNT; i++) {
        enum truth truth = (enum truth)(i % TRUTH_COUNT);
        size_t r = i / TRUTH_COUNT;
        struct text path = text_of(rows[r].request);
        struct text method = text_split(&path, ' ');
        json_auto_t *json = NULL;
        struct error err = { 0 };
        struct match_report report = { .arena = &f.arena };
        SCOPED(buffer) struct buffer got = buffer_capped(4096);
        (void)!json_document_load(text_of(rows[r].body), false, &json, &err);
        const struct shaped_answer answer = { .method = arena_copy(&f.arena, method),
                                              .path = path,
                                              .status = rows[r].status,
                                              .content_type = text_of(rows[r].type),
                                              .body = text_of(rows[r].body),
                                              .json = json };
        shapes_check(&f.shapes, truth, &answer, &report);
        for (const struct mismatch *m = report.first; m != NULL; m = m->next)
            buffer_appendf(&got, "%s %s ", m->rule, m->path);
        const char *wanted =
            truth == TRUTH_SERVER && rows[r].server != NULL ? rows[r].server : rows[r].spec;
        if (!text_equal_cstr(buffer_text(&got), wanted))
            fail_msg("%s %d %s, truth %s: \"" TEXT_FMT "\" is not \"%s\"", rows[r].request,
                     rows[r].status, rows[r].body, truth_names[truth], TEXT_ARGS(buffer_text(&got)),
                     wanted);
    }
    fixture_end(&f);
}

static void a_file_of_shapes_that_is_wrong_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *objects;
        const char *operations;
        const char *message;
    } rows[] = {
        { "{\"A\":{\"members\":{\"a\":\"strin\"},\"rules\":{\"*\":\"ERR-001\"}}}", "{}",
          "objects.A.members.a is no type: \"strin\"" },
        { "{\"A\":{\"members\":{},\"rules\":{}}}", "{}", "objects.A.rules has no \"*\"" },
        { "{\"A\":{\"members\":{},\"rules\":{\"*\":\"ERR-002\"}}}", "{}",
          "objects.A.rules.* is no rule of the contract" },
        { "{}", "{\"GET /a\":{\"answers\":{\"200\":\"B\"},\"errors\":[]}}",
          "operations.GET /a.answers.200 is no type: \"B\"" },
        { "{}", "{\"GET /a\":{\"answers\":{},\"erors\":[]}}",
          "operations.GET /a has an unknown member \"erors\"; did you mean \"errors\"?" },
    };
    struct fixture f;
    struct error ok = { 0 };

    fixture_begin(&f);
    assert_true(catalogue_load(buffer_text(&f.bundle), &f.arena, &f.catalogue, &ok));
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct error err = { 0 };
        const char *document = arena_printf(
            &f.arena, "{\"always\":[],\"cleanup\":[],\"objects\":%s,\"operations\":%s}",
            rows[i].objects, rows[i].operations);
        const char *message = arena_printf(&f.arena, "schema/resources.json: %s", rows[i].message);
        assert_false(shapes_load(text_of(document), &f.catalogue, &f.arena, &f.shapes, &err));
        assert_string_equal(err.message, message);
    }
    fixture_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_answer_is_held_to_its_documented_form),
        cmocka_unit_test(a_file_of_shapes_that_is_wrong_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
