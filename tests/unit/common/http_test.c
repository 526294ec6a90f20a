#include "tests/unit/common/check.h"

#include "common/http/http.h"

static void every_method_is_found_by_its_exact_name(void **state)
{
    (void)state;
    for (int m = 0; m < HTTP_METHOD_OTHER; m++)
        assert_int_equal(http_method_parse(text_of(http_method_name((enum http_method)m))), m);
    assert_int_equal(http_method_parse(TEXT("get")), HTTP_METHOD_OTHER);
    assert_int_equal(http_method_parse(TEXT("")), HTTP_METHOD_OTHER);
    assert_int_equal(http_method_parse(TEXT("OTHER")), HTTP_METHOD_OTHER);
}

static void statuses_have_their_registered_phrase(void **state)
{
    (void)state;
    assert_string_equal(http_reason(404), "Not Found");
    assert_string_equal(http_reason(200), "OK");
    assert_string_equal(http_reason(511), "Network Authentication Required");
    assert_string_equal(http_reason(299), "Unknown");
    assert_string_equal(http_reason(-1), "Unknown");
    assert_string_equal(http_reason(100000), "Unknown");
}

static void headers_are_found_without_regard_to_case_and_the_first_wins(void **state)
{
    (void)state;
    struct http_header headers[] = {
        { TEXT("Host"), TEXT("a") },
        { TEXT("X-Empty"), { NULL, 0 } },
        { TEXT("host"), TEXT("b") },
    };
    assert_text(http_find_header(headers, 3, "HOST"), "a");
    assert_null(http_find_header(headers, 3, "accept").data);
    assert_non_null(http_find_header(headers, 3, "x-empty").data); /* there, though empty */
}

static void a_target_is_split_at_its_first_question_mark(void **state)
{
    (void)state;
    struct text path;
    struct text query;
    http_split_target(TEXT("/p?a=b?c"), &path, &query);
    assert_text(path, "/p");
    assert_text(query, "a=b?c");
    http_split_target(TEXT("/p"), &path, &query);
    assert_text(path, "/p");
    assert_int_equal(query.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_method_is_found_by_its_exact_name),
        cmocka_unit_test(statuses_have_their_registered_phrase),
        cmocka_unit_test(headers_are_found_without_regard_to_case_and_the_first_wins),
        cmocka_unit_test(a_target_is_split_at_its_first_question_mark),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
