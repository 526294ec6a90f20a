#include "tests/unit/common/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/program/options.h"

static const struct option_spec specs[] = {
    { "listen", "ADDR", "127.0.0.1:4973", "where to serve" },
    { "boot-delay", "D", "250ms", "time a boot takes" },
    { "seed", "N", NULL, "makes ids repeatable" },
    { "truth", "spec|server", "spec", "what to follow" },
    { "report", "KIND=FILE", NULL, "may be repeated" },
    { "config", "FILE", NULL, "a file of these" },
    { "vivify", NULL, NULL, "unknown ids spring into being" },
    { 0 },
};
static const struct options_program program = {
    "hypeman-mock", "HYPEMAN_MOCK", "Simulates the Hypeman API.", specs, NULL, NULL
};
static const struct option_default other_defaults[] = { { "listen", "127.0.0.1:0" }, { 0 } };
static const struct options_program runner = {
    "run", "RUN", "Runs a command.", specs, "COMMAND [ARGS]", other_defaults
};

enum { ARGS_MAX = 80 };

struct run {
    struct options options;
    struct buffer text;
    struct error err;
    char words[ARGS_MAX][64];
    char *argv[ARGS_MAX + 1];
};

static void run_scope_end(struct run *run)
{
    buffer_fini(&run->text);
}

/* Reads "program ARGS...", ARGS being one string with single blanks. */
static enum options_outcome given_to(const struct options_program *to, struct run *run,
                                     const char *args)
{
    struct text rest = text_of(args);
    int argc = 0;
    run->argv[argc++] = strcpy(run->words[0], "program");
    while (rest.len > 0 && argc < ARGS_MAX) {
        struct text word = text_split(&rest, ' ');
        memcpy(run->words[argc], word.data, word.len);
        run->words[argc][word.len] = '\0';
        run->argv[argc] = run->words[argc];
        argc++;
    }
    run->argv[argc] = NULL;
    buffer_fini(&run->text);
    run->text = buffer_capped(1 << 16);
    run->err = (struct error){ 0 };
    return options_read(to, argc, run->argv, &run->options, &run->text, &run->err);
}

static enum options_outcome given(struct run *run, const char *args)
{
    return given_to(&program, run, args);
}

static void a_flag_beats_its_variable_which_beats_the_default(void **state)
{
    (void)state;
    SCOPED(run) struct run run = { 0 };
    setenv("HYPEMAN_MOCK_BOOT_DELAY", "2s", 1);
    int64_t ns = 0;
    assert_int_equal(given(&run, "--boot-delay 3s"), OPTIONS_RUN);
    assert_true(options_duration(&run.options, "boot-delay", &ns, &run.err));
    assert_true(ns == INT64_C(3000000000));
    assert_int_equal(given(&run, ""), OPTIONS_RUN);
    assert_true(options_duration(&run.options, "boot-delay", &ns, &run.err));
    assert_true(ns == INT64_C(2000000000));
    setenv("HYPEMAN_MOCK_BOOT_DELAY", "", 1); /* empty counts as unset */
    assert_true(options_duration(&run.options, "boot-delay", &ns, &run.err));
    assert_true(ns == 250000000);
    unsetenv("HYPEMAN_MOCK_BOOT_DELAY");
    assert_true(options_duration(&run.options, "boot-delay", &ns, &run.err));
    assert_true(ns == 250000000);
    assert_null(options_text(&run.options, "seed"));
}

static void values_follow_a_blank_or_an_equals_sign(void **state)
{
    (void)state;
    SCOPED(run) struct run run = { 0 };
    assert_int_equal(given(&run, "--seed=-5 --report junit=a --listen ="), OPTIONS_RUN);
    assert_string_equal(options_text(&run.options, "seed"), "-5");
    assert_string_equal(options_text(&run.options, "report"), "junit=a");
    assert_string_equal(options_text(&run.options, "listen"), "=");
    assert_int_equal(given(&run, "--seed -5"), OPTIONS_RUN);
    assert_string_equal(options_text(&run.options, "seed"), "-5");
}

static void a_repeated_flag_replaces_or_collects(void **state)
{
    (void)state;
    SCOPED(run) struct run run = { 0 };
    assert_int_equal(given(&run, "--report a --seed 1 --report b"), OPTIONS_RUN);
    assert_string_equal(options_text(&run.options, "report"), "b");
    assert_string_equal(options_nth(&run.options, "report", 0), "a");
    assert_string_equal(options_nth(&run.options, "report", 1), "b");
    assert_null(options_nth(&run.options, "report", 2));
    assert_string_equal(options_nth(&run.options, "truth", 0), "spec");
    assert_null(options_nth(&run.options, "truth", 1));
}

static void switches_are_on_when_given_or_set_in_the_environment(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        enum options_outcome outcome;
        bool on;
    } rows[] = {
        { "1", OPTIONS_RUN, true },
        { "Yes", OPTIONS_RUN, true },
        { "on", OPTIONS_RUN, true },
        { "0", OPTIONS_RUN, false },
        { "off", OPTIONS_RUN, false },
        { "", OPTIONS_RUN, false },
        { "maybe", OPTIONS_EXIT_USAGE, false },
    };
    SCOPED(run) struct run run = { 0 };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        setenv("HYPEMAN_MOCK_VIVIFY", rows[i].value, 1);
        assert_int_equal(given(&run, ""), rows[i].outcome);
        assert_int_equal(options_switch(&run.options, "vivify"), rows[i].on);
    }
    assert_error(run.err, ERROR_INVALID_ARGUMENT,
                 "HYPEMAN_MOCK_VIVIFY must be true or false, not \"maybe\"");
    assert_int_equal(given(&run, "--vivify"), OPTIONS_RUN);
    assert_true(options_switch(&run.options, "vivify"));
    unsetenv("HYPEMAN_MOCK_VIVIFY");
    assert_int_equal(given(&run, ""), OPTIONS_RUN);
    assert_false(options_switch(&run.options, "vivify"));
}

static void mistakes_say_what_to_do(void **state)
{
    (void)state;
    static const struct {
        const char *args;
        const char *message;
    } rows[] = {
        { "--lisen x", "unknown option --lisen; did you mean --listen?" },
        { "--lis x", "unknown option --lis" }, /* no abbreviations */
        { "--versio", "unknown option --versio; did you mean --version?" },
        { "--completely-unlike=5", "unknown option --completely-unlike" },
        { "-x", "unknown option -x; options are written --name" },
        { "serve", "unexpected argument \"serve\"; every option is written --name" },
        { "-- serve", "unexpected argument \"--\"; every option is written --name" },
        { "-", "unexpected argument \"-\"; every option is written --name" },
        { "--seed", "--seed needs a value: --seed N" },
        { "--seed --vivify", "--seed needs a value: --seed N" },
        { "--vivify=no", "--vivify is a switch and takes no value" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        SCOPED(run) struct run run = { 0 };
        assert_int_equal(given(&run, rows[i].args), OPTIONS_EXIT_USAGE);
        assert_error(run.err, ERROR_INVALID_ARGUMENT, rows[i].message);
    }
}

static void what_follows_two_dashes_is_left_to_a_program_that_takes_operands(void **state)
{
    static const char *const bare[] = { "--vivify", "--vivify --" };
    SCOPED(run) struct run run = { 0 };
    (void)state;

    assert_int_equal(given_to(&runner, &run, "--seed 1 -- go -- --seed 2"), OPTIONS_RUN);
    assert_string_equal(options_text(&run.options, "seed"), "1");
    assert_string_equal(run.options.operands[0], "go");
    assert_string_equal(run.options.operands[1], "--");
    assert_null(run.options.operands[4]);
    for (size_t i = 0; i < ARRAY_LEN(bare); i++) {
        assert_int_equal(given_to(&runner, &run, bare[i]), OPTIONS_RUN);
        assert_null(run.options.operands[0]);
    }
    assert_int_equal(given_to(&runner, &run, "go test"), OPTIONS_EXIT_USAGE);
    assert_error(run.err, ERROR_INVALID_ARGUMENT,
                 "unexpected argument \"go\"; write -- in front of COMMAND [ARGS]");
    assert_int_equal(given(&run, "-- go"), OPTIONS_EXIT_USAGE);
}

static void a_command_may_have_other_defaults_than_the_options_it_shares(void **state)
{
    SCOPED(run) struct run run = { 0 };
    (void)state;

    given_to(&runner, &run, "");
    assert_string_equal(options_text(&run.options, "listen"), "127.0.0.1:0");
    assert_string_equal(options_text(&run.options, "boot-delay"), "250ms");
    assert_int_equal(given_to(&runner, &run, "--help -- go"), OPTIONS_EXIT_OK);
    buffer_append_byte(&run.text, 0);
    assert_non_null(strstr(run.text.data, "Usage: run [options] -- COMMAND [ARGS]\n"));
    assert_non_null(strstr(run.text.data, "[RUN_LISTEN, default 127.0.0.1:0]"));
}

static void too_many_options_are_refused(void **state)
{
    (void)state;
    SCOPED(run) struct run run = { 0 };
    SCOPED(buffer) struct buffer args = buffer_capped(10000);
    for (int i = 0; i <= OPTIONS_MAX; i++)
        buffer_append_cstr(&args, i == 0 ? "--vivify" : " --vivify");
    buffer_append_byte(&args, 0);
    assert_int_equal(given(&run, args.data), OPTIONS_EXIT_USAGE);
    assert_error(run.err, ERROR_INVALID_ARGUMENT, "more than 64 options");
}

static void help_lists_every_flag_with_its_variable_and_default(void **state)
{
    (void)state;
    static const char *const parts[] = {
        "Usage: hypeman-mock [options]",
        "Simulates the Hypeman API.",
        "  --boot-delay D\n        time a boot takes\n",
        "        [HYPEMAN_MOCK_BOOT_DELAY, default 250ms]\n",
        "  --seed N\n        makes ids repeatable\n        [HYPEMAN_MOCK_SEED]\n",
        "  --vivify\n",
        "  --help\n",
        "  --version\n",
    };
    SCOPED(run) struct run run = { 0 };
    assert_int_equal(given(&run, "--seed 1 --help"), OPTIONS_EXIT_OK);
    buffer_append_byte(&run.text, 0);
    for (size_t i = 0; i < ARRAY_LEN(parts); i++)
        if (strstr(run.text.data, parts[i]) == NULL)
            fail_msg("not in the help: %s", parts[i]);
}

static void the_version_is_name_and_number(void **state)
{
    (void)state;
    SCOPED(run) struct run run = { 0 };
    assert_int_equal(given(&run, "--version"), OPTIONS_EXIT_OK);
    assert_text(buffer_text(&run.text), "hypeman-mock " TESTKIT_VERSION "\n");
}

static void wrong_values_are_refused_with_the_flag_or_variable_they_came_from(void **state)
{
    (void)state;
    SCOPED(run) struct run run = { 0 };
    int64_t n = 77;
    size_t choice = 77;
    static const char *const truths[] = { "spec", "server", "both", NULL };

    given(&run, "--boot-delay soon");
    assert_false(options_duration(&run.options, "boot-delay", &n, &run.err));
    assert_error(run.err, ERROR_INVALID_ARGUMENT,
                 "--boot-delay must be a duration such as 250ms, "
                 "5s or 1h30m, not \"soon\"");
    assert_string_equal(run.err.field, "boot-delay");
    given(&run, "--boot-delay -1s");
    assert_false(options_duration(&run.options, "boot-delay", &n, &run.err));

    setenv("HYPEMAN_MOCK_SEED", "11", 1);
    given(&run, "");
    assert_false(options_i64(&run.options, "seed", 1, 10, &n, &run.err));
    assert_error(run.err, ERROR_INVALID_ARGUMENT,
                 "HYPEMAN_MOCK_SEED must be a whole number from 1 to 10, not \"11\"");
    given(&run, "--seed 1x");
    assert_false(options_i64(&run.options, "seed", 1, 10, &n, &run.err));
    assert_error(run.err, ERROR_INVALID_ARGUMENT,
                 "--seed must be a whole number from 1 to 10, not \"1x\"");
    unsetenv("HYPEMAN_MOCK_SEED");

    given(&run, "--truth lies");
    assert_false(options_choice(&run.options, "truth", truths, &choice, &run.err));
    assert_error(run.err, ERROR_INVALID_ARGUMENT,
                 "--truth must be spec, server or both, not \"lies\"");
    assert_true(n == 77 && choice == 77);

    given(&run, "--seed 10 --truth server");
    assert_true(options_i64(&run.options, "seed", 1, 10, &n, &run.err));
    assert_int_equal(n, 10);
    assert_true(options_choice(&run.options, "truth", truths, &choice, &run.err));
    assert_int_equal(choice, 1);
}

static void listen_addresses_are_host_and_port(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *host; /* NULL: refused */
        int port;
    } rows[] = {
        { "127.0.0.1:4973", "127.0.0.1", 4973 },
        { "[::1]:0", "::1", 0 },
        { "localhost:0", "localhost", 0 },
        { "0.0.0.0:65535", "0.0.0.0", 65535 },
        { "127.0.0.1:65536", NULL, 0 },
        { "127.0.0.1", NULL, 0 },
        { "127.0.0.1:", NULL, 0 },
        { ":8080", NULL, 0 },
        { "8080", NULL, 0 },
        { "::1:8080", NULL, 0 },
        { "[::1]", NULL, 0 },
        { "[]:1", NULL, 0 },
        { "[127.0.0.1]:1", NULL, 0 },
        { "localhost:http", NULL, 0 },
        { "localhost:-1", NULL, 0 },
        { "http://localhost:1", NULL, 0 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        SCOPED(run) struct run run = { 0 };
        struct listen_address address = { .port = 7 };
        char args[100];
        snprintf(args, sizeof args, "--listen %s", rows[i].text);
        assert_int_equal(given(&run, args), OPTIONS_RUN);
        bool ok = options_listen(&run.options, "listen", &address, &run.err);
        assert_int_equal(ok, rows[i].host != NULL);
        assert_string_equal(address.host, ok ? rows[i].host : "");
        assert_int_equal(address.port, ok ? rows[i].port : 7);
    }
    SCOPED(run) struct run run = { 0 };
    struct listen_address address;
    given(&run, "--listen here");
    assert_false(options_listen(&run.options, "listen", &address, &run.err));
    assert_error(run.err, ERROR_INVALID_ARGUMENT,
                 "--listen must be HOST:PORT, as 127.0.0.1:8080 or [::1]:0 (0: any free port), "
                 "not \"here\"");
}

static void a_path_of_a_socket_can_stand_for_host_and_port(void **state)
{
    (void)state;
    SCOPED(run) struct run run = { 0 };
    struct listen_address address = { 0 };
    given(&run, "--listen unix:/run/x.sock");
    assert_true(options_listen_or_path(&run.options, "listen", &address, &run.err));
    assert_string_equal(address.path, "/run/x.sock");
    assert_string_equal(address.host, "");
    assert_false(options_listen(&run.options, "listen", &address, &run.err));

    SCOPED(run) struct run again = { 0 };
    given(&again, "--listen [::1]:7");
    assert_true(options_listen_or_path(&again.options, "listen", &address, &again.err));
    assert_null(address.path);
    assert_string_equal(address.host, "::1");
    assert_int_equal(address.port, 7);
}

static void what_only_this_machine_can_reach_is_known(void **state)
{
    (void)state;
    static const struct {
        struct listen_address address;
        bool is_local;
    } rows[] = {
        { { .host = "127.0.0.1" }, true },
        { { .host = "127.1.2.3" }, true },
        { { .host = "::1" }, true },
        { { .host = "0:0:0:0:0:0:0:1" }, true },
        { { .host = "localhost" }, true },
        { { .path = "/run/x.sock" }, true },
        { { .host = "0.0.0.0" }, false },
        { { .host = "::" }, false },
        { { .host = "192.0.2.1" }, false },
        { { .host = "127.0.0.1.example" }, false },
        { { .host = "128.0.0.1" }, false },
        { { .host = "fe80::1" }, false },
        { { .host = "::ffff:127.0.0.1" }, false },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        if (listen_address_is_local(&rows[i].address) != rows[i].is_local)
            fail_msg("%s", rows[i].address.host);
}

/* ---- A file ---- */

/* A command line whose --config holds that. */
static bool given_file(struct run *run, const char *args, const char *json, struct arena *texts)
{
    char path[] = "/tmp/options-XXXXXX";
    char all[256];
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_true(write(fd, json, strlen(json)) == (ssize_t)strlen(json));
    close(fd);
    snprintf(all, sizeof all, "--config %s%s%s", path, args[0] == '\0' ? "" : " ", args);
    assert_int_equal(given(run, all), OPTIONS_RUN);
    const bool ok = options_load_file(&run->options, "config", texts, &run->err);
    unlink(path);
    return ok;
}

static void a_file_gives_what_neither_flag_nor_variable_does(void **state)
{
    (void)state;
    SCOPED(arena) struct arena texts = arena_capped(1 << 16);
    SCOPED(run) struct run run = { 0 };
    setenv("HYPEMAN_MOCK_TRUTH", "server", 1);
    assert_true(given_file(&run, "--boot-delay 3s",
                           "{\"boot-delay\": \"9s\", \"truth\": \"spec\", \"seed\": -7, "
                           "\"vivify\": true, \"report\": [\"junit=a\", \"tap=b\"], "
                           "\"listen\": []}",
                           &texts));
    assert_string_equal(options_text(&run.options, "boot-delay"), "3s");
    assert_string_equal(options_text(&run.options, "truth"), "server");
    unsetenv("HYPEMAN_MOCK_TRUTH");
    assert_string_equal(options_text(&run.options, "truth"), "spec");
    assert_string_equal(options_text(&run.options, "seed"), "-7");
    assert_string_equal(options_text(&run.options, "listen"), "127.0.0.1:4973");
    assert_true(options_switch(&run.options, "vivify"));
    assert_string_equal(options_nth(&run.options, "report", 0), "junit=a");
    assert_string_equal(options_nth(&run.options, "report", 1), "tap=b");
    assert_null(options_nth(&run.options, "report", 2));
    assert_string_equal(options_text(&run.options, "report"), "tap=b");
}

static void without_a_file_nothing_is_read(void **state)
{
    (void)state;
    SCOPED(run) struct run run = { 0 };
    SCOPED(arena) struct arena texts = arena_capped(1 << 16);
    assert_int_equal(given(&run, ""), OPTIONS_RUN);
    assert_true(options_load_file(&run.options, "config", &texts, &run.err));
    assert_int_equal(given(&run, "--config /no/such/file"), OPTIONS_RUN);
    assert_false(options_load_file(&run.options, "config", &texts, &run.err));
    assert_int_equal(run.err.code, ERROR_NOT_FOUND);
    assert_non_null(strstr(run.err.message, "/no/such/file"));
}

static void a_mistake_in_a_file_names_it(void **state)
{
    (void)state;
    static const struct {
        const char *json;
        const char *says;
    } rows[] = {
        { "{\"boot-delya\": \"1s\"}", "unknown option boot-delya; did you mean boot-delay?" },
        { "{\"help\": true}", "unknown option help" },
        { "{\"config\": \"x\"}", "config cannot name another file" },
        { "{\"vivify\": \"yes\"}", "vivify must be true or false" },
        { "{\"seed\": true}", "seed must be text or a whole number" },
        { "{\"seed\": 1.5}", "seed must be text or a whole number" },
        { "{\"seed\": null}", "seed must be text or a whole number" },
        { "{\"seed\": [[1]]}", "seed must be text or a whole number" },
        { "{\"truth\": \"a\\u0000b\"}", "truth must be text or a whole number" },
        { "[1]", "must be a JSON object" },
        { "{", "" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        SCOPED(run) struct run run = { 0 };
        SCOPED(arena) struct arena texts = arena_capped(1 << 16);
        assert_false(given_file(&run, "", rows[i].json, &texts));
        if (strncmp(run.err.message, "/tmp/options-", 13) != 0 ||
            strstr(run.err.message, rows[i].says) == NULL)
            fail_msg("%s: %s", rows[i].json, run.err.message);
    }

    SCOPED(run) struct run run = { 0 };
    SCOPED(arena) struct arena texts = arena_capped(1 << 16);
    int64_t ns = 0;
    assert_true(given_file(&run, "", "{\"boot-delay\": \"soon\"}", &texts));
    assert_false(options_duration(&run.options, "boot-delay", &ns, &run.err));
    assert_non_null(strstr(run.err.message, ": boot-delay must be a duration"));
}

static void a_file_may_not_hold_more_than_a_command_line(void **state)
{
    (void)state;
    SCOPED(run) struct run run = { 0 };
    SCOPED(arena) struct arena texts = arena_capped(1 << 16);
    SCOPED(buffer) struct buffer json = buffer_capped(1 << 16);
    buffer_append_cstr(&json, "{\"report\": [\"a=b\"");
    for (int i = 0; i < OPTIONS_MAX; i++)
        buffer_append_cstr(&json, ", \"a=b\"");
    buffer_append_cstr(&json, "]}");
    assert_true(buffer_append_byte(&json, '\0'));
    assert_false(given_file(&run, "", json.data, &texts));
    assert_non_null(strstr(run.err.message, "more than 64 values"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flag_beats_its_variable_which_beats_the_default),
        cmocka_unit_test(a_file_gives_what_neither_flag_nor_variable_does),
        cmocka_unit_test(without_a_file_nothing_is_read),
        cmocka_unit_test(a_mistake_in_a_file_names_it),
        cmocka_unit_test(a_file_may_not_hold_more_than_a_command_line),
        cmocka_unit_test(values_follow_a_blank_or_an_equals_sign),
        cmocka_unit_test(a_repeated_flag_replaces_or_collects),
        cmocka_unit_test(switches_are_on_when_given_or_set_in_the_environment),
        cmocka_unit_test(mistakes_say_what_to_do),
        cmocka_unit_test(what_follows_two_dashes_is_left_to_a_program_that_takes_operands),
        cmocka_unit_test(a_command_may_have_other_defaults_than_the_options_it_shares),
        cmocka_unit_test(too_many_options_are_refused),
        cmocka_unit_test(help_lists_every_flag_with_its_variable_and_default),
        cmocka_unit_test(the_version_is_name_and_number),
        cmocka_unit_test(wrong_values_are_refused_with_the_flag_or_variable_they_came_from),
        cmocka_unit_test(listen_addresses_are_host_and_port),
        cmocka_unit_test(a_path_of_a_socket_can_stand_for_host_and_port),
        cmocka_unit_test(what_only_this_machine_can_reach_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
