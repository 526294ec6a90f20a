#include "tests/unit/common/check.h"

#include "common/http/query.h"
#include "tests/unit/common/alloc_fail.h"

/* Parses and writes the pairs back as key=value; joined by '|', so a row shows the result. */
static void assert_pairs(const char *raw, const char *expected)
{
    SCOPED(arena) struct arena arena = arena_capped(1 << 16);
    SCOPED(buffer) struct buffer shown = buffer_capped(1 << 16);
    struct query query;
    struct error err = { 0 };
    assert_true(query_parse(text_of(raw), 100, &arena, &query, &err));
    for (size_t i = 0; i < query.count; i++)
        buffer_appendf(&shown, "%s" TEXT_FMT "=" TEXT_FMT, i == 0 ? "" : "|",
                       TEXT_ARGS(query.pairs[i].key), TEXT_ARGS(query.pairs[i].value));
    assert_text(buffer_text(&shown), expected);
}

static void queries_are_read_as_leniently_as_go_reads_them(void **state)
{
    (void)state;
    static const struct {
        const char *raw;
        const char *pairs;
    } rows[] = {
        { "", "" },
        { "a=1&b=2", "a=1|b=2" },
        { "a=1&a=2", "a=1|a=2" },
        { "tags%5Bteam%5D=x", "tags[team]=x" },        /* TAG-023 */
        { "tags%5bteam%5d=x", "tags[team]=x" },        /* TAG-023 */
        { "tags[k]", "tags[k]=" },                     /* TAG-024 */
        { "tags[k]=", "tags[k]=" },                    /* TAG-024 */
        { "tags[a+b]=c%20d%2Be", "tags[a b]=c d+e" },  /* TAG-025 */
        { "a=%zz&tags[k]=v&b;c=1&d=%4", "tags[k]=v" }, /* TAG-027 */
        { "%zz=a&b=1", "b=1" },                        /* VALID-056 */
        { "a=1;b=2&c=3", "c=3" },                      /* VALID-056 */
        { "&&a=1&&", "a=1" },
        { "=x", "=x" },
        { "a=b=c", "a=b=c" },
        { "a?b=1", "a?b=1" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_pairs(rows[i].raw, rows[i].pairs);
}

static void only_one_closed_bracket_pair_makes_a_deep_key(void **state)
{
    (void)state;
    static const struct {
        const char *key;
        const char *sub; /* NULL: not of the form */
    } rows[] = {
        { "tags[team]", "team" }, { "tags[]", "" }, /* TAG-033 */
        { "tags[a b]", "a b" },   { "tags", NULL }, /* TAG-026 */
        { "tags.k", NULL },                         /* TAG-026 */
        { "TAGS[k]", NULL },                        /* TAG-026 */
        { "tag[k]", NULL },                         /* TAG-026 */
        { "tags[a][b]", NULL },                     /* TAG-032 */
        { "tags[team", NULL },                      /* TAG-034 */
        { "tags[team]x", NULL },                    /* TAG-034 */
        { "tags]", NULL },        { "tags[", NULL }, { "tags[a]b]", NULL }, { "", NULL },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct text sub = TEXT("untouched");
        bool deep = query_deep_key(text_of(rows[i].key), "tags", &sub);
        assert_int_equal(deep, rows[i].sub != NULL);
        assert_text(sub, deep ? rows[i].sub : "untouched");
    }
}

static void repeated_keys_are_counted_and_the_first_value_is_given(void **state)
{
    (void)state;
    SCOPED(arena) struct arena arena = arena_capped(1 << 16);
    struct query query;
    struct error err = { 0 };
    struct text first = TEXT("none");
    assert_true(query_parse(TEXT("a=1&b=2&a=3&A=4"), 10, &arena, &query, &err));
    assert_int_equal(query_find(&query, "x", &first), 0);
    assert_text(first, "none");
    assert_int_equal(query_find(&query, "a", &first), 2);
    assert_text(first, "1");
}

static void more_pairs_than_allowed_are_refused(void **state)
{
    (void)state;
    SCOPED(arena) struct arena arena = arena_capped(1 << 16);
    struct query query = { NULL, 77 };
    struct error err = { 0 };
    assert_true(query_parse(TEXT("a=1&b;=2&c=3"), 2, &arena, &query, &err));
    assert_int_equal(query.count, 2);
    assert_false(query_parse(TEXT("a=1&b=2&c=3"), 2, &arena, &query, &err));
    assert_error(err, ERROR_RESOURCE_EXHAUSTED, "more than 2 query parameters");
    assert_int_equal(query.count, 2);
}

static void any_pair_written_is_read_back(void **state)
{
    (void)state;
    SCOPED(arena) struct arena arena = arena_capped(1 << 16);
    SCOPED(buffer) struct buffer b = buffer_capped(1 << 16);
    bool first = true;
    struct text odd = { "\0&=;+%?#[] \xFF", 12 };
    assert_true(query_append(&b, &first, TEXT("tags[a b]"), odd));
    assert_true(query_append(&b, &first, odd, TEXT("")));
    assert_true(text_starts_with(buffer_text(&b), TEXT("?tags[a%20b]=%00%26%3D")));

    struct query query;
    struct error err = { 0 };
    struct text raw = { b.data + 1, b.len - 1 };
    assert_true(query_parse(raw, 10, &arena, &query, &err));
    assert_int_equal(query.count, 2);
    assert_text(query.pairs[0].key, "tags[a b]");
    assert_true(text_equal(query.pairs[0].value, odd));
    assert_true(text_equal(query.pairs[1].key, odd));
}

static void running_out_of_memory_is_reported_whenever_it_happens(void **state)
{
    (void)state;
    bool done = false;
    for (size_t max = 0; !done; max++) {
        SCOPED(arena) struct arena arena = arena_capped(max);
        struct query query = { NULL, 77 };
        struct error err = { 0 };
        done = query_parse(TEXT("a=1&b=%zz&c=22222"), 10, &arena, &query, &err);
        if (!done)
            assert_int_equal(err.code, ERROR_NO_MEMORY);
        assert_int_equal(query.count, done ? 2 : 77);
    }

    SCOPED(arena) struct arena arena = arena_capped(1 << 16);
    struct query query;
    struct error err = { 0 };
    alloc_fail_after(0);
    assert_false(query_parse(TEXT("a=1"), 10, &arena, &query, &err));
    assert_true(alloc_fail_stop());
    assert_int_equal(err.code, ERROR_NO_MEMORY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(queries_are_read_as_leniently_as_go_reads_them),
        cmocka_unit_test(only_one_closed_bracket_pair_makes_a_deep_key),
        cmocka_unit_test(repeated_keys_are_counted_and_the_first_value_is_given),
        cmocka_unit_test(more_pairs_than_allowed_are_refused),
        cmocka_unit_test(any_pair_written_is_read_back),
        cmocka_unit_test(running_out_of_memory_is_reported_whenever_it_happens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
