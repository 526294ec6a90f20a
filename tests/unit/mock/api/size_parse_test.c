/* The size forms of instances.md 5.2, read and written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/env/env.h"
#include "mock/api/encode.h"
#include "mock/api/size_parse.h"
#include "mock/domain/size_text.h"

struct example {
    const char *text;
    int64_t value;
    const char *error; /* NULL: accepted */
};

typedef bool parser(struct text t, int64_t *out, struct error *err);

static void expect_each(parser *parse, const struct example *examples, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct error err = { 0 };
        int64_t value = -7;
        const bool ok = parse(text_of(examples[i].text), &value, &err);
        if (examples[i].error == NULL) {
            assert_true(ok);
            assert_int_equal(value, examples[i].value);
        } else {
            assert_false(ok);
            assert_string_equal(err.message, examples[i].error);
        }
    }
}

#define SYNTAX(s) "strconv.UnmarshalText: parsing \"" s "\": invalid syntax"
#define RANGE(s)  "strconv.UnmarshalText: parsing \"" s "\": value out of range"
#define BITS(s)                                                                                    \
    "strconv.UnmarshalText: parsing \"" s "\": unit with capital unit prefix and lower case unit " \
    "(b) - bits, not bytes "

static void sizes_are_read_with_units_of_1024(void **state)
{
    static const struct example examples[] = {
        { "1GB", 1073741824, NULL },
        { "1 GB", 1073741824, NULL }, /* SIZE-001 */
        { "1  \tGB", 1073741824, NULL },
        { "1gb", 1073741824, NULL },
        { "1G", 1073741824, NULL },
        { "1g", 1073741824, NULL },
        { "1GB ", 1073741824, NULL },
        { "2 kilobytes", 2048, NULL },
        { "512MB", 536870912, NULL },
        { "512mb", 536870912, NULL },
        { "512M", 536870912, NULL },
        { "3 bytes", 3, NULL },
        { "1024", 1024, NULL },
        { "0", 0, NULL },
        { "0GB", 0, NULL },
        { "", 0, NULL }, /* SIZE-005 */
        { "8EB", INT64_MIN, NULL },
        { "1.5GB", 0, SYNTAX("1.5GB") }, /* SIZE-001, SIZE-003 */
        { "-1GB", 0, SYNTAX("-1GB") },
        { " 1GB", 0, SYNTAX(" 1GB") },
        { "1GiB", 0, SYNTAX("1GiB") }, /* SIZE-003 */
        { "1KiB", 0, SYNTAX("1KiB") },
        { "1MiB", 0, SYNTAX("1MiB") },
        { "1Ki", 0, SYNTAX("1Ki") },
        { "+1GB", 0, SYNTAX("+1GB") },
        { "1XB", 0, SYNTAX("1XB") },
        { "GB", 0, SYNTAX("GB") },
        { "abc", 0, SYNTAX("abc") },
        { "1e3", 0, SYNTAX("1e3") },
        { "1Gb", 0, BITS("1Gb") },
        { "16EB", 0, RANGE("16EB") },
        { "18446744073709551616", 0, RANGE("18446744073709551616") },
    };
    (void)state;

    expect_each(size_parse, examples, ARRAY_LEN(examples));
}

/* A unit of 1 << shift bytes in every case, each letter's own, but not as "Kb" is written. */
static void expect_unit(const char *word, unsigned shift)
{
    const size_t len = strlen(word);

    for (unsigned upper = 0; upper < 1U << len; upper++) {
        char text[32] = "3";
        int64_t value = 0;
        struct error err = { 0 };
        for (size_t i = 0; i < len; i++)
            text[i + 1] = (char)(word[i] - ((upper >> i & 1) != 0 ? 'a' - 'A' : 0));
        const bool bits = len == 2 && upper == 1;
        assert_int_equal(size_parse(text_of(text), &value, &err), !bits);
        if (bits) { /* SIZE-004 */
            assert_non_null(strstr(err.message, "- bits, not bytes "));
        } else if (value != INT64_C(3) << shift) {
            fail_msg("%s is %lld", text, (long long)value);
        }
    }
}

static void every_unit_is_read_in_any_case(void **state) /* SIZE-002 */
{
    static const struct {
        const char *words[6]; /* ends with NULL or where it is full */
        unsigned shift;
    } units[] = {
        { { "b", "byte", "bytes" }, 0 },
        { { "k", "kb", "kilo", "kilobyte", "kilobytes" }, 10 },
        { { "m", "mb", "mega", "megabyte", "megabytes" }, 20 },
        { { "g", "gb", "giga", "gigabyte", "gigabytes" }, 30 },
        { { "t", "tb", "tera", "terabyte", "terabytes" }, 40 },
        { { "p", "pb", "peta", "petabyte", "petabytes" }, 50 },
        { { "e", "eb" }, 60 },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(units); i++) {
        for (const char *const *word = units[i].words; *word != NULL; word++)
            expect_unit(*word, units[i].shift);
    }
}

static void disk_rates_are_sizes_per_second(void **state)
{
    static const struct example examples[] = {
        { "100MB/s", 104857600, NULL },  { "100MBps", 104857600, NULL }, { "100", 100, NULL },
        { "100Mbps", 0, BITS("100Mb") }, { "1Gbps", 0, BITS("1Gb") },
    };
    (void)state;

    expect_each(size_parse_rate, examples, ARRAY_LEN(examples));
}

static void bandwidths_are_bits_or_bytes(void **state) /* SIZE-006 */
{
    static const struct example examples[] = {
        { "1Gbps", 125000000, NULL },
        { "1 Gbps", 125000000, NULL },
        { " 10Gbps ", 1250000000, NULL },
        { "100Mbps", 12500000, NULL },
        { "500kbps", 62500, NULL },
        { "125MB/s", 131072000, NULL },
        { "500MB/s", 524288000, NULL },
        { "1GBps", 125000000, NULL },
        { "125MBps", 15625000, NULL },
        { "1GB", 1073741824, NULL },
        { "1G", 1073741824, NULL },
        { "1.5Gbps", 0, "invalid number: 1.5" },
        { "1Tbps", 0, "invalid number: 1t" },
        { "Gbps", 0, "invalid number: " },
        { "99999999999999999999bps", 0, "invalid number: 99999999999999999999" },
        { "abc", 0, "parse as bytes: " SYNTAX("abc") },
    };
    (void)state;

    expect_each(size_parse_bandwidth, examples, ARRAY_LEN(examples));
}

static void expect_encoded(int64_t bytes, const char *text)
{
    SCOPED(buffer) struct buffer out = buffer_capped(256);
    struct json_writer w = json_writer_to(&out, JSON_ESCAPE_HTML);
    char expected[64];

    json_write_object_begin(&w);
    encode_size(&w, "size", bytes);
    json_write_object_end(&w);
    snprintf(expected, sizeof expected, "{\"size\":\"%s\"}", text);
    assert_true(text_equal_cstr(buffer_text(&out), expected));
}

/* SIZE-010, INST-J-010, INST-J-011 */
static void sizes_are_written_with_one_decimal_above_one_unit(void **state)
{
    static const struct {
        int64_t bytes;
        const char *text;
    } vectors[] = {
        { 0, "0 B" },
        { 1, "1 B" },
        { 1023, "1023 B" },
        { 1024, "1024 B" },
        { 1025, "1.0 KB" },
        { 1536, "1.5 KB" },
        { 62500, "61.0 KB" },
        { 12500000, "11.9 MB" },
        { 15625000, "14.9 MB" },
        { 31250000, "29.8 MB" },
        { 62500000, "59.6 MB" },
        { 104857600, "100.0 MB" },
        { 125000000, "119.2 MB" },
        { 131072000, "125.0 MB" },
        { 250000000, "238.4 MB" },
        { 500000000, "476.8 MB" },
        { 536870912, "512.0 MB" },
        { 1000000000, "953.7 MB" },
        { 1073741823, "1024.0 MB" },
        { 1073741824, "1024.0 MB" },
        { 1074790400, "1.0 GB" },
        { 1250000000, "1.2 GB" },
        { 1610612736, "1.5 GB" },
        { 2147483648, "2.0 GB" },
        { 10737418240, "10.0 GB" },
        { 107374182400, "100.0 GB" },
        { 1099511627776, "1024.0 GB" },
    };
    (void)state;

    for (size_t i = 0; i < ARRAY_LEN(vectors); i++) {
        assert_string_equal(size_text(vectors[i].bytes).text, vectors[i].text);
        expect_encoded(vectors[i].bytes, vectors[i].text);
    }
}

/* Messages print a size from a double, answers from whole numbers. */
static void answers_and_messages_write_the_same_sizes(void **state)
{
    struct rng_seeded stream;
    const struct rng rng = rng_from_seed(&stream, 1);
    (void)state;

    for (int i = 0; i < 100000; i++) {
        uint64_t bits;
        rng.fill(rng.ctx, &bits, sizeof bits);
        int64_t bytes = (int64_t)(bits >> 11 >> i % 52); /* what a double holds exactly */
        if (i % 3 == 0)                                  /* ties */
            bytes = bytes / 64 * 64;
        expect_encoded(bytes, size_text(bytes).text);
    }
    expect_encoded(-5, "0 B");
    expect_encoded(INT64_MAX, "8.0 EB");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_are_read_with_units_of_1024),
        cmocka_unit_test(every_unit_is_read_in_any_case),
        cmocka_unit_test(disk_rates_are_sizes_per_second),
        cmocka_unit_test(bandwidths_are_bits_or_bytes),
        cmocka_unit_test(sizes_are_written_with_one_decimal_above_one_unit),
        cmocka_unit_test(answers_and_messages_write_the_same_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
