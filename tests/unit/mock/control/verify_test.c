/* What a test expects of its client, held against the journal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/common/alloc_fail.h"
#include "tests/unit/mock/control/control_fixture.h"

/* 1: create, 2: get, 3: create again, refused, 4: delete, 5: get nobody. */
static void given_requests(struct control_fixture *f)
{
    given_instance(f, "", "vm");
    expect(f, HTTP_GET, "/instances/vm", NULL, 200, "");
    expect(f, HTTP_POST, "/instances", "{\"name\":\"vm\",\"image\":\"alpine\"}", 409, "");
    expect(f, HTTP_DELETE, "/instances/vm", NULL, 204, "");
    expect(f, HTTP_GET, "/instances/nobody", NULL, 404, "");
}

#define CREATE "{\"operation\":\"createInstance\"}"
#define GET    "{\"operation\":\"getInstance\"}"
#define DELETE "{\"operation\":\"deleteInstance\"}"

static const struct {
    const char *expectation;
    const char *finding;
} cases[] = {
    { "{\"at_least\":2,\"of\":" CREATE "}",
      "{\"ok\":true,\"kind\":\"at_least\",\"seen\":2,\"requests\":[\"default-1\",\"default-3\"]}" },
    { "{\"at_least\":0,\"of\":{\"code\":\"never_heard\"}}",
      "{\"ok\":true,\"kind\":\"at_least\",\"seen\":0,\"requests\":[]}" },
    { "{\"at_least\":3,\"of\":" CREATE "}",
      "\"why\":\"at least 3 expected, 2 seen; 3 would fit but "
      "for the operation, such as default-2, GET "
      "/instances/vm, which was answered 200\"}" },
    { "{\"exactly\":1,\"of\":{\"operation\":\"createInstance\",\"status\":201}}",
      "{\"ok\":true,\"kind\":\"exactly\",\"seen\":1,\"requests\":[\"default-1\"]}" },
    { "{\"exactly\":1,\"of\":" CREATE "}",
      "{\"ok\":false,\"kind\":\"exactly\",\"seen\":2,\"requests\":[\"default-1\",\"default-3\"],"
      "\"why\":\"exactly 1 expected, 2 seen\"}" },
    { "{\"exactly\":1,\"of\":{\"operation\":\"deleteInstance\",\"status\":\"404\"}}",
      "\"why\":\"exactly 1 expected, 0 seen; 1 would fit but for the operation, such as default-5, "
      "GET /instances/nobody, which was answered 404; 1 would fit but for the status, such as "
      "default-4, DELETE /instances/vm, which was answered 204\"}" },
    { "{\"never\":{\"status\":\"5xx\"}}",
      "{\"ok\":true,\"kind\":\"never\",\"seen\":0,\"requests\":[]}" },
    { "{\"never\":{\"status\":\"4xx\"}}", "\"why\":\"none expected, 2 seen\"}" },
    { "{\"in_order\":[" CREATE "," CREATE "," DELETE "," GET "]}",
      "{\"ok\":true,\"kind\":\"in_order\",\"seen\":4,\"requests\":[\"default-1\",\"default-3\","
      "\"default-4\",\"default-5\"]}" },
    { "{\"in_order\":[" DELETE "," CREATE "]}", "{\"ok\":false,\"kind\":\"in_order\",\"seen\":1,"
                                                "\"requests\":[\"default-4\"],\"why\":\"number "
                                                "2 of the 2 was not seen after default-4" },
    { "{\"in_order\":[{\"path\":\"/x\"}]}",
      "\"why\":\"number 1 of the 1 was not seen; 5 would fit" },
};

static void an_expectation_holds_or_says_what_was_seen_instead(void **state)
{
    struct control_fixture *f = *state;

    given_requests(f);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char body[512];
        const bool holds = strstr(cases[i].finding, "\"why\"") == NULL;
        snprintf(body, sizeof body, "{\"expectations\":[%s]}", cases[i].expectation);
        expect(f, HTTP_POST, "/_mock/verify", body, 200, cases[i].finding);
        expect(f, HTTP_POST, "/_mock/verify", body, 200,
               holds ? "{\"ok\":true,\"exp" : "{\"ok\":false,\"exp");
    }
}

static void all_expectations_are_judged_in_one_call(void **state)
{
    struct control_fixture *f = *state;

    given_requests(f);
    expect(
        f, HTTP_POST, "/_mock/verify",
        "{\"expectations\":[{\"never\":{}},{\"exactly\":5,\"of\":{}},{\"at_least\":9,\"of\":{}}]}",
        200, "{\"ok\":false,\"expectations\":[{\"ok\":false,\"kind\":\"never\",\"seen\":5,");
    assert_non_null(strstr(f->answer, "{\"ok\":true,\"kind\":\"exactly\",\"seen\":5,"));
    assert_non_null(strstr(f->answer, "\"why\":\"at least 9 expected, 5 seen\"}],\"evicted\":0}"));
}

/* Whatever is asked about the journal: an answer, or an error, and then the answer after all. */
static void questions_survive_a_lack_of_memory(void **state)
{
    static const struct {
        enum http_method method;
        const char *target, *body;
    } questions[] = {
        { HTTP_GET, "/_mock/journal?instance=vm&status=2xx", NULL },
        { HTTP_POST, "/_mock/verify",
          "{\"expectations\":[{\"exactly\":1,\"of\":" CREATE "},{\"in_order\":[" GET "," DELETE
          "]}]}" },
        { HTTP_GET, "/_mock/verdicts", NULL },
        { HTTP_GET, "/_mock/explain/default-3", NULL },
        { HTTP_GET, "/_mock/coverage", NULL },
    };
    struct control_fixture *f = *state;

    given_requests(f);
    for (size_t i = 0; i < ARRAY_LEN(questions); i++) {
        bool failed = true;
        for (size_t n = 0; failed; n++) {
            alloc_fail_after(n);
            const int status = ask(f, questions[i].method, questions[i].target, questions[i].body);
            failed = alloc_fail_stop() != 0;
            if (status != 200 && !(failed && status >= 400))
                fail_msg("%s: %d %s", questions[i].target, status, f->answer);
        }
        assert_int_equal(f->status, 200);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, control_setup, control_teardown)
    const struct CMUnitTest tests[] = {
        TEST(an_expectation_holds_or_says_what_was_seen_instead),
        TEST(all_expectations_are_judged_in_one_call),
        TEST(questions_survive_a_lack_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
