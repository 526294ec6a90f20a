#include "tests/unit/common/check.h"

#include <float.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/json/json_document.h"
#include "tests/unit/common/alloc_fail.h"

static json_t *loaded(const char *text)
{
    json_t *root = NULL;
    struct error err = { 0 };
    if (!json_document_load(text_of(text), false, &root, &err))
        fail_msg("%s", err.message);
    return root;
}

static void documents_become_trees(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *compact;
    } rows[] = {
        { "null", "null" },
        { " [1, -2, true, false, null, \"x\", {}, []] ", "[1,-2,true,false,null,\"x\",{},[]]" },
        { "{\"a\":{\"b\":[{\"c\":1}]}}", "{\"a\":{\"b\":[{\"c\":1}]}}" },
        { "{\"a\":1,\"b\":2,\"a\":3}", "{\"a\":3,\"b\":2}" }, /* VALID-038 */
        { "{\"\":1}", "{\"\":1}" },
        { "\"\\ud800\xFF\"", "\"\uFFFD\uFFFD\"" }, /* VALID-039 */
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        SCOPED(buffer) struct buffer b = buffer_capped(1000);
        json_auto_t *root = loaded(rows[i].text);
        assert_true(json_document_append(&b, root));
        assert_text(buffer_text(&b), rows[i].compact);
    }
}

static void nul_bytes_stay_in_strings_and_keys(void **state)
{
    (void)state;
    json_auto_t *root = loaded("{\"a\\u0000b\":\"x\\u0000y\"}");
    const json_t *value = json_object_getn(root, "a\0b", 3);
    assert_int_equal(json_string_length(value), 3);
    assert_memory_equal(json_string_value(value), "x\0y", 3);
}

static void only_plain_64_bit_numbers_are_integers(void **state)
{
    (void)state;
    json_auto_t *root = loaded("[9223372036854775807,-9223372036854775808,9007199254740993,"
                               "9223372036854775808,1.0,1e0,1e999,-1e999]");
    static const json_int_t integers[] = { INT64_MAX, INT64_MIN, INT64_C(9007199254740993) };
    static const double reals[] = { 9223372036854775808.0, 1, 1, DBL_MAX, -DBL_MAX };
    for (size_t i = 0; i < ARRAY_LEN(integers); i++) {
        assert_true(json_is_integer(json_array_get(root, i)));
        assert_true(json_integer_value(json_array_get(root, i)) == integers[i]);
    }
    for (size_t i = 0; i < ARRAY_LEN(reals); i++) {
        const json_t *real = json_array_get(root, ARRAY_LEN(integers) + i);
        assert_true(json_is_real(real));
        assert_true(json_real_value(real) == reals[i]);
    }
}

static void what_is_not_json_gives_no_tree(void **state)
{
    (void)state;
    json_t *root = NULL;
    struct error err = { 0 };
    assert_false(json_document_load(TEXT("{\"a\":[1,2,{\"b\":}"), false, &root, &err));
    assert_error(err, ERROR_INVALID_ARGUMENT,
                 "invalid character '}' looking for beginning of value");
    assert_null(root);
    err = (struct error){ 0 };
    assert_false(json_document_load(TEXT("{} x"), false, &root, &err));
    assert_error(err, ERROR_INVALID_ARGUMENT, "invalid character 'x' after top-level value");
    assert_null(root);
    err = (struct error){ 0 };
    assert_true(json_document_load(TEXT("{} x"), true, &root, &err)); /* VALID-035 */
    json_decref(root);
}

static void members_are_read_by_type(void **state)
{
    (void)state;
    json_auto_t *tree = loaded("{\"s\":\"x\",\"i\":5,\"b\":true,\"o\":{\"deep\":[{\"n\":7}]},"
                               "\"null\":null}");
    struct json_at root = json_root(tree);
    struct text s = TEXT("default");
    int64_t i = -1;
    bool b = false;
    struct json_at o;
    struct json_at a;
    struct error err = { 0 };
    assert_true(json_get_string(&root, "s", true, &s, &err));
    assert_text(s, "x");
    assert_true(json_get_i64(&root, "i", true, &i, &err));
    assert_int_equal(i, 5);
    assert_true(json_get_bool(&root, "b", true, &b, &err));
    assert_true(b);
    assert_true(json_get_object(&root, "o", true, &o, &err));
    assert_true(json_get_array(&o, "deep", true, &a, &err));
    struct json_at item = json_item(&a, 0);
    assert_true(json_get_i64(&item, "n", true, &i, &err));
    assert_int_equal(i, 7);
    assert_true(json_get_i64(&root, "absent", false, &i, &err));
    assert_true(json_get_i64(&root, "null", false, &i, &err));
    assert_int_equal(i, 7); /* the default stays */
}

static void errors_name_the_whole_path(void **state)
{
    (void)state;
    json_auto_t *tree = loaded("{\"cases\":[{},{\"expect\":{\"status\":\"x\",\"f\":1.5}}],"
                               "\"n\":null}");
    struct json_at root = json_root(tree);
    struct json_at cases;
    struct json_at expect;
    struct error err = { 0 };
    assert_true(json_get_array(&root, "cases", true, &cases, &err));
    struct json_at second = json_item(&cases, 1);
    assert_true(json_get_object(&second, "expect", true, &expect, &err));

    int64_t i = 0;
    assert_false(json_get_i64(&expect, "status", true, &i, &err));
    assert_error(err, ERROR_INVALID_ARGUMENT,
                 "cases[1].expect.status must be an integer, not a string");
    assert_string_equal(err.field, "cases[1].expect.status");

    err = (struct error){ 0 };
    assert_false(json_get_i64(&expect, "f", true, &i, &err));
    assert_error(err, ERROR_INVALID_ARGUMENT,
                 "cases[1].expect.f must be an integer, not a fraction or a number beyond 64 bits");

    err = (struct error){ 0 };
    assert_false(json_get_i64(&root, "n", true, &i, &err));
    assert_error(err, ERROR_INVALID_ARGUMENT, "n is missing");

    err = (struct error){ 0 };
    assert_false(json_get_i64(&cases, "x", true, &i, &err));
    assert_error(err, ERROR_INVALID_ARGUMENT, "cases must be an object, not an array");

    err = (struct error){ 0 };
    static const char *const names[] = { "status", "foo", NULL };
    assert_false(json_allow_keys(&expect, names, &err));
    assert_error(err, ERROR_INVALID_ARGUMENT, "cases[1].expect has an unknown member \"f\"");
    assert_string_equal(err.field, "cases[1].expect.f");

    err = (struct error){ 0 };
    assert_false(json_allow_keys(&root, (const char *const[]){ "case", "n", NULL }, &err));
    assert_error(err, ERROR_INVALID_ARGUMENT,
                 "the document has an unknown member \"cases\"; did you mean \"case\"?");
}

static void a_very_long_path_keeps_its_end(void **state)
{
    (void)state;
    json_auto_t *tree = loaded("{}");
    struct json_at levels[40];
    levels[0] = json_root(tree);
    for (size_t i = 1; i < ARRAY_LEN(levels); i++)
        levels[i] = json_member(&levels[i - 1], i + 1 < ARRAY_LEN(levels) ? "level" : "end");
    struct error err = { 0 };
    assert_false(json_complain(&levels[ARRAY_LEN(levels) - 1], &err, "is wrong"));
    assert_true(strlen(err.field) > 50);
    assert_string_equal(err.field + strlen(err.field) - 10, ".level.end");
}

static void files_are_read_up_to_their_limit(void **state)
{
    (void)state;
    char path[] = "/tmp/json_document_test.XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "{\"a\":1}", 7), 7);
    close(fd);

    json_t *root = NULL;
    struct error err = { 0 };
    assert_true(json_document_load_file(path, 7, &root, &err));
    json_decref(root);
    root = NULL;
    assert_false(json_document_load_file(path, 6, &root, &err));
    assert_int_equal(err.code, ERROR_RESOURCE_EXHAUSTED);
    assert_non_null(strstr(err.message, path));
    unlink(path);

    err = (struct error){ 0 };
    assert_false(json_document_load_file(path, 100, &root, &err));
    assert_int_equal(err.code, ERROR_NOT_FOUND);
    err = (struct error){ 0 };
    assert_false(json_document_load_file("/tmp", 100, &root, &err));
    assert_int_equal(err.code, ERROR_INTERNAL);
    assert_null(root);
}

static void every_failed_allocation_is_reported_and_leaks_nothing(void **state)
{
    (void)state;
    json_set_alloc_funcs(alloc_fail_malloc, free);
    bool failed = true;
    for (size_t n = 0; failed; n++) {
        json_t *root = NULL;
        struct error err = { 0 };
        alloc_fail_after(n);
        bool ok = json_document_load(TEXT("{\"a\\n\":[1,1.5,\"x\",{\"b\":[]}],\"c\":\"\\t\"}"),
                                     false, &root, &err);
        failed = alloc_fail_stop();
        assert_int_equal(ok, !failed);
        assert_int_equal(root != NULL, ok);
        if (!ok)
            assert_int_equal(err.code, ERROR_NO_MEMORY);
        json_decref(root);
    }
    json_set_alloc_funcs(malloc, free);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents_become_trees),
        cmocka_unit_test(nul_bytes_stay_in_strings_and_keys),
        cmocka_unit_test(only_plain_64_bit_numbers_are_integers),
        cmocka_unit_test(what_is_not_json_gives_no_tree),
        cmocka_unit_test(members_are_read_by_type),
        cmocka_unit_test(errors_name_the_whole_path),
        cmocka_unit_test(a_very_long_path_keeps_its_end),
        cmocka_unit_test(files_are_read_up_to_their_limit),
        cmocka_unit_test(every_failed_allocation_is_reported_and_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
