/* The logs of an instance as a function of its record and a moment: instances.md 12 and 21. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/buffer.h"
#include "mock/domain/instance_log.h"
#include "tests/support/fake_env.h"

#define START         FAKE_ENV_START_NS
#define AT(seconds)   (START + (seconds)*NS_PER_SEC)
#define APP(line)     "[INFO] [hypeman-init:" line "\n"
#define HIDDEN(line)  "(hidden) " APP(line)
#define EXIT(message) APP("entrypoint] HYPEMAN-EXIT " message)

/* An instance with every kind of line in its boot: 13, so one second apart in a boot of 12. */
struct record {
    struct fake_env fake;
    struct instance_config config;
    struct volume_attachment volume;
    struct text command[2];
    struct instance instance;
    struct instance_log log;
    struct buffer lines;
};

static int setup(void **state)
{
    static struct record r;
    r = (struct record){
        .config = { .id = TEXT("k3x0q9v1c7m2t8b4n6z5d0fa"),
                    .name = TEXT("web-1"),
                    .platform = TEXT("linux/amd64"),
                    .hypervisor = HYPERVISOR_FIRECRACKER,
                    .vcpus = 2,
                    .size_bytes = INT64_C(1) << 30,
                    .hotplug_bytes = 1,
                    .network = { .enabled = true },
                    .volume_count = 1 },
        .volume = { .mount_path = TEXT("/data") },
        .command = { TEXT("sh"), TEXT("-c") },
        .instance = { .address = { { 10, 100, 0, 2 }, { 0, 0, 1 } } },
        .lines = buffer_capped(1024 * 1024),
    };
    fake_env_init(&r.fake);
    r.config.volumes = &r.volume;
    r.instance.config = &r.config;
    *state = &r;
    return 0;
}

static int teardown(void **state)
{
    struct record *r = *state;
    buffer_fini(&r->lines);
    history_release(&r->fake.env.mem, r->instance.history);
    assert_int_equal(r->fake.live_blocks, 0);
    return 0;
}

static void happens(struct record *r, struct history_event event)
{
    const struct history *next = history_add(&r->fake.env.mem, r->instance.history, event);
    assert_non_null(next);
    history_release(&r->fake.env.mem, r->instance.history);
    r->instance.history = next;
}

static void boots(struct record *r, enum history_kind kind, int64_t seconds)
{
    happens(r, (struct history_event){ .kind = kind,
                                       .start = HISTORY_COLD_START,
                                       .at_ns = AT(seconds),
                                       .until_ns = AT(seconds + 12) });
}

static void resumes(struct record *r, enum history_kind kind, int64_t seconds)
{
    happens(r, (struct history_event){
                   .kind = kind, .start = HISTORY_RESUMED_START, .at_ns = AT(seconds) });
}

static void ends(struct record *r, enum history_kind kind, int64_t seconds, int32_t code)
{
    happens(r, (struct history_event){
                   .kind = kind, .at_ns = AT(seconds), .has_exit_code = true, .exit_code = code });
}

static void passes(struct record *r, enum history_kind kind, int64_t seconds)
{
    happens(r, (struct history_event){ .kind = kind, .at_ns = AT(seconds) });
}

static void open_log(struct record *r, enum log_source source, int64_t now_ns)
{
    struct error err = { 0 };
    assert_true(instance_log_open(&r->log, &r->instance, source, now_ns, &err));
}

/* The rest of the open log, a text line per log line. */
static const char *rest(struct record *r)
{
    struct log_line line;
    buffer_clear(&r->lines);
    while (instance_log_next(&r->log, &line)) {
        assert_int_equal(strlen(line.text), line.len);
        buffer_appendf(&r->lines, "%s%s\n", line.hidden ? "(hidden) " : "", line.text);
    }
    assert_true(buffer_append_byte(&r->lines, '\0'));
    return r->lines.data;
}

static const char *all(struct record *r, enum log_source source, int64_t now_ns)
{
    open_log(r, source, now_ns);
    return rest(r);
}

static size_t count(struct record *r, enum log_source source, int64_t now_ns)
{
    struct log_line line;
    size_t lines = 0;
    open_log(r, source, now_ns);
    while (instance_log_next(&r->log, &line))
        lines++;
    return lines;
}

static void assert_no_log(struct record *r, enum log_source source)
{
    struct error err = { 0 };
    assert_false(instance_log_open(&r->log, &r->instance, source, AT(100), &err));
    assert_int_equal(err.code, ERROR_NOT_FOUND);
    assert_string_equal(err.message, "requested log file does not exist yet");
}

/* --- app --------------------------------------------------------------------------------- */

static void a_boot_writes_the_phases_and_the_markers(void **state) /* INST-LOG-014 */
{
    struct record *r = *state;

    r->config.entrypoint = (struct text_list){ r->command, 2 };
    boots(r, HISTORY_CREATED, 0);
    assert_string_equal(
        all(r, LOG_APP, AT(12)),
        APP("boot] init started on linux/amd64") APP("mount] mounted proc, sysfs and devtmpfs")
            APP("overlay] mounted the writable overlay on the image")
                APP("config] read the configuration disk")
                    APP("network] brought up eth0 with 10.100.0.2")
                        APP("agent] started the guest agent") APP("mode] running in exec mode")
                            APP("setup] mounted the volumes at \"/data\"")
                                HIDDEN("setup] HYPEMAN-HEADERS-START")
                                    HIDDEN("setup] HYPEMAN-HEADERS-READY")
                                        HIDDEN("agent] HYPEMAN-AGENT-READY")
                                            APP("entrypoint] starting \"sh\" \"-c\"")
                                                HIDDEN("entrypoint] HYPEMAN-PROGRAM-START"));
}

static void what_an_instance_goes_without_is_not_logged(void **state)
{
    struct record *r = *state;

    r->config.network.enabled = false;
    r->config.volume_count = 0;
    r->config.skip_guest_agent = true;
    r->config.skip_kernel_headers = true;
    boots(r, HISTORY_CREATED, 0);
    assert_string_equal(
        all(r, LOG_APP, AT(12)),
        APP("boot] init started on linux/amd64") APP("mount] mounted proc, sysfs and devtmpfs")
            APP("overlay] mounted the writable overlay on the image")
                APP("config] read the configuration disk") APP("mode] running in exec mode")
                    APP("entrypoint] starting what the image says")
                        HIDDEN("entrypoint] HYPEMAN-PROGRAM-START"));
}

static void the_lines_of_a_boot_come_one_by_one_until_it_is_over(void **state)
{
    struct record *r = *state;
    struct log_line line;

    boots(r, HISTORY_CREATED, 0);
    for (int64_t second = 0; second <= 12; second++) {
        const bool last = second == 12;
        assert_int_equal(count(r, LOG_APP, AT(second)), second + 1);
        assert_true(instance_log_next_ns(&r->log) == (last ? INT64_MAX : AT(second + 1)));
        assert_int_equal(count(r, LOG_APP, AT(second + 1) - 1), second + 1);
    }
    open_log(r, LOG_APP, AT(12));
    for (int64_t second = 0; second <= 12; second++) {
        assert_true(instance_log_next(&r->log, &line));
        assert_true(line.at_ns == AT(second));
    }
}

static void a_boot_of_any_length_ends_with_its_last_line(void **state)
{
    static const int64_t lengths_ns[] = { 0, 1, 11, 250 * NS_PER_MS, INT64_MAX - START };
    struct record *r = *state;

    for (size_t i = 0; i < ARRAY_LEN(lengths_ns); i++) {
        const int64_t until_ns = START + lengths_ns[i];
        struct log_line line;
        int64_t before_ns = START;
        happens(r, (struct history_event){ .kind = HISTORY_STARTED,
                                           .start = HISTORY_COLD_START,
                                           .at_ns = START,
                                           .until_ns = until_ns });
        open_log(r, LOG_APP, until_ns);
        for (size_t n = 0; n < 13; n++, before_ns = line.at_ns) {
            assert_true(instance_log_next(&r->log, &line));
            assert_true(line.at_ns >= before_ns);
        }
        assert_true(before_ns == until_ns);
        assert_false(instance_log_next(&r->log, &line));
    }
}

static void an_exit_writes_two_lines(void **state) /* INST-LOG-014 */
{
    static const struct {
        int32_t code;
        const char *lines;
    } cases[] = {
        { 0,
          APP("entrypoint] app exited with code 0 (success)") EXIT("code=0 message=\"success\"") },
        { 7, "[ERROR] [hypeman-init:entrypoint] app exited with code 7 (exit code 7)\n" EXIT(
                 "code=7 message=\"exit code 7\"") },
        { 127,
          "[ERROR] [hypeman-init:entrypoint] app exited with code 127 (command not found)\n" EXIT(
              "code=127 message=\"command not found\"") },
        { 143, "[ERROR] [hypeman-init:entrypoint] app exited with code 143 (killed by signal 15 "
               "(terminated))\n" EXIT("code=143 message=\"killed by signal 15 (terminated)\"") },
    };
    struct record *r = *state;

    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        boots(r, HISTORY_STARTED, 0);
        ends(r, i % 2 == 0 ? HISTORY_STOPPED : HISTORY_EXITED, 20, cases[i].code);
        open_log(r, LOG_APP, AT(20));
        instance_log_tail(&r->log, 2);
        assert_string_equal(rest(r), cases[i].lines);
        assert_int_equal(count(r, LOG_APP, AT(20)), 13 + 2);
    }
}

static void a_guest_that_is_killed_writes_nothing(void **state) /* INST-ST-014 */
{
    struct record *r = *state;

    boots(r, HISTORY_CREATED, 0);
    passes(r, HISTORY_STOPPED, 20);
    assert_int_equal(count(r, LOG_APP, AT(100)), 13);
}

static void a_stop_cuts_the_boot_off(void **state)
{
    struct record *r = *state;

    boots(r, HISTORY_CREATED, 0);
    ends(r, HISTORY_STOPPED, 4, 143);
    assert_int_equal(count(r, LOG_APP, AT(100)), 5 + 2);
    assert_true(instance_log_next_ns(&r->log) == INT64_MAX);
}

static void a_new_boot_begins_an_empty_log(void **state) /* INST-LOG-018 */
{
    struct record *r = *state;

    boots(r, HISTORY_CREATED, 0);
    ends(r, HISTORY_STOPPED, 20, 143);
    boots(r, HISTORY_STARTED, 30);
    assert_int_equal(count(r, LOG_APP, AT(30)), 1);
    assert_int_equal(count(r, LOG_APP, AT(42)), 13);
}

static void a_resume_goes_on_with_the_log(void **state) /* INST-LOG-017 */
{
    struct record *r = *state;

    boots(r, HISTORY_CREATED, 0);
    passes(r, HISTORY_STANDBY, 20);
    assert_int_equal(count(r, LOG_APP, AT(20)), 13);
    resumes(r, HISTORY_RESUMED, 30);
    assert_int_equal(count(r, LOG_APP, AT(30)), 13);
    ends(r, HISTORY_EXITED, 40, 0);
    assert_int_equal(count(r, LOG_APP, AT(40)), 13 + 2);
}

static void a_log_of_the_machine_exists_once_it_ran(void **state) /* INST-LOG-016, INST-LOG-019 */
{
    struct record *r = *state;

    passes(r, HISTORY_FORKED, 0);
    passes(r, HISTORY_UPDATED, 1);
    assert_no_log(r, LOG_APP);
    assert_no_log(r, LOG_VMM);
    assert_int_equal(count(r, LOG_HYPEMAN, AT(2)), 2);

    resumes(r, HISTORY_RESUMED, 2); /* nothing of the source's boot */
    assert_int_equal(count(r, LOG_APP, AT(3)), 0);
    assert_int_equal(count(r, LOG_VMM, AT(3)), 1);
    ends(r, HISTORY_STOPPED, 4, 143);
    assert_int_equal(count(r, LOG_APP, AT(4)), 2);
}

static void a_snapshot_in_its_place_takes_the_machines_logs_away(void **state) /* SNAP-R-035 */
{
    struct record *r = *state;

    boots(r, HISTORY_CREATED, 0);
    ends(r, HISTORY_STOPPED, 20, 143);
    passes(r, HISTORY_RESTORED, 30);
    assert_no_log(r, LOG_APP);
    assert_no_log(r, LOG_VMM);
    assert_int_equal(count(r, LOG_HYPEMAN, AT(30)), 3);

    resumes(r, HISTORY_RESTORED, 40);
    assert_int_equal(count(r, LOG_APP, AT(40)), 0);
    assert_int_equal(count(r, LOG_VMM, AT(40)), 1);
    boots(r, HISTORY_RESTORED, 50);
    assert_int_equal(count(r, LOG_APP, AT(62)), 13);
    assert_int_equal(count(r, LOG_VMM, AT(62)), 1);
}

static void a_command_with_a_marker_in_it_is_hidden_too(void **state) /* INST-LOG-014 */
{
    struct record *r = *state;

    r->command[1] = TEXT("echo HYPEMAN-AGENT-READY");
    r->config.cmd = (struct text_list){ r->command, 2 };
    boots(r, HISTORY_CREATED, 0);
    assert_non_null(strstr(all(r, LOG_APP, AT(12)),
                           HIDDEN("entrypoint] starting \"sh\" \"echo HYPEMAN-AGENT-READY\"")));
}

static void a_long_command_is_cut_between_characters(void **state)
{
    char argument[3 * LOG_LINE_BYTES + 1];
    struct record *r = *state;

    for (size_t start = 0; start < 3; start++) { /* so that the end falls on each byte of one */
        for (size_t i = 0; i + 3 < sizeof argument - start; i += 3)
            memcpy(argument + start + i, "\xE2\x82\xAC", 3); /* the euro sign */
        memset(argument, 'x', start);
        r->command[0] = (struct text){ argument, 3 * (LOG_LINE_BYTES - 1) + start };
        r->config.cmd = (struct text_list){ r->command, 2 };
        boots(r, HISTORY_STARTED, 0);
        open_log(r, LOG_APP, AT(12));
        instance_log_tail(&r->log, 2);
        struct log_line line;
        assert_true(instance_log_next(&r->log, &line));
        assert_in_range(line.len, LOG_LINE_BYTES - 7, LOG_LINE_BYTES - 4);
        assert_true(text_is_utf8(text_of(line.text)));
    }
}

/* --- vmm and hypeman --------------------------------------------------------------------- */

static void the_hypervisor_says_that_it_started(void **state) /* INST-LOG-015 */
{
    struct record *r = *state;

    boots(r, HISTORY_CREATED, 0);
    ends(r, HISTORY_STOPPED, 20, 143);
    boots(r, HISTORY_STARTED, 30);
    passes(r, HISTORY_STANDBY, 50);
    resumes(r, HISTORY_RESUMED, 60);
    assert_string_equal(all(r, LOG_VMM, AT(60)),
                        "[INFO] [firecracker] guest booted: vcpus=2 memory_bytes=1073741825\n"
                        "[INFO] [firecracker] guest booted: vcpus=2 memory_bytes=1073741825\n"
                        "[INFO] [firecracker] guest resumed from its memory image: vcpus=2 "
                        "memory_bytes=1073741825\n");
}

static void the_server_writes_a_line_per_event(void **state) /* INST-LOG-020 */
{
    struct record *r = *state;
    const struct resource_id other = { "b4x0q9v1c7m2t8b4n6z5d0fa" };

    boots(r, HISTORY_CREATED, 0);
    happens(r, (struct history_event){
                   .kind = HISTORY_CAPTURED, .start = HISTORY_RESUMED_START, .other = other });
    passes(r, HISTORY_COPIED, 0); /* the fork could not be made */
    happens(r, (struct history_event){ .kind = HISTORY_FORKED, .other = other });
    passes(r, HISTORY_STANDBY, 0);
    resumes(r, HISTORY_RESUMED, 0);
    passes(r, HISTORY_AUTO_STANDBY, 0);
    happens(r, (struct history_event){ .kind = HISTORY_RESTORED, .other = other });
    passes(r, HISTORY_UPDATED, 0);
    passes(r, HISTORY_ATTACHED, 0);
    passes(r, HISTORY_DETACHED, 0);
    passes(r, HISTORY_FORCED, 0);
    boots(r, HISTORY_STARTED, 0);
    ends(r, HISTORY_EXITED, 0, 3);
    boots(r, HISTORY_RESTARTED, 0);
    ends(r, HISTORY_EXITED, 0, 0);
    passes(r, HISTORY_STOPPED, 0);
    assert_string_equal(
        all(r, LOG_HYPEMAN, AT(0)),
        "INFO instance created successfully name=web-1 state=Initializing\n"
        "INFO snapshot created successfully name=web-1 snapshot_id=b4x0q9v1c7m2t8b4n6z5d0fa "
        "state=Running\n"
        "INFO running instance forked through standby name=web-1\n"
        "INFO instance forked successfully name=web-1 source=b4x0q9v1c7m2t8b4n6z5d0fa\n"
        "INFO instance put in standby successfully name=web-1 state=Standby\n"
        "INFO instance restored successfully name=web-1 state=Running\n"
        "INFO idle instance put in standby by its auto-standby policy name=web-1 state=Standby\n"
        "INFO snapshot restored successfully name=web-1 snapshot_id=b4x0q9v1c7m2t8b4n6z5d0fa\n"
        "INFO instance updated successfully name=web-1\n"
        "INFO volume attached successfully name=web-1\n"
        "INFO volume detached successfully name=web-1\n"
        "WARN state forced by a test name=web-1\n"
        "INFO instance started successfully name=web-1 state=Initializing\n"
        "ERROR guest ended by itself name=web-1 state=Stopped exit_code=3\n"
        "WARN instance restarted by its restart policy name=web-1 state=Initializing\n"
        "INFO guest ended by itself name=web-1 state=Stopped exit_code=0\n"
        "INFO instance stopped successfully name=web-1 state=Stopped\n");
}

/* --- tail and follow --------------------------------------------------------------------- */

static void a_tail_counts_the_hidden_lines(void **state) /* INST-LOG-005, INST-LOG-006 */
{
    static const struct {
        uint64_t tail;
        size_t lines;
        size_t hidden;
    } cases[] = {
        { 0, 0, 0 }, { 1, 1, 1 },   { 2, 2, 1 },   { 3, 3, 2 },
        { 5, 5, 4 }, { 13, 13, 4 }, { 14, 13, 4 }, { UINT64_MAX, 13, 4 },
    };
    struct record *r = *state;

    boots(r, HISTORY_CREATED, 0);
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct log_line line;
        size_t lines = 0;
        size_t hidden = 0;
        open_log(r, LOG_APP, AT(12));
        instance_log_tail(&r->log, cases[i].tail);
        for (; instance_log_next(&r->log, &line); lines++)
            hidden += line.hidden ? 1 : 0;
        assert_int_equal(lines, cases[i].lines);
        assert_int_equal(hidden, cases[i].hidden);
    }
}

/* Opens the log anew where a reader left it. */
static const char *go_on(struct record *r, int64_t now_ns)
{
    const uint64_t position = r->log.position;
    open_log(r, r->log.source, now_ns);
    instance_log_seek(&r->log, position);
    return rest(r);
}

static void a_reader_goes_on_where_it_left_off(void **state) /* INST-LOG-012 */
{
    struct record *r = *state;

    boots(r, HISTORY_CREATED, 0);
    open_log(r, LOG_APP, AT(4));
    instance_log_tail(&r->log, 0);
    assert_string_equal(rest(r), "");
    assert_string_equal(go_on(r, AT(4)), "");
    assert_string_equal(go_on(r, AT(5)), APP("agent] started the guest agent"));
    assert_string_equal(go_on(r, AT(6)), APP("mode] running in exec mode"));
    passes(r, HISTORY_UPDATED, 6);
    assert_string_equal(go_on(r, AT(6)), "");
    ends(r, HISTORY_STOPPED, 6, 0);
    assert_string_equal(go_on(r, AT(6)), APP("entrypoint] app exited with code 0 (success)")
                                             EXIT("code=0 message=\"success\""));
    assert_string_equal(go_on(r, AT(90)), "");
    boots(r, HISTORY_STARTED, 100);
    assert_string_equal(go_on(r, AT(101)), APP("boot] init started on linux/amd64")
                                               APP("mount] mounted proc, sysfs and devtmpfs"));
    boots(r, HISTORY_RESTORED, 200); /* nobody looked in between */
    assert_string_equal(go_on(r, AT(200)), APP("boot] init started on linux/amd64"));
}

static void a_reader_of_an_empty_log_sees_what_comes(void **state)
{
    struct record *r = *state;

    resumes(r, HISTORY_FORKED, 0);
    assert_string_equal(all(r, LOG_APP, AT(0)), "");
    assert_true(instance_log_next_ns(&r->log) == INT64_MAX);
    ends(r, HISTORY_EXITED, 1, 0);
    assert_string_equal(go_on(r, AT(1)), APP("entrypoint] app exited with code 0 (success)")
                                             EXIT("code=0 message=\"success\""));
}

static void a_reader_misses_nothing_of_a_history_that_forgets(void **state)
{
    struct record *r = *state;

    boots(r, HISTORY_CREATED, 0);
    (void)all(r, LOG_HYPEMAN, AT(0));
    for (size_t i = 0; i < 3 * HISTORY_MAX; i++) {
        passes(r, HISTORY_UPDATED, 1);
        assert_string_equal(go_on(r, AT(1)), "INFO instance updated successfully name=web-1\n");
        assert_string_equal(go_on(r, AT(1)), "");
    }
    for (size_t i = 0; i < 3; i++) { /* of which the history keeps one */
        passes(r, HISTORY_CAPTURED, 2);
        assert_string_equal(go_on(r, AT(2)), "INFO snapshot created successfully name=web-1\n");
    }
    assert_int_equal(count(r, LOG_APP, AT(12)), 13); /* its boot is a landmark */
}

static void what_happened_is_shown_though_the_clock_was_set_back(void **state)
{
    struct record *r = *state;

    boots(r, HISTORY_CREATED, 0);
    ends(r, HISTORY_STOPPED, 20, 0);
    assert_int_equal(count(r, LOG_HYPEMAN, AT(-100)), 2);
    assert_int_equal(count(r, LOG_VMM, AT(-100)), 1);
    assert_int_equal(count(r, LOG_APP, AT(-100)), 1);
    assert_int_equal(count(r, LOG_APP, AT(12)), 13 + 2);
}

static void sources_have_names(void **state) /* INST-LOG-010 */
{
    (void)state;
    for (enum log_source source = 0; source < LOG_SOURCE_COUNT; source++) {
        enum log_source parsed = LOG_SOURCE_COUNT;
        assert_true(log_source_parse(text_of(log_source_name(source)), &parsed));
        assert_int_equal(parsed, source);
    }
    enum log_source untouched = LOG_VMM;
    assert_false(log_source_parse(TEXT("App"), &untouched));
    assert_int_equal(untouched, LOG_VMM);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_boot_writes_the_phases_and_the_markers),
        TEST(what_an_instance_goes_without_is_not_logged),
        TEST(the_lines_of_a_boot_come_one_by_one_until_it_is_over),
        TEST(a_boot_of_any_length_ends_with_its_last_line),
        TEST(an_exit_writes_two_lines),
        TEST(a_guest_that_is_killed_writes_nothing),
        TEST(a_stop_cuts_the_boot_off),
        TEST(a_new_boot_begins_an_empty_log),
        TEST(a_resume_goes_on_with_the_log),
        TEST(a_log_of_the_machine_exists_once_it_ran),
        TEST(a_snapshot_in_its_place_takes_the_machines_logs_away),
        TEST(a_command_with_a_marker_in_it_is_hidden_too),
        TEST(a_long_command_is_cut_between_characters),
        TEST(the_hypervisor_says_that_it_started),
        TEST(the_server_writes_a_line_per_event),
        TEST(a_tail_counts_the_hidden_lines),
        TEST(a_reader_goes_on_where_it_left_off),
        TEST(a_reader_of_an_empty_log_sees_what_comes),
        TEST(a_reader_misses_nothing_of_a_history_that_forgets),
        TEST(what_happened_is_shown_though_the_clock_was_set_back),
        cmocka_unit_test(sources_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
