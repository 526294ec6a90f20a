#include "tests/unit/common/check.h"

#include <stdio.h>

#include "common/http/escape.h"
#include "common/http/path_template.h"
#include "tests/unit/common/alloc_fail.h"

static void template_scope_end(struct path_template **t)
{
    path_template_free(*t);
}

static struct path_template *parsed(const char *source)
{
    struct path_template *t = NULL;
    struct error err = { 0 };
    if (!path_template_parse(text_of(source), &t, &err))
        fail_msg("%s", err.message);
    return t;
}

static void templates_of_the_grammar_are_accepted(void **state)
{
    (void)state;
    static const char *const sources[] = {
        "/a",
        "/a/b.c-d_e~f",
        "/instances/{id}",
        "/{a}/{b.c_d}",
        "/v1/{name=shelves/*/books/*}",
        "/v1/{name=**}",
        "/v1/**",
        "/*/b",
        "/a:verb",
        "/{id}:verb",
        "/{a=b}",
        "/{a=*}/c",
        "/$batch/(default)/a,b;c=d!e'f@g&h+i",
        "/{a=$x/*}:$y",
    };
    for (size_t i = 0; i < ARRAY_LEN(sources); i++) {
        SCOPED(template) struct path_template *t = parsed(sources[i]);
        assert_text(path_template_source(t), sources[i]);
    }
}

static void anything_else_is_refused_with_what_was_found_where(void **state)
{
    (void)state;
    static const struct {
        const char *source;
        const char *problem;
    } rows[] = {
        { "", "a '/' must come first at byte 0" },
        { "a", "a '/' must come first at byte 0" },
        { "/", "it ends where a segment must follow at byte 1" },
        { "/a/", "it ends where a segment must follow at byte 3" },
        { "//a", "a character that cannot start a segment at byte 1" },
        { "/a//b", "a character that cannot start a segment at byte 3" },
        { "/.", "a '.' or '..' segment at byte 2" },
        { "/a/../b", "a '.' or '..' segment at byte 5" },
        { "/{", "a field name is missing at byte 2" },
        { "/{}", "a field name is missing at byte 2" },
        { "/{1a}", "a field name is missing at byte 2" },
        { "/{a.}", "a field name is missing at byte 4" },
        { "/{a", "a '}' is missing at byte 3" },
        { "/{a=}", "a character that cannot start a segment at byte 4" },
        { "/{a={b}}", "a character that cannot start a segment at byte 4" },
        { "/{a}x", "an unexpected character at byte 4" },
        { "/{a}/{a}", "a field path given twice at byte 7" },
        { "/**/a", "a segment after '**' at byte 5" },
        { "/{a=**}/{b}", "a segment after '**' at byte 10" },
        { "/{a=**/b}", "a segment after '**' at byte 8" },
        { "/a:", "it ends where a segment must follow at byte 3" },
        { "/a:b:c", "an unexpected character at byte 4" },
        { "/a:b/c", "an unexpected character at byte 4" },
        { "/a%20b", "an unexpected character at byte 2" },
        { "/a?b", "an unexpected character at byte 2" },
        { "/a*", "an unexpected character at byte 2" },
        { "/***", "an unexpected character at byte 3" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct path_template *t = NULL;
        struct error err = { 0 };
        char expected[200];
        snprintf(expected, sizeof expected, "path template \"%s\": %s", rows[i].source,
                 rows[i].problem);
        assert_false(path_template_parse(text_of(rows[i].source), &t, &err));
        assert_null(t);
        assert_error(err, ERROR_INVALID_ARGUMENT, expected);
    }
}

static void the_limits_are_kept(void **state)
{
    (void)state;
    SCOPED(buffer) struct buffer b = buffer_capped(10000);
    struct path_template *t = NULL;
    for (int i = 0; i < PATH_TEMPLATE_MAX_SEGMENTS; i++)
        buffer_append_cstr(&b, "/a");
    struct error err = { 0 };
    assert_true(path_template_parse(buffer_text(&b), &t, &err));
    path_template_free(t);
    buffer_append_cstr(&b, "/a");
    assert_false(path_template_parse(buffer_text(&b), &t, &err));

    buffer_clear(&b);
    for (int i = 0; i < PATH_TEMPLATE_MAX_VARIABLES; i++)
        buffer_appendf(&b, "/{v%d}", i);
    err = (struct error){ 0 };
    assert_true(path_template_parse(buffer_text(&b), &t, &err));
    assert_int_equal(path_template_variable_count(t), PATH_TEMPLATE_MAX_VARIABLES);
    path_template_free(t);
    buffer_append_cstr(&b, "/{more}");
    assert_false(path_template_parse(buffer_text(&b), &t, &err));

    while (b.len < 5000)
        buffer_append_byte(&b, 'x');
    err = (struct error){ 0 };
    assert_false(path_template_parse(buffer_text(&b), &t, &err));
}

static void variables_are_named_by_their_field_path(void **state)
{
    (void)state;
    SCOPED(template) struct path_template *t = parsed("/i/{instance_id}/s/{snapshot.id=*}");
    assert_int_equal(path_template_variable_count(t), 2);
    assert_text(path_template_variable(t, 0), "instance_id");
    assert_text(path_template_variable(t, 1), "snapshot.id");
    assert_null(path_template_variable(t, 2).data);
}

static void values_are_escaped_so_that_the_far_side_sees_the_same_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *source;
        const char *values[2];
        const char *path;
    } rows[] = {
        { "/a", { NULL }, "/a" },
        { "/i/{id}", { "vm-1" }, "/i/vm-1" },
        { "/i/{id}", { "a/b c%41:x+y" }, "/i/a%2Fb%20c%2541%3Ax%2By" },
        { "/i/{id}:go", { "x" }, "/i/x:go" },
        { "/i/{id}", { "..." }, "/i/..." },
        { "/{a}/x/{b}", { "1", "2" }, "/1/x/2" },
        { "/v1/{name=**}", { "a/b c/d" }, "/v1/a/b%20c/d" },
        { "/v1/{name=s/*/b/*}", { "s/1/b/x:y" }, "/v1/s/1/b/x%3Ay" },
        { "/v1/{name=s}", { "s" }, "/v1/s" },
        { "/v1/{name=s/**}", { "s/1/2/3" }, "/v1/s/1/2/3" },
        { "/v1/{name=a@b/*/(c)/**}:$v", { "a@b/@/(c)/(/)" }, "/v1/a@b/%40/(c)/%28/%29:$v" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        SCOPED(template) struct path_template *t = parsed(rows[i].source);
        SCOPED(buffer) struct buffer out = buffer_capped(1000);
        struct text values[] = { text_of(rows[i].values[0]), text_of(rows[i].values[1]) };
        struct error err = { 0 };
        if (!path_template_expand(t, values, &out, &err))
            fail_msg("%s", err.message);
        assert_text(buffer_text(&out), rows[i].path);

        struct text captures[PATH_TEMPLATE_MAX_VARIABLES];
        assert_true(path_template_match(t, buffer_text(&out), captures));
    }
}

static void every_byte_of_a_value_comes_back(void **state)
{
    (void)state;
    SCOPED(template) struct path_template *one = parsed("/one/{v}/end");
    SCOPED(template) struct path_template *many = parsed("/many/{v=lit/*/**}:verb");
    SCOPED(arena) struct arena arena = arena_capped(1 << 20);
    SCOPED(buffer) struct buffer out = buffer_capped(1000);
    for (unsigned first = 0; first < 256; first++) {
        for (unsigned second = 0; second < 256; second += 5) {
            const char value[] = { 'l', 'i', 't', '/', (char)first, 'x', '/', 'x', (char)second };
            struct text whole = { value, sizeof value };
            const struct path_template *templates[] = { one, many };
            for (size_t i = 0; i < ARRAY_LEN(templates); i++) {
                struct text capture;
                struct text back;
                struct error err = { 0 };
                buffer_clear(&out);
                if (!path_template_expand(templates[i], &whole, &out, &err)) {
                    /* An empty segment: the only thing refused here. */
                    assert_true(templates[i] == many && (first == '/' || second == '/'));
                    continue;
                }
                assert_true(path_template_match(templates[i], buffer_text(&out), &capture));
                assert_true(unescape(capture, false, &arena, &back, &err));
                assert_true(text_equal(back, whole));
            }
            arena_reset(&arena);
        }
    }
}

static void equal_templates_stand_for_the_same_paths_and_variables(void **state)
{
    (void)state;
    static const struct {
        const char *a;
        const char *b;
        bool equal;
    } rows[] = {
        { "/x/{a}", "/x/{a}", true },
        { "/x/{a}", "/x/{a=*}", true },
        { "/x", "/y", false },
        { "/x", "/x/y", false },
        { "/x/{a}", "/x/{b}", false },
        { "/x/{a}", "/x/*", false },
        { "/x/{a}", "/x/{a=**}", false },
        { "/x/{a=b}", "/x/b", false },
        { "/x/{a=b/*}", "/x/b/{a}", false },
        { "/x/{a=b/*}", "/x/{a=c/*}", false },
        { "/x/{a}:v", "/x/{a}", false },
        { "/x/{a}:v", "/x/{a}:w", false },
        { "/{a}/{b}", "/{b}/{a}", false },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        SCOPED(template) struct path_template *a = parsed(rows[i].a);
        SCOPED(template) struct path_template *b = parsed(rows[i].b);
        if (path_template_equal(a, b) != rows[i].equal ||
            path_template_equal(b, a) != rows[i].equal)
            fail_msg("%s and %s", rows[i].a, rows[i].b);
    }
}

static void values_that_would_change_the_path_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *source;
        const char *value;
        const char *message;
    } rows[] = {
        { "/i/{id}", "", "id must not be empty" },
        { "/i/{id}", ".", "id must not contain a '.' or '..' path segment" },
        { "/i/{id}", "..", "id must not contain a '.' or '..' path segment" },
        { "/v1/{name=**}", "a/../b", "name must not contain a '.' or '..' path segment" },
        { "/v1/{name=**}", "a//b", "name must not contain an empty path segment" },
        { "/v1/{name=**}", "/a", "name must not contain an empty path segment" },
        { "/v1/{name=**}", "a/", "name must not contain an empty path segment" },
        { "/v1/{name=s/*}", "t/1", "name does not have the form its path needs" },
        { "/v1/{name=s/*}", "s", "name does not have the form its path needs" },
        { "/v1/{name=s/*}", "s/1/2", "name does not have the form its path needs" },
        { "/v1/{name=s/**}", "s", "name does not have the form its path needs" },
        { "/v1/{name=s}", "t", "name does not have the form its path needs" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        SCOPED(template) struct path_template *t = parsed(rows[i].source);
        SCOPED(buffer) struct buffer out = buffer_capped(1000);
        buffer_append_cstr(&out, "kept");
        struct text value = text_of(rows[i].value);
        struct error err = { 0 };
        assert_false(path_template_expand(t, &value, &out, &err));
        assert_error(err, ERROR_INVALID_ARGUMENT, rows[i].message);
        assert_text(path_template_variable(t, 0), err.field);
        assert_text(buffer_text(&out), "kept");
    }
}

static void a_buffer_too_small_is_left_as_it_was(void **state)
{
    (void)state;
    SCOPED(template) struct path_template *t = parsed("/instances/{id}");
    SCOPED(buffer) struct buffer out = buffer_capped(12);
    struct text value = TEXT("abc");
    struct error err = { 0 };
    assert_false(path_template_expand(t, &value, &out, &err));
    assert_int_equal(err.code, ERROR_RESOURCE_EXHAUSTED);
    assert_int_equal(out.len, 0);
}

static void paths_match_segment_by_segment_without_decoding(void **state)
{
    (void)state;
    static const struct {
        const char *source;
        const char *path;
        const char *capture; /* NULL: no match */
    } rows[] = {
        { "/i/{id}", "/i/x", "x" },
        { "/i/{id}", "/i/a%2Fb", "a%2Fb" },
        { "/i/{id}", "/i/x:y", "x:y" },
        { "/i/{id}", "/i/", NULL },
        { "/i/{id}", "/i", NULL },
        { "/i/{id}", "/i/x/", NULL },
        { "/i/{id}", "/i/x/y", NULL },
        { "/i/{id}", "//x", NULL },
        { "/i/{id}", "/I/x", NULL },
        { "/i/{id}", "i/x", NULL },
        { "/i/{id}", "", NULL },
        { "/i/{id}:go", "/i/x:go", "x" },
        { "/i/{id}:go", "/i/x:y:go", "x:y" },
        { "/i/{id}:go", "/i/:go", NULL },
        { "/i/{id}:go", "/i/x", NULL },
        { "/i/{id}:go", ":go", NULL },
        { "/i/{id}:go", "go", NULL },
        { "/v/{n=s/*/b/*}", "/v/s/1/b/2", "s/1/b/2" },
        { "/v/{n=s/*/b/*}", "/v/s/1/c/2", NULL },
        { "/v/{n=**}", "/v/a/b/c", "a/b/c" },
        { "/v/{n=**}", "/v", NULL },
        { "/v/{n=**}", "/v/", NULL },
        { "/v/{n=**}", "/v/a//b", NULL },
        { "/v/{n=**}", "/v/a/", NULL },
        { "/*/{n}", "/anything/x", "x" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        SCOPED(template) struct path_template *t = parsed(rows[i].source);
        struct text capture = TEXT("untouched");
        bool match = path_template_match(t, text_of(rows[i].path), &capture);
        if (match != (rows[i].capture != NULL))
            fail_msg("%s against %s", rows[i].path, rows[i].source);
        assert_text(capture, match ? rows[i].capture : "untouched");
    }
}

static void a_failed_allocation_is_reported(void **state)
{
    (void)state;
    struct path_template *t = NULL;
    struct error err = { 0 };
    alloc_fail_after(0);
    assert_false(path_template_parse(TEXT("/a"), &t, &err));
    assert_true(alloc_fail_stop());
    assert_int_equal(err.code, ERROR_NO_MEMORY);
    assert_null(t);
    path_template_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(templates_of_the_grammar_are_accepted),
        cmocka_unit_test(anything_else_is_refused_with_what_was_found_where),
        cmocka_unit_test(the_limits_are_kept),
        cmocka_unit_test(variables_are_named_by_their_field_path),
        cmocka_unit_test(values_are_escaped_so_that_the_far_side_sees_the_same_bytes),
        cmocka_unit_test(every_byte_of_a_value_comes_back),
        cmocka_unit_test(equal_templates_stand_for_the_same_paths_and_variables),
        cmocka_unit_test(values_that_would_change_the_path_are_refused),
        cmocka_unit_test(a_buffer_too_small_is_left_as_it_was),
        cmocka_unit_test(paths_match_segment_by_segment_without_decoding),
        cmocka_unit_test(a_failed_allocation_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
