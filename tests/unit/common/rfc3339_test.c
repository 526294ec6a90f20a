#include "tests/unit/common/check.h"

#include "common/json/rfc3339.h"

static void timestamps_are_read_with_offset_and_fraction(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t seconds;
        int32_t nanos;
    } rows[] = {
        { "1970-01-01T00:00:00Z", 0, 0 },
        { "1970-01-01t00:00:00z", 0, 0 },
        { "1969-12-31T23:59:59.5Z", -1, 500000000 },
        { "2026-08-20T10:30:00.123456789Z", INT64_C(1787221800), 123456789 },
        { "2026-08-20T05:30:00.123456789-05:00", INT64_C(1787221800), 123456789 },
        { "2026-08-20T16:15:00+05:45", INT64_C(1787221800), 0 },
        { "2026-08-20T10:30:00-00:00", INT64_C(1787221800), 0 },
        { "2026-08-20T10:30:00.000000001Z", INT64_C(1787221800), 1 },
        { "2026-08-20T10:30:00.1234567899999Z", INT64_C(1787221800), 123456789 },
        { "2000-02-29T00:00:00Z", INT64_C(951782400), 0 },
        { "0001-01-01T00:00:00Z", INT64_C(-62135596800), 0 },
        { "9999-12-31T23:59:59.999999999Z", INT64_C(253402300799), 999999999 },
        { "0000-12-31T23:30:00-00:30", INT64_C(-62135596800), 0 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct timestamp ts = { 0 };
        if (!rfc3339_parse(text_of(rows[i].text), &ts))
            fail_msg("%s", rows[i].text);
        assert_true(ts.seconds == rows[i].seconds);
        assert_int_equal(ts.nanos, rows[i].nanos);
    }
}

static void malformed_or_impossible_timestamps_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",
        "2026",
        "2026-08-20",
        "2026-08-20T10:30:00",
        "2026-08-20 10:30:00Z",
        "2026-8-20T10:30:00Z",
        "2026-08-20T10:30Z",
        "2026-08-20T10:30:00.Z",
        "2026-08-20T10:30:00,5Z",
        "2026-08-20T10:30:00Zx",
        " 2026-08-20T10:30:00Z",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "1900-02-29T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-08-20T24:00:00Z",
        "2026-08-20T10:60:00Z",
        "2026-08-20T10:30:60Z",
        "2026-08-20T10:30:00+24:00",
        "2026-08-20T10:30:00+05:60",
        "2026-08-20T10:30:00+0530",
        "2026-08-20T10:30:00+05",
        "2026-08-20T10:30:00*05:00",
        "+026-08-20T10:30:00Z",
        "0000-12-31T23:59:59Z",
        "0001-01-01T00:00:00+00:01",
        "9999-12-31T23:59:59-00:01",
        "10000-01-01T00:00:00Z",
    };
    for (size_t i = 0; i < ARRAY_LEN(texts); i++) {
        struct timestamp ts = { 7, 7 };
        if (rfc3339_parse(text_of(texts[i]), &ts))
            fail_msg("%s", texts[i]);
        assert_true(ts.seconds == 7 && ts.nanos == 7);
    }
}

static void timestamps_are_written_in_utc_with_a_trimmed_fraction(void **state)
{
    (void)state;
    static const struct {
        int64_t seconds;
        int32_t nanos;
        const char *text;
    } rows[] = {
        { 0, 0, "1970-01-01T00:00:00Z" },
        { -1, 500000000, "1969-12-31T23:59:59.5Z" },
        { INT64_C(1787221800), 123456789, "2026-08-20T10:30:00.123456789Z" },
        { INT64_C(1787221800), 120000000, "2026-08-20T10:30:00.12Z" },
        { INT64_C(1787221800), 1, "2026-08-20T10:30:00.000000001Z" },
        { INT64_C(951782400), 0, "2000-02-29T00:00:00Z" },
        { INT64_C(-62135596800), 0, "0001-01-01T00:00:00Z" },
        { INT64_C(253402300799), 999999999, "9999-12-31T23:59:59.999999999Z" },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        SCOPED(buffer) struct buffer b = buffer_capped(100);
        struct timestamp ts = { rows[i].seconds, rows[i].nanos };
        assert_true(rfc3339_append(&b, ts));
        assert_text(buffer_text(&b), rows[i].text);
    }
}

static void every_day_of_the_calendar_reads_back_as_written(void **state)
{
    (void)state;
    SCOPED(buffer) struct buffer b = buffer_capped(100);
    int64_t day = 86400;
    for (int64_t s = INT64_C(-62135596800); s <= INT64_C(253402300799); s += day) {
        struct timestamp ts = { 0 };
        buffer_clear(&b);
        rfc3339_append(&b, (struct timestamp){ s, 0 });
        if (!rfc3339_parse(buffer_text(&b), &ts) || ts.seconds != s)
            fail_msg("%lld", (long long)s);
    }
}

static void a_timestamp_out_of_range_fails_the_buffer(void **state)
{
    (void)state;
    static const struct timestamp rows[] = {
        { INT64_C(253402300800), 0 },
        { INT64_C(-62135596801), 0 },
        { INT64_MAX, 0 },
        { INT64_MIN, 0 },
        { 0, -1 },
        { 0, 1000000000 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        SCOPED(buffer) struct buffer b = buffer_capped(100);
        assert_false(timestamp_is_valid(rows[i]));
        assert_false(rfc3339_append(&b, rows[i]));
        assert_int_equal(b.len, 0);
    }
}

static void nanoseconds_before_1970_count_forward(void **state)
{
    (void)state;
    static const struct {
        int64_t ns;
        int64_t seconds;
        int32_t nanos;
    } rows[] = {
        { 0, 0, 0 },
        { 1, 0, 1 },
        { -1, -1, 999999999 },
        { -1000000000, -1, 0 },
        { INT64_MAX, INT64_C(9223372036), 854775807 },
        { INT64_MIN, INT64_C(-9223372037), 145224192 },
    };
    for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
        struct timestamp ts = timestamp_from_ns(rows[i].ns);
        assert_true(ts.seconds == rows[i].seconds);
        assert_int_equal(ts.nanos, rows[i].nanos);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timestamps_are_read_with_offset_and_fraction),
        cmocka_unit_test(malformed_or_impossible_timestamps_are_refused),
        cmocka_unit_test(timestamps_are_written_in_utc_with_a_trimmed_fraction),
        cmocka_unit_test(every_day_of_the_calendar_reads_back_as_written),
        cmocka_unit_test(a_timestamp_out_of_range_fails_the_buffer),
        cmocka_unit_test(nanoseconds_before_1970_count_forward),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
