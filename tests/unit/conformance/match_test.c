#include "tests/unit/common/check.h"

#include <string.h>

#include "conformance/suite/match.h"

static json_t *json(const char *text)
{
    struct error err = { 0 };
    json_t *value = NULL;

    if (text == NULL)
        return NULL;
    if (!json_document_load(text_of(text), false, &value, &err))
        fail_msg("%s: %s", text, err.message);
    return value;
}

/* "PATH: EXPECTED, GOT" of the first mismatch; "" when it fits. */
static void assert_match(const char *matcher, const char *value, const char *expected)
{
    SCOPED(arena) struct arena arena = arena_capped(1 << 20);
    struct match_report report = { .arena = &arena };
    struct error err = { 0 };
    json_auto_t *m = json(matcher);
    json_auto_t *v = json(value);
    const struct json_at at = json_root(m);

    if (!match_check(&at, &err))
        fail_msg("%s: %s", matcher, err.message);
    bool fits = match(m, v, "", &report);
    const struct mismatch *first = report.first;
    const char *got = first == NULL ? ""
                                    : arena_printf(&arena, "%s: %s, %s", first->path,
                                                   first->expected, first->got);
    if (strcmp(got, expected) != 0 || fits != (expected[0] == '\0') ||
        (report.mismatches != 0) == fits || report.checks == 0)
        fail_msg("%s against %s: \"%s\", not \"%s\"", matcher, value, got, expected);
}

static void a_matcher_says_what_it_expected_and_what_it_got(void **state)
{
    (void)state;
    static const struct {
        const char *matcher;
        const char *value; /* NULL: absent */
        const char *mismatch;
    } rows[] = {
        /* values stand for themselves */
        { "1", "1", "" },
        { "1", "2", ": 1, 2" },
        { "1", "1.0", ": 1, 1.0" },
        { "null", "null", "" },
        { "null", NULL, ": null, nothing" },
        { "\"a\"", "\"a\"", "" },
        { "true", "false", ": true, false" },
        /* objects and arrays */
        { "{}", "{\"a\":1}", "" },
        { "{}", "[]", ": an object like {}, []" },
        { "{\"a\":{\"b\":1}}", "{\"a\":{\"b\":1,\"c\":2}}", "" },
        { "{\"a\":{\"b\":1}}", "{\"a\":{\"b\":2}}", "/a/b: 1, 2" },
        { "{\"a\":1}", "{}", "/a: 1, nothing" },
        { "[1,2]", "[1,2]", "" },
        { "[1,2]", "[2,1]", "/0: 1, 2" },
        { "[1]", "[1,2]", ": [1], [1,2]" },
        { "[]", "[]", "" },
        /* conditions */
        { "{\"a\":{\"$absent\":true}}", "{}", "" },
        { "{\"a\":{\"$absent\":true}}", "{\"a\":null}", "/a: to be absent, null" },
        { "{\"a\":{\"$present\":true}}", "{\"a\":null}", "" },
        { "{\"a\":{\"$present\":true}}", "{}", "/a: to be present, nothing" },
        { "{\"$type\":\"integer\"}", "1", "" },
        { "{\"$type\":\"integer\"}", "1.5", ": type \"integer\", 1.5" },
        { "{\"$type\":\"number\"}", "1", "" },
        { "{\"$type\":\"null\"}", "null", "" },
        { "{\"$type\":\"string\"}", NULL, ": type \"string\", nothing" },
        { "{\"$pattern\":\"^a+$\"}", "\"aaa\"", "" },
        { "{\"$pattern\":\"^a+$\"}", "\"ab\"", ": pattern \"^a+$\", \"ab\"" },
        { "{\"$pattern\":\"1\"}", "1", ": pattern \"1\", 1" },
        { "{\"$min\":1,\"$max\":3}", "3", "" },
        { "{\"$min\":1,\"$max\":3}", "4", ": max 3, 4" },
        { "{\"$in\":[1,\"a\"]}", "\"a\"", "" },
        { "{\"$in\":[1,\"a\"]}", "2", ": in [1,\"a\"], 2" },
        { "{\"$set\":[1,2]}", "[2,1]", "" },
        { "{\"$set\":[1,1]}", "[1,2]", ": set [1,1], [1,2]" },
        { "{\"$set\":[]}", "{}", ": set [], {}" },
        { "{\"$length\":2}", "\"\xC3\xA4\xC3\xB6\"", "" },
        { "{\"$length\":{\"min\":1}}", "[]", ": length {\"min\":1}, []" },
        { "{\"$length\":{\"max\":1}}", "{\"a\":1}", "" },
        { "{\"$length\":0}", "5", ": length 0, 5" },
        { "{\"$contains\":{\"id\":2}}", "[{\"id\":1},{\"id\":2}]", "" },
        { "{\"$contains\":\"b\"}", "\"abc\"", "" },
        { "{\"$contains\":\"d\"}", "\"abc\"", ": contains \"d\", \"abc\"" },
        { "{\"$each\":{\"$min\":1}}", "[1,2]", "" },
        { "{\"$each\":{\"$min\":1}}", "[1,0]", "/1: min 1, 0" },
        { "{\"$each\":1}", "1", ": each 1, 1" },
        { "{\"$exact\":{\"a\":1}}", "{\"a\":1}", "" },
        { "{\"$exact\":{\"a\":1}}", "{\"a\":1,\"b\":2}", ": exact {\"a\":1}, {\"a\":1,\"b\":2}" },
        { "{\"$not\":\"a\"}", "\"b\"", "" },
        { "{\"$not\":\"a\"}", "\"a\"", ": not \"a\", \"a\"" },
        { "{\"$ordered_by\":\"/id\"}", "[{\"id\":\"a\"},{\"id\":\"b\"}]", "" },
        { "{\"$ordered_by\":\"/id\"}", "[{\"id\":2},{\"id\":1}]",
          ": ordered_by \"/id\", [{\"id\":2},{\"id\":1}]" },
        { "{\"$ordered_by\":\"-\"}", "[2,1]", "" },
        { "{\"$ordered_by\":\"\"}", "[1,\"a\"]", ": ordered_by \"\", [1,\"a\"]" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_match(rows[i].matcher, rows[i].value, rows[i].mismatch);
}

static void a_message_has_one_way_to_say_absent_null_and_zero(void **state)
{
    (void)state;
    static const struct {
        const char *matcher, *value;
        bool fits;
    } rows[] = {
        { "{\"a\":null}", "{}", true },
        { "{\"a\":null}", "{\"a\":0}", true },
        { "{\"a\":{\"$absent\":true}}", "{\"a\":\"\"}", true },
        { "{\"a\":{\"$absent\":true}}", "{\"a\":[]}", true },
        { "{\"a\":{\"$present\":true}}", "{}", true }, /* as null */
        { "{\"a\":{\"$exact\":{\"b\":1}}}", "{\"a\":{\"b\":1,\"c\":\"\"}}", true },
        { "[{\"a\":null}]", "[{}]", true },
        { "{\"$contains\":{\"a\":null}}", "[{}]", true },
        /* but what is there has to be there */
        { "{\"a\":0}", "{}", false },
        { "{\"a\":\"\"}", "{\"a\":0}", false },
        { "{\"a\":null}", "{\"a\":1}", false },
        { "{\"a\":{\"$absent\":true}}", "{\"a\":\"x\"}", false },
        { "{\"a\":{\"$exact\":{\"b\":1}}}", "{\"a\":{\"b\":1,\"c\":\"x\"}}", false },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        SCOPED(arena) struct arena arena = arena_capped(1 << 16);
        struct match_report report = { .arena = &arena, .of_message = true };
        json_auto_t *matcher = json(rows[i].matcher), *value = json(rows[i].value);
        if (match(matcher, value, "", &report) != rows[i].fits)
            fail_msg("%s and %s", rows[i].matcher, rows[i].value);
    }
}

static void a_matcher_that_cannot_be_is_refused_before_it_is_used(void **state)
{
    (void)state;
    static const struct {
        const char *matcher;
        const char *message;
    } rows[] = {
        { "{\"$patern\":\"a\"}",
          "the document has an unknown member \"$patern\"; did you mean \"$pattern\"?" },
        { "{\"$pattern\":1}", "$pattern must be a pattern, in a string" },
        { "{\"a\":{\"$type\":\"strng\"}}", "a.$type must name a type; did you mean \"string\"?" },
        { "[{\"$absent\":1}]", "[0].$absent must be true or false" },
        { "{\"$min\":\"1\"}", "$min must be a number" },
        { "{\"$in\":1}", "$in must be an array" },
        { "{\"$each\":{\"$length\":\"1\"}}",
          "$each.$length must be a whole number, or {\"min\": 1, \"max\": 3}" },
        { "{\"$length\":{\"mim\":1}}",
          "$length has an unknown member \"mim\"; did you mean \"min\"?" },
        { "{\"$ordered_by\":\"id\"}",
          "$ordered_by must be a JSON pointer such as \"/id\" or \"-/created_at\"" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct error err = { 0 };
        json_auto_t *m = json(rows[i].matcher);
        const struct json_at at = json_root(m);
        assert_false(match_check(&at, &err));
        assert_error(err, ERROR_INVALID_ARGUMENT, rows[i].message);
    }
}

static void a_pointer_leads_through_objects_and_arrays(void **state)
{
    (void)state;
    static const struct {
        const char *pointer;
        const char *found; /* NULL: nothing */
    } rows[] = {
        { "", "{\"a\":[10,{\"b/c\":1,\"~\":2}]}" },
        { "/a/0", "10" },
        { "/a/1/b~1c", "1" },
        { "/a/1/~0", "2" },
        { "/a/2", NULL },
        { "/a/x", NULL },
        { "/b", NULL },
        { "/a/0/b", NULL },
    };
    json_auto_t *value = json("{\"a\":[10,{\"b/c\":1,\"~\":2}]}");
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        json_auto_t *wanted = json(rows[i].found);
        const json_t *found = match_pointer(value, rows[i].pointer);
        if (wanted == NULL ? found != NULL : !json_equal(wanted, found))
            fail_msg("%s", rows[i].pointer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_matcher_says_what_it_expected_and_what_it_got),
        cmocka_unit_test(a_message_has_one_way_to_say_absent_null_and_zero),
        cmocka_unit_test(a_matcher_that_cannot_be_is_refused_before_it_is_used),
        cmocka_unit_test(a_pointer_leads_through_objects_and_arrays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
