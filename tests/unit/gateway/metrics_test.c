#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/env/env.h"
#include "gateway/metrics/metrics.h"
#include "gateway/metrics/process_stats.h"
#include "tests/unit/common/alloc_fail.h"

enum { UNARY_ROW = 1, STREAM_ROW, ODD_ROW };

static const struct metrics_method methods[] = {
    { .path = TEXT("/a.v1.Things/Get") },
    { .path = TEXT("/a.v1.Things/Follow"), .server_streams = true },
    { .path = TEXT("/odd\"\\/na\nme"), .client_streams = true, .server_streams = true },
};

#define UNARY  "{grpc_type=\"unary\",grpc_service=\"a.v1.Things\",grpc_method=\"Get\""
#define STREAM "{grpc_type=\"server_stream\",grpc_service=\"a.v1.Things\",grpc_method=\"Follow\""
#define NOBODY "{grpc_type=\"unary\",grpc_service=\"unknown\",grpc_method=\"unknown\""

struct scene {
    struct metrics *metrics;
    struct metrics_worker *first;
    struct metrics_worker *second;
    struct buffer page; /* the last one that was asked for */
};

static int given_two_workers(void **state)
{
    struct scene *scene = calloc(1, sizeof *scene);
    struct error err = { 0 };
    assert_non_null(scene);
    assert_true(metrics_new(2, &scene->metrics, &err));
    for (size_t i = 0; i < ARRAY_LEN(methods); i++) {
        size_t row = 0;
        assert_true(metrics_row(scene->metrics, &methods[i], &row, &err));
        assert_int_equal(row, 1 + i);
    }
    scene->first = metrics_worker(scene->metrics, 0);
    scene->second = metrics_worker(scene->metrics, 1);
    scene->page = buffer_capped(1 << 20);
    *state = scene;
    return 0;
}

static int end(void **state)
{
    struct scene *scene = *state;
    metrics_free(scene->metrics);
    buffer_fini(&scene->page);
    free(scene);
    return 0;
}

static const char *page(struct scene *scene)
{
    buffer_clear(&scene->page);
    metrics_write(scene->metrics, &scene->page);
    assert_true(buffer_append_byte(&scene->page, '\0'));
    return scene->page.data;
}

/* The page has this line. */
static void assert_line(struct scene *scene, const char *line)
{
    const size_t len = strlen(line);
    const char *text = page(scene);
    for (const char *at = strstr(text, line); at != NULL; at = strstr(at + 1, line))
        if ((at == text || at[-1] == '\n') && at[len] == '\n')
            return;
    fail_msg("no line %s in:\n%s", line, text);
}

static void what_two_workers_count_is_added_up(void **state)
{
    struct scene *scene = *state;
    metrics_call_started(scene->first, UNARY_ROW);
    metrics_call_started(scene->second, UNARY_ROW);
    metrics_call_started(scene->second, STREAM_ROW);
    metrics_message_received(scene->first, UNARY_ROW, 10);
    metrics_message_received(scene->second, UNARY_ROW, 5);
    metrics_message_sent(scene->second, STREAM_ROW, 7);
    metrics_message_sent(scene->second, STREAM_ROW, 8);
    metrics_call_ended(scene->first, UNARY_ROW, RPC_OK, 1);
    metrics_call_ended(scene->second, UNARY_ROW, RPC_NOT_FOUND, 1);

    assert_line(scene, "grpc_server_started_total" UNARY "} 2");
    assert_line(scene, "grpc_server_started_total" STREAM "} 1");
    assert_line(scene, "grpc_server_started_total" NOBODY "} 0");
    assert_line(scene, "grpc_server_msg_received_total" UNARY "} 2");
    assert_line(scene, "grpc_server_msg_received_bytes_total" UNARY "} 15");
    assert_line(scene, "grpc_server_msg_sent_total" STREAM "} 2");
    assert_line(scene, "grpc_server_msg_sent_bytes_total" STREAM "} 15");
    assert_line(scene, "grpc_server_handled_total" UNARY ",grpc_code=\"OK\"} 1");
    assert_line(scene, "grpc_server_handled_total" UNARY ",grpc_code=\"NotFound\"} 1");
    assert_line(scene, "grpc_server_handled_total" STREAM ",grpc_code=\"OK\"} 0");
    assert_line(scene, "grpc_server_in_flight 1");
}

static void every_code_has_a_label_of_its_own(void **state)
{
    struct scene *scene = *state;
    const char *labels[] = {
        "OK",       "Canceled",       "Unknown",          "InvalidArgument",   "DeadlineExceeded",
        "NotFound", "AlreadyExists",  "PermissionDenied", "ResourceExhausted", "FailedPrecondition",
        "Aborted",  "OutOfRange",     "Unimplemented",    "Internal",          "Unavailable",
        "DataLoss", "Unauthenticated"
    };
    assert_int_equal(ARRAY_LEN(labels), RPC_CODE_COUNT);
    for (int code = 0; code < RPC_CODE_COUNT; code++)
        for (int times = 0; times <= code; times++)
            metrics_call_ended(scene->first, METRICS_UNKNOWN_METHOD, (enum rpc_code)code, 0);
    for (int code = 0; code < RPC_CODE_COUNT; code++) {
        char line[256];
        (void)snprintf(line, sizeof line,
                       "grpc_server_handled_total" NOBODY ",grpc_code=\"%s\"} %d", labels[code],
                       code + 1);
        assert_line(scene, line);
    }
}

static void a_code_that_never_occurred_has_no_series(void **state)
{
    assert_null(strstr(page(*state), "NotFound"));
}

static void a_histogram_counts_up_to_each_bound(void **state)
{
    struct scene *scene = *state;
    const int64_t durations_ns[] = { -1,
                                     0,
                                     500000,
                                     500001,
                                     1 * NS_PER_MS,
                                     60 * NS_PER_SEC,
                                     60 * NS_PER_SEC + 1,
                                     INT64_C(3600) * NS_PER_SEC };
    for (size_t i = 0; i < ARRAY_LEN(durations_ns); i++)
        metrics_call_ended(scene->first, UNARY_ROW, RPC_OK, durations_ns[i]);
    assert_line(scene, "grpc_server_handling_seconds_bucket" UNARY ",le=\"0.0005\"} 3");
    assert_line(scene, "grpc_server_handling_seconds_bucket" UNARY ",le=\"0.001\"} 5");
    assert_line(scene, "grpc_server_handling_seconds_bucket" UNARY ",le=\"30\"} 5");
    assert_line(scene, "grpc_server_handling_seconds_bucket" UNARY ",le=\"60\"} 6");
    assert_line(scene, "grpc_server_handling_seconds_bucket" UNARY ",le=\"+Inf\"} 8");
    assert_line(scene, "grpc_server_handling_seconds_count" UNARY "} 8");
    assert_line(scene, "grpc_server_handling_seconds_sum" UNARY "} 3720.002000002");
}

static void an_exchange_is_counted_by_outcome_status_and_time(void **state)
{
    struct scene *scene = *state;
    const struct upstream_exchange exchanges[] = {
        { .outcome = UPSTREAM_ANSWERED, .status = 200, .duration_ns = NS_PER_MS },
        { .outcome = UPSTREAM_ANSWERED, .status = 299 },
        { .outcome = UPSTREAM_ANSWERED, .status = 404 },
        { .outcome = UPSTREAM_ANSWERED, .status = 503 },
        { .outcome = UPSTREAM_ANSWERED, .status = 999 },
        { .outcome = UPSTREAM_LOST, .status = 200 },
        { .outcome = UPSTREAM_FAILED },
    };
    for (size_t i = 0; i < ARRAY_LEN(exchanges); i++)
        metrics_upstream_done(scene->first, &exchanges[i]);
    metrics_unknown_members(scene->second, 3);
    metrics_call_refused(scene->second);
    assert_line(scene, "hypeman_gateway_upstream_requests_total{outcome=\"answered\"} 5");
    assert_line(scene, "hypeman_gateway_upstream_requests_total{outcome=\"lost\"} 1");
    assert_line(scene, "hypeman_gateway_upstream_requests_total{outcome=\"failed\"} 1");
    assert_line(scene, "hypeman_gateway_upstream_requests_total{outcome=\"timed_out\"} 0");
    assert_line(scene, "hypeman_gateway_upstream_answers_total{class=\"2xx\"} 2");
    assert_line(scene, "hypeman_gateway_upstream_answers_total{class=\"4xx\"} 1");
    assert_line(scene, "hypeman_gateway_upstream_answers_total{class=\"5xx\"} 1");
    assert_line(scene, "hypeman_gateway_upstream_answers_total{class=\"other\"} 1");
    assert_line(scene, "hypeman_gateway_upstream_seconds_bucket{le=\"0.0005\"} 6");
    assert_line(scene, "hypeman_gateway_upstream_seconds_bucket{le=\"0.001\"} 7");
    assert_line(scene, "hypeman_gateway_upstream_seconds_sum 0.001000000");
    assert_line(scene, "hypeman_gateway_upstream_seconds_count 7");
    assert_line(scene, "hypeman_gateway_unknown_json_fields_total 3");
    assert_line(scene, "hypeman_gateway_calls_refused_total 1");
}

static void a_method_that_comes_back_goes_on_counting(void **state)
{
    struct scene *scene = *state;
    struct error err = { 0 };
    size_t row = 0;
    metrics_call_started(scene->first, UNARY_ROW);
    assert_true(metrics_row(scene->metrics, &methods[UNARY_ROW - 1], &row, &err));
    assert_int_equal(row, UNARY_ROW);
    metrics_call_started(scene->second, row);
    assert_line(scene, "grpc_server_started_total" UNARY "} 2");

    /* One that streams now is another to those who read its type. */
    struct metrics_method streams = methods[UNARY_ROW - 1];
    streams.server_streams = true;
    assert_true(metrics_row(scene->metrics, &streams, &row, &err));
    assert_int_equal(row, 1 + ARRAY_LEN(methods));
}

static void methods_without_a_row_of_their_own_count_as_unknown(void **state)
{
    struct scene *scene = *state;
    struct error err = { 0 };
    char path[32];
    size_t row = 0;
    for (size_t i = 1 + ARRAY_LEN(methods); i <= METRICS_MAX_ROWS; i++) {
        (void)snprintf(path, sizeof path, "/many.v1.Things/M%zu", i);
        assert_true(metrics_row(scene->metrics, &(struct metrics_method){ .path = text_of(path) },
                                &row, &err));
        assert_int_equal(row, i < METRICS_MAX_ROWS ? i : METRICS_UNKNOWN_METHOD);
        metrics_call_started(scene->second, row);
    }
}

static void what_a_label_cannot_hold_is_escaped(void **state)
{
    struct scene *scene = *state;
    metrics_call_started(scene->first, ODD_ROW);
    assert_line(scene, "grpc_server_started_total{grpc_type=\"bidi_stream\",grpc_service="
                       "\"odd\\\"\\\\\",grpc_method=\"na me\"} 1");
}

static void every_value_stands_below_its_help_and_type(void **state)
{
    struct scene *scene = *state;
    const struct {
        double value;
        const char *shown;
    } cases[] = { { 0, "0" }, { 3, "3" }, { 0.5, "0.5" }, { 1795582970.25, "1795582970.25" } };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char expected[128];
        buffer_clear(&scene->page);
        metrics_write_value(&scene->page, "a_name", METRICS_GAUGE, "Some help.", cases[i].value);
        (void)snprintf(expected, sizeof expected,
                       "# HELP a_name Some help.\n# TYPE a_name gauge\na_name %s\n",
                       cases[i].shown);
        assert_true(text_equal_cstr(buffer_text(&scene->page), expected));
    }
}

static void the_process_is_told_under_the_usual_names(void **state)
{
    struct scene *scene = *state;
    const char *names[] = { "process_cpu_seconds_total",
                            "process_virtual_memory_bytes",
                            "process_resident_memory_bytes",
                            "process_start_time_seconds",
                            "process_open_fds",
                            "process_max_fds" };
    buffer_clear(&scene->page);
    process_stats_write(&scene->page);
    assert_true(buffer_append_byte(&scene->page, '\0'));
    for (size_t i = 0; i < ARRAY_LEN(names); i++) {
        char line[80];
        (void)snprintf(line, sizeof line, "\n%s ", names[i]);
        if (strstr(scene->page.data, line) == NULL)
            fail_msg("no %s in:\n%s", names[i], scene->page.data);
    }
    assert_null(strstr(scene->page.data, "process_resident_memory_bytes 0\n"));
}

static bool make_all(struct metrics **metrics, struct error *err)
{
    size_t row = 0;
    bool ok = metrics_new(2, metrics, err);
    for (size_t i = 0; ok && i < ARRAY_LEN(methods); i++)
        ok = metrics_row(*metrics, &methods[i], &row, err);
    if (!ok)
        metrics_free(TAKE(*metrics));
    return ok;
}

static void a_failed_allocation_leaves_nothing_behind(void **state)
{
    (void)state;
    for (size_t n = 0;; n++) {
        struct metrics *metrics = NULL;
        struct error err = { 0 };
        assert_true(n < 100);
        alloc_fail_after(n);
        const bool ok = make_all(&metrics, &err);
        const bool failed = alloc_fail_stop() != 0;
        if (ok) {
            metrics_free(metrics);
            assert_false(failed);
            assert_true(n > 3);
            return;
        }
        assert_true(failed);
        assert_null(metrics);
        assert_int_equal(err.code, ERROR_NO_MEMORY);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, given_two_workers, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_two_workers_count_is_added_up),
        TEST(every_code_has_a_label_of_its_own),
        TEST(a_code_that_never_occurred_has_no_series),
        TEST(a_histogram_counts_up_to_each_bound),
        TEST(an_exchange_is_counted_by_outcome_status_and_time),
        TEST(a_method_that_comes_back_goes_on_counting),
        TEST(methods_without_a_row_of_their_own_count_as_unknown),
        TEST(what_a_label_cannot_hold_is_escaped),
        TEST(every_value_stands_below_its_help_and_type),
        TEST(the_process_is_told_under_the_usual_names),
        cmocka_unit_test(a_failed_allocation_leaves_nothing_behind),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
