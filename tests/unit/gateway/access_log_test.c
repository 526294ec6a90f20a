#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/env/env.h"
#include "gateway/rpc/access_log.h"

static const struct access_entry entry = {
    .method = TEXT("/a.B/C\n"),
    .code = RPC_NOT_FOUND,
    .http_status = 404,
    .duration_ns = 1500000,
    .upstream_ns = 1200499,
    .request_bytes = 12,
    .reply_bytes = 34,
    .trace_id = TEXT("4bf92f3577b34da6a3ce929d0e0e4736"),
    .peer = TEXT("ipv4:127.0.0.1:40000"),
};

/* What follows the time of the only line. */
static void expect_line(enum log_form form, const struct access_entry *logged,
                        const char *after_time)
{
    struct line_log log;
    line_log_init(&log, form, -1);
    access_log_add(&log, logged);
    assert_true(buffer_append_byte(&log.lines, '\0'));
    const char *found = strchr(log.lines.data, 'Z');
    assert_non_null(found);
    assert_string_equal(found + 1, after_time);
    line_log_fini(&log);
}

static void a_call_is_one_line_of_text_without_control_characters(void **state)
{
    (void)state;
    expect_line(LOG_FORM_TEXT, &entry,
                " /a.B/C? NOT_FOUND http=404 1.500ms upstream=1.200ms in=12 out=34 "
                "trace=4bf92f3577b34da6a3ce929d0e0e4736 peer=ipv4:127.0.0.1:40000\n");
}

static void a_call_is_one_json_object(void **state)
{
    (void)state;
    expect_line(LOG_FORM_JSON, &entry,
                "\",\"rpc\":\"/a.B/C\\n\",\"grpc_code\":\"NOT_FOUND\",\"http_status\":404,"
                "\"ms\":1.500,\"upstream_ms\":1.200,\"request_bytes\":12,\"reply_bytes\":34,"
                "\"trace_id\":\"4bf92f3577b34da6a3ce929d0e0e4736\","
                "\"peer\":\"ipv4:127.0.0.1:40000\"}\n");
}

static void a_call_outside_of_a_trace_has_no_trace_id(void **state)
{
    struct access_entry untraced = entry;
    (void)state;
    untraced.trace_id = (struct text){ NULL, 0 };
    expect_line(LOG_FORM_TEXT, &untraced,
                " /a.B/C? NOT_FOUND http=404 1.500ms upstream=1.200ms in=12 out=34 trace=- "
                "peer=ipv4:127.0.0.1:40000\n");
    expect_line(LOG_FORM_JSON, &untraced,
                "\",\"rpc\":\"/a.B/C\\n\",\"grpc_code\":\"NOT_FOUND\",\"http_status\":404,"
                "\"ms\":1.500,\"upstream_ms\":1.200,\"request_bytes\":12,\"reply_bytes\":34,"
                "\"peer\":\"ipv4:127.0.0.1:40000\"}\n");
}

/* Also in the milliseconds that end with zeros, of which twenty milliseconds have two at least. */
static void every_time_has_the_same_width(void **state)
{
    (void)state;
    const int64_t until_ns = monotonic_now_ns() + 20 * NS_PER_MS;
    while (monotonic_now_ns() < until_ns) {
        struct line_log log;
        line_log_init(&log, LOG_FORM_TEXT, -1);
        access_log_add(&log, &entry);
        assert_memory_equal(log.lines.data + strlen("2026-11-25T13:17:10"), ".", 1);
        assert_memory_equal(log.lines.data + strlen("2026-11-25T13:17:10.900"), "Z ", 2);
        line_log_fini(&log);
    }
}

static void the_messages_of_a_stream_are_counted(void **state)
{
    struct access_entry stream = entry;
    (void)state;
    stream.is_stream = true;
    stream.reply_messages = 7;
    expect_line(LOG_FORM_TEXT, &stream,
                " /a.B/C? NOT_FOUND http=404 1.500ms upstream=1.200ms in=12 out=34 messages=7 "
                "trace=4bf92f3577b34da6a3ce929d0e0e4736 peer=ipv4:127.0.0.1:40000\n");
    expect_line(LOG_FORM_JSON, &stream,
                "\",\"rpc\":\"/a.B/C\\n\",\"grpc_code\":\"NOT_FOUND\",\"http_status\":404,"
                "\"ms\":1.500,\"upstream_ms\":1.200,\"request_bytes\":12,\"reply_bytes\":34,"
                "\"reply_messages\":7,"
                "\"trace_id\":\"4bf92f3577b34da6a3ce929d0e0e4736\","
                "\"peer\":\"ipv4:127.0.0.1:40000\"}\n");
}

static void the_longest_line_is_not_dropped(void **state)
{
    const enum log_form forms[] = { LOG_FORM_TEXT, LOG_FORM_JSON };
    static char path[16 << 10];
    struct access_entry longest = entry;
    (void)state;
    memset(path, 1, sizeof path); /* six bytes each in JSON */
    longest.method = (struct text){ path, sizeof path };
    longest.peer = longest.method;
    longest.duration_ns = longest.upstream_ns = INT64_MAX;
    longest.request_bytes = longest.reply_bytes = longest.reply_messages = UINT64_MAX;
    longest.is_stream = true;
    for (size_t i = 0; i < ARRAY_LEN(forms); i++) {
        struct line_log log;
        line_log_init(&log, forms[i], -1);
        access_log_add(&log, &longest);
        assert_true(log.lines.len > 0);
        assert_int_equal(log.lost, 0);
        line_log_fini(&log);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_is_one_line_of_text_without_control_characters),
        cmocka_unit_test(a_call_is_one_json_object),
        cmocka_unit_test(a_call_outside_of_a_trace_has_no_trace_id),
        cmocka_unit_test(every_time_has_the_same_width),
        cmocka_unit_test(the_messages_of_a_stream_are_counted),
        cmocka_unit_test(the_longest_line_is_not_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
