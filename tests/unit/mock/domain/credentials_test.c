#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "mock/domain/credentials.h"
#include "tests/unit/mock/domain/world_fixture.h"

#define PREFIX "invalid request: credentials[\"k\"]"

struct setup {
    struct mem mem;
    struct text hosts[1];
    struct credential_injection injection;
    struct credential credentials[4];
    struct pair env[1];
    struct instance_config config;
};

/* One good credential "k" fed from the variable TOKEN. */
static void good(struct setup *s)
{
    *s = (struct setup){
        .mem = mem_libc(),
        .hosts = { TEXT("*.example.com") },
        .injection = { .header = TEXT("Authorization"), .format = TEXT("Bearer ${value}") },
        .credentials = { { .name = TEXT("k"), .source_env = TEXT("TOKEN"), .inject_count = 1 } },
        .env = { PAIR("TOKEN", "secret") },
    };
    s->injection.hosts = (struct text_list){ s->hosts, 1 };
    s->credentials[0].inject = &s->injection;
    s->config = (struct instance_config){
        .network = { .enabled = true, .egress_enabled = true },
        .credentials = s->credentials,
        .credential_count = 1,
        .env = { s->env, 1 },
    };
}

static void assert_refused(const struct setup *s, const char *message)
{
    struct error err = { 0 };
    assert_false(credentials_check(&s->mem, &s->config, &err));
    assert_error_is(&err, ERROR_INVALID_ARGUMENT, message);
    assert_string_equal(err.field, "credentials");
}

static void a_complete_credential_passes_and_none_needs_no_egress(void **state)
{
    (void)state;
    struct setup s;
    struct error err = { 0 };
    good(&s);
    assert_true(credentials_check(&s.mem, &s.config, &err));
    struct instance_config empty = { 0 };
    assert_true(credentials_check(&s.mem, &empty, &err));
}

static void each_missing_part_has_its_text(void **state) /* INST-C-057, INST-C-059 */
{
    (void)state;
    struct setup s;
    good(&s);
    s.credentials[0].name = TEXT(" \t");
    assert_refused(&s, "invalid request: credentials key must be non-empty");
    good(&s);
    s.credentials[0].source_env = TEXT(" ");
    assert_refused(&s, PREFIX ".source.env is required");
    good(&s);
    s.injection.header = TEXT("");
    assert_refused(&s, PREFIX ".inject[0].as.header is required");
    good(&s);
    s.injection.format = TEXT("");
    assert_refused(&s, PREFIX ".inject[0].as.format is required");
    good(&s);
    s.injection.format = TEXT("Bearer $value"); /* INST-C-060 */
    assert_refused(&s, PREFIX ".inject[0].as.format must include ${value}");
}

static void keys_equal_after_trimming_are_duplicates(void **state)
{
    (void)state;
    struct setup s;
    good(&s);
    s.credentials[1] = s.credentials[0];
    s.credentials[0].name = TEXT(" k");
    s.config.credential_count = 2;
    assert_refused(&s, "invalid request: duplicate credentials key \"k\" after normalization");
}

static void of_several_duplicates_the_first_given_is_named(void **state)
{
    (void)state;
    static const struct text names[] = { TEXT("z"), TEXT("a"), TEXT("a "), TEXT("z") };
    struct setup s;
    good(&s);
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        s.credentials[i] = s.credentials[0];
        s.credentials[i].name = names[i];
    }
    s.config.credential_count = ARRAY_LEN(names);
    assert_refused(&s, "invalid request: duplicate credentials key \"a\" after normalization");
}

static void content_comes_before_egress_and_egress_before_bindings(void **state)
{
    (void)state;
    struct setup s;
    good(&s);
    s.config.network.egress_enabled = false;
    s.config.env.count = 0;
    s.injection.header = TEXT("");
    assert_refused(&s, PREFIX ".inject[0].as.header is required");
    s.injection.header = TEXT("X");
    assert_refused(&s, "invalid request: credentials require network.egress.enabled=true");
    s.config.network.egress_enabled = true;
    assert_refused(&s, PREFIX ".source.env \"TOKEN\" must be present in env");
    s.config.env.count = 1;
    s.env[0].value = TEXT("  ");
    assert_refused(&s, "invalid request: env var \"TOKEN\" must be non-empty when referenced by "
                       "credentials[\"k\"]");
}

static void host_patterns_are_judged(void **state) /* INST-C-061 */
{
    (void)state;
    static const struct {
        const char *pattern;
        const char *reason; /* "": fine */
    } rows[] = {
        { "example.com", "" },
        { "localhost", "" },
        { "10.0.0.1", "" },
        { " api.example.com \r", "" },
        { "aA0-zZ9.Zz", "" },
        { "*.example.com", "" },
        { "", "host is empty" },
        { "*.", "host is empty" },
        { "https://example.com", "must not contain a scheme or a path" },
        { "example.com/x", "must not contain a scheme or a path" },
        { "example.com:443", "must not contain a port" },
        { "a*.example.com", "a wildcard must be the whole first label, as in *.example.com" },
        { "*", "a wildcard must be the whole first label, as in *.example.com" },
        { "*.*.com", "a wildcard must be the whole first label, as in *.example.com" },
        { "exa mple.com", "not a valid hostname" },
        { "a..b", "not a valid hostname" },
        { "-a.com", "not a valid hostname" },
        { "*.10.0.0.1", "a wildcard cannot stand before an IP address" },
        { "*.com", "a wildcard needs a domain of at least two labels" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct setup s;
        struct error err = { 0 };
        char expected[300] = "";
        good(&s);
        s.hosts[0] = text_of(rows[i].pattern);
        if (rows[i].reason[0] != '\0')
            snprintf(expected, sizeof expected,
                     PREFIX ".inject[0].hosts: invalid host pattern \"%s\": %s", rows[i].pattern,
                     rows[i].reason);
        assert_int_equal(credentials_check(&s.mem, &s.config, &err), expected[0] == '\0');
        assert_string_equal(err.message, expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_complete_credential_passes_and_none_needs_no_egress),
        cmocka_unit_test(each_missing_part_has_its_text),
        cmocka_unit_test(keys_equal_after_trimming_are_duplicates),
        cmocka_unit_test(of_several_duplicates_the_first_given_is_named),
        cmocka_unit_test(content_comes_before_egress_and_egress_before_bindings),
        cmocka_unit_test(host_patterns_are_judged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
