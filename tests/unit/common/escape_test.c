#include "tests/unit/common/check.h"

#include <string.h>

#include "common/http/escape.h"

static struct text escaped(struct buffer *b, struct text t, enum escape_set set)
{
    buffer_clear(b);
    assert_true(escape_append(b, t, set));
    return buffer_text(b);
}

static void every_byte_survives_escaping_and_unescaping_in_every_set(void **state)
{
    (void)state;
    char all[256];
    for (size_t i = 0; i < sizeof all; i++)
        all[i] = (char)i;
    SCOPED(buffer) struct buffer b = buffer_capped(4096);
    SCOPED(arena) struct arena arena = arena_capped(1 << 20);
    for (int set = ESCAPE_SEGMENT; set <= ESCAPE_QUERY_KEY; set++) {
        struct text wire = escaped(&b, (struct text){ all, sizeof all }, (enum escape_set)set);
        for (int plus = 0; plus < 2; plus++) {
            struct text back;
            struct error err = { 0 };
            assert_true(unescape(wire, plus, &arena, &back, &err));
            assert_int_equal(back.len, sizeof all);
            assert_memory_equal(back.data, all, sizeof all);
        }
    }
}

static void each_set_keeps_only_its_own_characters(void **state)
{
    (void)state;
    SCOPED(buffer) struct buffer b = buffer_capped(4096);
    struct text t = TEXT("aZ09-._~ /[]+%\xC3");
    assert_text(escaped(&b, t, ESCAPE_SEGMENT), "aZ09-._~%20%2F%5B%5D%2B%25%C3");
    assert_text(escaped(&b, t, ESCAPE_QUERY), "aZ09-._~%20%2F%5B%5D%2B%25%C3");
    assert_text(escaped(&b, t, ESCAPE_QUERY_KEY), "aZ09-._~%20%2F[]%2B%25%C3");
    assert_text(escaped(&b, TEXT(""), ESCAPE_QUERY), "");
}

static void a_plus_is_a_space_in_queries_only(void **state)
{
    (void)state;
    SCOPED(arena) struct arena arena = arena_capped(1000);
    struct error err = { 0 };
    struct text out;
    assert_true(unescape(TEXT("a+b%2B"), true, &arena, &out, &err));
    assert_text(out, "a b+");
    assert_true(unescape(TEXT("a+b%2b"), false, &arena, &out, &err)); /* PATH-004 */
    assert_text(out, "a+b+");
}

static void a_bad_escape_is_quoted_as_go_quotes_it(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *message;
    } rows[] = {
        { "a%zz", "invalid URL escape \"%zz\"" },
        { "50%", "invalid URL escape \"%\"" },
        { "%4", "invalid URL escape \"%4\"" },
        { "%4gh", "invalid URL escape \"%4g\"" },
        { "%\"x", "invalid URL escape \"%\\\"x\"" },
        { "%\xFFx", "invalid URL escape \"%\\xffx\"" },
        { "%\xC3\xA4", "invalid URL escape \"%\xC3\xA4\"" },
    };
    SCOPED(arena) struct arena arena = arena_capped(1000);
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct error err = { 0 };
        struct text out = TEXT("untouched");
        assert_false(unescape(text_of(rows[i].text), false, &arena, &out, &err));
        assert_error(err, ERROR_INVALID_ARGUMENT, rows[i].message);
        assert_text(out, "untouched");
    }
}

static void the_ceilings_of_buffer_and_arena_are_kept(void **state)
{
    (void)state;
    SCOPED(buffer) struct buffer b = buffer_capped(5);
    assert_false(escape_append(&b, TEXT("//"), ESCAPE_SEGMENT));
    assert_int_equal(b.len, 0);

    SCOPED(arena) struct arena arena = arena_capped(2);
    struct error err = { 0 };
    struct text out;
    assert_false(unescape(TEXT("ab"), false, &arena, &out, &err));
    assert_int_equal(err.code, ERROR_NO_MEMORY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_survives_escaping_and_unescaping_in_every_set),
        cmocka_unit_test(each_set_keeps_only_its_own_characters),
        cmocka_unit_test(a_plus_is_a_space_in_queries_only),
        cmocka_unit_test(a_bad_escape_is_quoted_as_go_quotes_it),
        cmocka_unit_test(the_ceilings_of_buffer_and_arena_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
