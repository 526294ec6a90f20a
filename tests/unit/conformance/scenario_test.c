#include "tests/unit/common/check.h"

#include <stdio.h>

#include <string.h>

#include "tests/unit/conformance/fixture.h"

#define STEP(members)                                                                              \
    "{\"title\":\"t\",\"rules\":[\"SNAP-C-001\"],\"steps\":[{\"request\":\"GET /things\"," members \
    "\"expect\":{\"status\":200}}]}"
#define CASE(members)   "{\"title\":\"t\",\"rules\":[\"SNAP-C-001\"]," members "}"
#define GOOD            "\"steps\":[{\"request\":\"GET /things\",\"expect\":{\"status\":200}}]"
#define EXPECT(members) CASE("\"steps\":[{\"request\":\"GET /things\",\"expect\":{" members "}}]")

static bool load(struct fixture *f, struct error *err)
{
    struct text bundle = buffer_text(&f->bundle);

    return catalogue_load(bundle, &f->arena, &f->catalogue, err) &&
           scenario_set_load(bundle, &f->catalogue, &f->set, err);
}

static void what_a_case_may_not_say_is_refused_by_file_member_and_what_is_expected(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        const char *message; /* behind "cases/a/b.json: " */
    } rows[] = {
        { "{", "unexpected EOF" },
        { "[]", "the document must be an object, not an array" },
        { "{\"rules\":[],\"steps\":[]}", "title is missing" },
        { "{\"title\":\"t\"}", "steps is missing" },
        { CASE("\"steps\":[]"), "steps must have 1 to 256 steps" },
        { "{\"title\":\"t\"," GOOD "}", "the document cites no rule" },
        { CASE(GOOD ",\"stepps\":1"),
          "the document has an unknown member \"stepps\"; did you mean \"steps\"?" },
        { "{\"title\":\"t\",\"rules\":[\"XYZ-001\"]," GOOD "}",
          "rules[0] cites XYZ-001, which the contract does not have" },
        { CASE(GOOD ",\"needs\":[\"virtual-clok\"]"),
          "needs[0] is no capability; did you mean \"virtual-clock\"?" },
        { CASE(GOOD ",\"truth\":\"specs\""),
          "truth must not be \"specs\"; did you mean \"spec\"?" },
        { CASE(GOOD ",\"cost\":\"5\""), "cost must be a duration above zero such as \"1m30s\"" },
        { STEP("\"request\":\"GET\","),
          "steps[0].request must be a method and a path: \"GET /snapshots/${id}\"" },
        { STEP("\"querry\":{},"),
          "steps[0] has an unknown member \"querry\"; did you mean \"query\"?" },
        { STEP("\"query\":{\"a\":1},"),
          "steps[0].query.a must be a string, or an array of strings" },
        { STEP("\"headers\":{\"A\":1},"),
          "steps[0].headers.A must be a string, or null to leave the header out" },
        { STEP("\"body\":{},\"raw\":\"x\","),
          "steps[0] may have one of \"body\", \"raw\" and \"raw_base64\"" },
        { STEP("\"raw_base64\":\"!\","), "steps[0].raw_base64 must be base64" },
        { STEP("\"capture\":{\"a\":\"id\"},"),
          "steps[0].capture.a must be a JSON pointer such as \"/id\"" },
        { STEP("\"repeat\":0,"), "steps[0].repeat must be 1 to 1000" },
        { STEP("\"repeat\":2,\"within\":\"1s\","),
          "steps[0].repeat has no meaning beside \"within\"" },
        { STEP("\"token\":{\"claims\":{}},"), "the document makes tokens, so it needs \"jwt\"" },
        { STEP("\"token\":{},"), "steps[0].token.claims is missing" },
        { STEP("\"token\":{\"claims\":{},\"alg\":\"RS256\"},"),
          "steps[0].token.alg must be HS256, HS384, HS512 or none" },
        { STEP("\"token\":{\"claims\":{\"exp\":{\"$from_now\":\"soon\"}}},"),
          "steps[0].token.claims.exp must have a duration: {\"$from_now\": \"-1h\"}" },
        { STEP("\"setup\":true,"), "steps[0].setup is for the steps of fragments" },
        { STEP("\"grpc\":{\"cod\":\"X\"},"),
          "steps[0].grpc has an unknown member \"cod\"; did you mean \"code\"?" },
        { CASE("\"steps\":[{\"request\":\"GET /things\"}]"), "steps[0].expect is missing" },
        { EXPECT("\"code\":\"x\""), "steps[0].expect.status is missing" },
        { EXPECT("\"status\":\"200\""),
          "steps[0].expect.status must be a status such as 404, or an array of them" },
        { EXPECT("\"status\":[200,99]"),
          "steps[0].expect.status[1] must be a status such as 404, or an array of them" },
        { EXPECT("\"status\":200,\"body\":{\"a\":{\"$mn\":1}}"),
          "steps[0].expect.body.a has an unknown member \"$mn\"; did you mean \"$in\"?" },
        { EXPECT("\"status\":200,\"server\":{\"server\":{}}"),
          "steps[0].expect.server has an unknown member \"server\"" },
        { CASE("\"steps\":[{\"clock\":{}}]"), "steps[0].clock must say \"mode\" or \"advance\"" },
        { CASE("\"steps\":[{\"clock\":{\"mode\":\"virtuel\"}}]"),
          "steps[0].clock.mode must not be \"virtuel\"; did you mean \"virtual\"?" },
        { CASE("\"steps\":[{\"hook\":\"exit\"}]"),
          "steps[0].hook must be a method and a path: \"GET /snapshots/${id}\"" },
        { CASE("\"steps\":[{\"hook\":\"PUT /capacity\",\"boddy\":{}}]"),
          "steps[0] has an unknown member \"boddy\"; did you mean \"body\"?" },
        { CASE("\"steps\":[{\"hook\":\"PUT /capacity\",\"body\":{}}]"),
          "the document has hooks, so it needs \"worlds\"" },
        { CASE("\"steps\":[{\"use\":\"things\",\"as\":\"a\"}]"),
          "steps[0] uses a fragment \"things\", which there is not; did you mean \"thing\"?" },
        { CASE("\"steps\":[{\"use\":\"thing\"}]"), "steps[0].as is missing" },
        { CASE("\"steps\":[{\"use\":\"bare\",\"as\":\"a\",\"with\":{\"b\":1}}]"),
          "steps[0] has \"with\", but the fragment sends no body" },
        { CASE("\"steps\":[{\"use\":\"round\",\"as\":\"a\"}]"),
          "fragments/round.json: fragments/round.json: fragments/round.json: "
          "fragments/round.json: steps[0] goes round in circles" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct fixture f;
        struct error err = { 0 };
        char expected[512];
        fixture_begin(&f);
        fixture_add(&f, "fragments/thing.json",
                    "{\"title\":\"t\",\"steps\":[{\"request\":\"POST /things\",\"body\":{},"
                    "\"expect\":{\"status\":201}}]}");
        fixture_add(&f, "fragments/bare.json", "{\"title\":\"t\",\"steps\":[]}");
        fixture_add(&f, "fragments/round.json",
                    "{\"title\":\"t\",\"steps\":[{\"use\":\"round\"}]}");
        fixture_add(&f, "cases/a/b.json", rows[i].json);
        assert_false(load(&f, &err));
        (void)snprintf(expected, sizeof expected, "cases/a/b.json: %s", rows[i].message);
        assert_string_equal(err.message, expected);
        fixture_end(&f);
    }
}

static void a_suite_without_cases_is_refused(void **state)
{
    (void)state;
    struct fixture f;
    struct error err = { 0 };

    fixture_begin(&f);
    assert_false(load(&f, &err));
    assert_error(err, ERROR_INVALID_ARGUMENT, "there are no cases");
    fixture_end(&f);
}

static void a_rule_that_is_excluded_cannot_be_cited(void **state)
{
    (void)state;
    struct fixture f;
    struct error err = { 0 };

    fixture_begin(&f);
    fixture_add(&f, "exclusions.txt", "SNAP-C-001 cannot be seen\n");
    fixture_add(&f, "cases/a.json", CASE(GOOD));
    assert_false(load(&f, &err));
    assert_error(err, ERROR_INVALID_ARGUMENT,
                 "cases/a.json: rules[0] cites SNAP-C-001, which exclusions.txt says no case can "
                 "check");
    fixture_end(&f);
}

static void a_case_is_read_with_its_rules_each_once_and_in_order_of_ids(void **state)
{
    (void)state;
    struct fixture f;

    fixture_begin(&f);
    fixture_add(&f, "cases/z.json", CASE(GOOD));
    fixture_add(&f, "cases/a/b.json",
                "{\"title\":\"t\",\"rules\":[\"SNAP-C-001\"],\"truth\":\"server\",\"cost\":\"2s\","
                "\"needs\":[\"auth\",\"hypervisor:qemu\"],\"steps\":["
                "{\"request\":\"POST /things?x\",\"rules\":[\"SNAP-C-009\",\"SNAP-C-001\"],"
                "\"raw_base64\":\"AAE=\",\"within\":\"1m\",\"expect\":{\"status\":[200,201],"
                "\"code\":\"c\",\"server\":{\"text\":\"\"}}}]}");
    fixture_load(&f);
    assert_int_equal(f.set.count, 2);
    const struct scenario *s = &f.set.items[0];
    assert_string_equal(s->id, "a/b");
    assert_string_equal(f.set.items[1].id, "z");
    assert_string_equal(s->rules[0], "SNAP-C-001");
    assert_string_equal(s->rules[1], "SNAP-C-009");
    assert_null(s->rules[2]);
    assert_string_equal(s->needs[1], "hypervisor:qemu");
    assert_false(s->truths[TRUTH_SPEC]);
    assert_true(s->truths[TRUTH_SERVER]);
    assert_int_equal(s->cost_ns, 2000000000);
    const struct step *step = &s->steps[0];
    assert_string_equal(step->title, "POST /things?x");
    assert_int_equal(step->raw.len, 2);
    assert_int_equal(step->within_ns, INT64_C(60000000000));
    assert_int_equal(step->expect[TRUTH_SPEC].status_count, 2);
    assert_string_equal(step->expect[TRUTH_SPEC].code, "c");
    /* The server's expectation is its own, but for the status. */
    assert_int_equal(step->expect[TRUTH_SERVER].statuses[1], 201);
    assert_null(step->expect[TRUTH_SERVER].code);
    assert_non_null(step->expect[TRUTH_SERVER].text);
    fixture_end(&f);
}

static void a_fragment_is_filled_in_under_the_name_that_it_is_used_as(void **state)
{
    (void)state;
    struct fixture f;

    fixture_begin(&f);
    fixture_add(&f, "fragments/made.json",
                "{\"title\":\"t\",\"steps\":[{\"request\":\"POST /things\",\"body\":{\"name\":"
                "\"${run}-${as}\",\"n\":1},\"expect\":{\"status\":201},\"capture\":{\"id\":\"/id\"}"
                "}]}");
    fixture_add(&f, "fragments/seen.json",
                "{\"title\":\"t\",\"steps\":[{\"use\":\"made\"},{\"request\":\"GET "
                "/things/${.id}\",\"expect\":{\"status\":200}}]}");
    fixture_add(&f, "cases/a.json",
                CASE("\"steps\":[{\"use\":\"seen\",\"as\":\"one\",\"with\":{\"n\":2}}]"));
    fixture_load(&f);
    const struct scenario *s = &f.set.items[0];
    assert_int_equal(s->step_count, 2);
    assert_true(s->steps[0].setup && s->steps[1].setup);
    assert_string_equal(json_string_value(json_object_get(s->steps[0].body, "name")), "${run}-one");
    assert_int_equal(json_integer_value(json_object_get(s->steps[0].body, "n")), 2);
    assert_string_equal(json_string_value(json_object_get(s->steps[0].capture, "one.id")), "/id");
    assert_string_equal(s->steps[1].target, "/things/${one.id}");
    fixture_end(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_a_case_may_not_say_is_refused_by_file_member_and_what_is_expected),
        cmocka_unit_test(a_suite_without_cases_is_refused),
        cmocka_unit_test(a_rule_that_is_excluded_cannot_be_cited),
        cmocka_unit_test(a_case_is_read_with_its_rules_each_once_and_in_order_of_ids),
        cmocka_unit_test(a_fragment_is_filled_in_under_the_name_that_it_is_used_as),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
