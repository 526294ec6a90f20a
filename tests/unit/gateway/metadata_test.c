#include "tests/unit/gateway/fixture.h"

#include <stdio.h>
#include <string.h>

#include "gateway/proxy/metadata.h"

/* ---- Lists --------------------------------------------------------------------------------- */

/* The names, separated by commas. */
static const char *listed(const struct metadata_names *names)
{
    static char text[1024];
    size_t used = 0;
    text[0] = '\0';
    for (size_t i = 0; i < names->count; i++)
        used += (size_t)snprintf(text + used, sizeof text - used, "%s" TEXT_FMT, i == 0 ? "" : ",",
                                 TEXT_ARGS(names->names[i]));
    return text;
}

static void a_list_replaces_the_default_or_adds_to_it(void **state)
{
    (void)state;
    static const struct {
        const char *list;
        const char *names;
    } rows[] = {
        { "authorization,x-request-id", "authorization,x-request-id" },
        { "x-a", "x-a" },
        { "x-a,x-b.c_d-9", "x-a,x-b.c_d-9" },
        { "x-bytes-bin", "x-bytes-bin" },
        { "+x-a", "d1,d2,x-a" },
        { "+x-a,x-b", "d1,d2,x-a,x-b" },
        { "none", "" },
        { "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p", "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct metadata_names names;
        struct error err = { 0 };
        if (!metadata_names_parse(rows[i].list, "d1,d2", &names, &err))
            fail_msg("%s: %s", rows[i].list, err.message);
        assert_string_equal(listed(&names), rows[i].names);
    }
    struct metadata_names names;
    struct error err = { 0 };
    assert_true(metadata_names_parse(METADATA_FORWARDED_DEFAULT, "", &names, &err));
    assert_true(metadata_names_parse(METADATA_RETURNED_DEFAULT, "", &names, &err));
}

static void a_list_of_what_may_not_cross_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *list;
        const char *says;
    } rows[] = {
        { "", "no name" },
        { "x-a,", "no name" },
        { ",x-a", "no name" },
        { "x-a, x-b", "no name" },
        { "X-A", "lower case" },
        { "x:a", "no name" },
        { ":path", "no name" },
        { "x-\xc3\xa9", "no name" },
        { "x-a,x-a", "x-a is listed twice" },
        { "+d2", "d2 is listed twice" },
        { "grpc-timeout", "grpc-timeout cannot be listed: it belongs to gRPC" },
        { "grpc-x-bin", "belongs to gRPC" },
        { "te", "one connection" },
        { "connection", "one connection" },
        { "keep-alive", "one connection" },
        { "transfer-encoding", "one connection" },
        { "upgrade", "one connection" },
        { "trailer", "one connection" },
        { "proxy-authorization", "one connection" },
        { "host", "set by the gateway" },
        { "content-length", "set by the gateway" },
        { "content-type", "set by the gateway" },
        { "x-a,user-agent", "user-agent cannot be listed" },
        { "accept-encoding", "set by the gateway" },
        { "traceparent", "passed on always" },
        { "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q", "more than 16 names" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct metadata_names names = { .count = 77 };
        struct error err = { 0 };
        if (metadata_names_parse(rows[i].list, "d1,d2", &names, &err))
            fail_msg("\"%s\" was accepted", rows[i].list);
        assert_int_equal(err.code, ERROR_INVALID_ARGUMENT);
        assert_int_equal(names.count, 77);
        if (strstr(err.message, rows[i].says) == NULL)
            fail_msg("\"%s\": %s", rows[i].list, err.message);
    }
}

/* ---- There --------------------------------------------------------------------------------- */

static struct metadata_names names_of(const char *list)
{
    struct metadata_names names;
    struct error err = { 0 };
    assert_true(metadata_names_parse(list, "", &names, &err));
    return names;
}

static void forwarded_metadata_scope_end(struct forwarded_metadata *forwarded)
{
    forwarded_metadata_fini(forwarded);
}

static void only_what_is_listed_goes_on_and_bytes_in_base64(void **state)
{
    (void)state;
    const struct metadata_names allowed = names_of("authorization,x-a,x-b-bin");
    static const struct {
        struct text key;
        struct text value;
    } entries[] = {
        { TEXT("x-a"), TEXT("one") },
        { TEXT("x-a"), TEXT("") },
        { TEXT("authorization"), TEXT("Bearer first") },
        { TEXT("authorization"), TEXT("Bearer second") }, /* not two answers to one question */
        { TEXT("cookie"), TEXT("session=1") },
        { TEXT("X-A"), TEXT("no metadata has such a key") },
        { TEXT("x-a-bin"), TEXT("\r\n") },
        { TEXT("x-b-bin"), TEXT("a\r\nX-Injected: 1\r\n\r\n") },
        { TEXT("x-b-bin"), TEXT("\0\xff") },
        { TEXT("x-b-bin"), TEXT("") },
    };
    static const struct {
        const char *name;
        const char *value;
    } headers[] = {
        { "x-a", "one" },
        { "x-a", "" },
        { "Authorization", "Bearer first" },
        { "x-b-bin", "YQ0KWC1JbmplY3RlZDogMQ0KDQo=" },
        { "x-b-bin", "AP8=" },
        { "x-b-bin", "" },
    };
    SCOPED(forwarded_metadata) struct forwarded_metadata out = { 0 };
    struct error err = { 0 };
    for (size_t i = 0; i < ARRAY_LEN(entries); i++)
        assert_true(metadata_forward(&allowed, entries[i].key, entries[i].value, &out, &err));
    assert_int_equal(out.count, ARRAY_LEN(headers));
    for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
        assert_text(out.headers[i].name, headers[i].name);
        assert_text(out.headers[i].value, headers[i].value);
    }
}

static void text_that_no_header_can_hold_is_refused(void **state)
{
    (void)state;
    const struct metadata_names allowed = names_of("x-a");
    static const struct text values[] = {
        TEXT("a\r\nX-Injected: 1"),
        TEXT("\n"),
        TEXT("\r"),
        TEXT("a\0b"),
        TEXT("\t"),
        TEXT("\x7f"),
        TEXT("\x1f"),
        TEXT("caf\xc3\xa9"),
        TEXT("\xff"),
    };
    for (size_t i = 0; i < ARRAY_LEN(values); i++) {
        SCOPED(forwarded_metadata) struct forwarded_metadata out = { 0 };
        struct error err = { 0 };
        assert_false(metadata_forward(&allowed, TEXT("x-a"), values[i], &out, &err));
        assert_int_equal(err.code, ERROR_INVALID_ARGUMENT);
        assert_non_null(strstr(err.message, "metadata x-a"));
        assert_string_equal(err.field, "metadata");
        assert_int_equal(out.count, 0);
        /* Nobody reads what is not passed on. */
        struct error none = { 0 };
        assert_true(metadata_forward(&allowed, TEXT("x-b"), values[i], &out, &none));
    }
}

static void so_many_entries_go_on_and_no_more(void **state)
{
    (void)state;
    const struct metadata_names allowed = names_of("x-a");
    SCOPED(forwarded_metadata) struct forwarded_metadata out = { 0 };
    struct error err = { 0 };
    for (int i = 0; i < METADATA_FORWARDED_MAX; i++)
        assert_true(metadata_forward(&allowed, TEXT("x-a"), TEXT("v"), &out, &err));
    assert_true(metadata_forward(&allowed, TEXT("x-b"), TEXT("v"), &out, &err));
    assert_false(metadata_forward(&allowed, TEXT("x-a"), TEXT("v"), &out, &err));
    assert_int_equal(err.code, ERROR_INVALID_ARGUMENT);
    assert_int_equal(out.count, METADATA_FORWARDED_MAX);
}

/* ---- Back ---------------------------------------------------------------------------------- */

static void what_was_kept_comes_back_as_far_as_it_is_metadata(void **state)
{
    (void)state;
    const struct upstream_exchange exchange = {
        .kept = { { TEXT("x-request-id"), TEXT("42") },
                  { TEXT("x-cut"), TEXT("caf\xc3\xa9") },
                  { TEXT("x-b-bin"), TEXT("AP8=") },
                  { TEXT("x-b-bin"), TEXT("AP8") },
                  { TEXT("x-b-bin"), TEXT("not base64!") },
                  { TEXT("x-empty"), TEXT("") } },
        .kept_count = 6,
    };
    struct http_header out[UPSTREAM_KEPT_MAX];
    SCOPED(arena) struct arena memory = arena_capped(UPSTREAM_KEPT_BYTES);
    assert_int_equal(metadata_return(&exchange, 4096, &memory, out), 4);
    assert_text(out[0].value, "42");
    assert_true(text_equal(out[1].value, TEXT("\0\xff")));
    assert_true(text_equal(out[2].value, TEXT("\0\xff")));
    assert_text(out[3].name, "x-empty");
    assert_int_equal(out[3].value.len, 0);
}

static void what_does_not_fit_is_left_out_whole(void **state)
{
    (void)state;
    char longer[301] = "";
    memset(longer, 'x', sizeof longer - 1);
    const struct upstream_exchange exchange = {
        .kept = { { TEXT("a"), TEXT("1") },
                  { TEXT("b"), text_of(longer) },
                  { TEXT("c"), TEXT("3") } },
        .kept_count = 3,
    };
    static const struct {
        size_t max_bytes;
        const char *names;
    } rows[] = {
        { 401, "abc" }, { 400, "ab" }, { 68, "ac" }, { 67, "a" }, { 34, "a" }, { 33, "" }
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct http_header out[UPSTREAM_KEPT_MAX];
        SCOPED(arena) struct arena memory = arena_capped(UPSTREAM_KEPT_BYTES);
        size_t count = metadata_return(&exchange, rows[i].max_bytes, &memory, out);
        assert_int_equal(count, strlen(rows[i].names));
        for (size_t k = 0; k < count; k++)
            assert_int_equal(out[k].name.data[0], rows[i].names[k]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_replaces_the_default_or_adds_to_it),
        cmocka_unit_test(a_list_of_what_may_not_cross_is_refused),
        cmocka_unit_test(only_what_is_listed_goes_on_and_bytes_in_base64),
        cmocka_unit_test(text_that_no_header_can_hold_is_refused),
        cmocka_unit_test(so_many_entries_go_on_and_no_more),
        cmocka_unit_test(what_was_kept_comes_back_as_far_as_it_is_metadata),
        cmocka_unit_test(what_does_not_fit_is_left_out_whole),
    };
    return cmocka_run_group_tests_name("gateway/proxy/metadata", tests, NULL, NULL);
}
