#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "mock/state/diff.h"
#include "tests/unit/mock/domain/world_fixture.h"

#define WEB              "aaaaaaaaaaaaaaaaaaaaaaa1"
#define OLD              "aaaaaaaaaaaaaaaaaaaaaaa2"
#define CONFIG(id, name) "{\"id\":\"" id "\",\"name\":\"" name "\",\"hypervisor\":\"qemu\"}"
#define DOCUMENT(sections)                                                                         \
    "{\"format\":\"hypeman-mock-state/1\",\"world\":{\"revision\":1}" sections "}"

static void assert_diff(const char *before, const char *after, const char *lines)
{
    struct buffer out = buffer_capped(SIZE_MAX);
    struct error err = { 0 };
    assert_done(state_diff(text_of(before), text_of(after), &out, &err), &err);
    buffer_append_byte(&out, 0);
    assert_string_equal(out.data, lines);
    buffer_fini(&out);
}

static void each_difference_is_a_line_with_the_path_to_it(void **state)
{
    static const struct {
        const char *before, *after, *lines;
    } rows[] = {
        { DOCUMENT(""), DOCUMENT(""), "" },
        { DOCUMENT(""), "{\"format\":\"hypeman-mock-state/1\",\"world\":{\"macs_given\":2}}",
          "- world.revision: 1\n"
          "+ world.macs_given: 2\n" },
        { DOCUMENT(",\"configs\":[" CONFIG(WEB, "web") "],\"instances\":[{\"config\":1,\"state\":"
                                                       "\"Running\"}]"),
          DOCUMENT(",\"configs\":[" CONFIG(WEB, "web") "],\"instances\":[{\"config\":1,\"state\":"
                                                       "\"Standby\"}]"),
          "~ instances." WEB " (web).state: \"Running\" -> \"Standby\"\n" },
        { DOCUMENT(",\"images\":[{\"reference\":\"a:b\",\"condition\":\"missing\"}]"), DOCUMENT(""),
          "- images.a:b: {\"reference\":\"a:b\",\"condition\":\"missing\"}\n" },
        { DOCUMENT(",\"schedules\":[]"),
          DOCUMENT(",\"schedules\":[{\"instance_id\":\"" WEB "\",\"interval\":\"1h\"}]"),
          "+ schedules." WEB ": {\"instance_id\":\"" WEB "\",\"interval\":\"1h\"}\n" },
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_LEN(rows); i++)
        assert_diff(rows[i].before, rows[i].after, rows[i].lines);
}

/* The second has another instance in front, so every number is another. */
static void what_moved_within_the_document_is_no_difference(void **state)
{
    (void)state;
    assert_diff(
        DOCUMENT(",\"configs\":[" CONFIG(
            WEB, "web") "],"
                        "\"events\":[{\"kind\":\"created\"},{\"before\":1,\"kind\":\"stopped\"}],"
                        "\"instances\":[{\"config\":1,\"history\":1,\"state\":\"Running\"}],"
                        "\"captures\":[{\"config\":1,\"history\":2,\"state\":\"Stopped\"}],"
                        "\"snapshots\":[{\"id\":\"" OLD "\",\"source\":2,\"kind\":\"Stopped\"}]"),
        DOCUMENT(",\"configs\":[" CONFIG(OLD, "old") "," CONFIG(
            WEB, "web") "],"
                        "\"events\":[{\"kind\":\"forked\"},{\"kind\":\"created\"},"
                        "{\"before\":2,\"kind\":\"stopped\"}],"
                        "\"instances\":[{\"config\":1,\"history\":1,\"state\":\"Running\"},"
                        "{\"config\":2,\"history\":3,\"state\":\"Running\"}],"
                        "\"captures\":[{\"config\":2,\"history\":3,\"state\":\"Stopped\"}],"
                        "\"snapshots\":[{\"id\":\"" OLD "\",\"source\":3,\"kind\":\"Stopped\"}]"),
        "+ instances." WEB " (web).history[1]: {\"kind\":\"stopped\"}\n"
        "+ instances." OLD " (old): {\"config\":" CONFIG(
            OLD, "old") ",\"history\":["
                        "{\"kind\":\"forked\"}],\"state\":\"Running\"}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_difference_is_a_line_with_the_path_to_it),
        cmocka_unit_test(what_moved_within_the_document_is_no_difference),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
