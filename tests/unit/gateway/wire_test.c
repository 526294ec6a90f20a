#include "tests/unit/gateway/fixture.h"

#include <string.h>

#include "gateway/transcode/wire.h"

#define BYTES(literal) ((struct text){ (literal), sizeof(literal) - 1 })

/* Reads all records; how many there were, -1 when refused. */
static int count_records(struct text bytes, struct error *err)
{
    struct wire_reader reader = wire_reader_from(bytes);
    for (int count = 0;; count++) {
        struct wire_record record = { 0 };
        bool more = false;
        if (!wire_next(&reader, &record, &more, err))
            return -1;
        if (!more)
            return count;
    }
}

static void assert_refused(struct text bytes, const char *reason)
{
    struct error err = { 0 };
    if (count_records(bytes, &err) != -1)
        fail_msg("was not refused: %s", reason);
    assert_error_code(err, ERROR_INVALID_ARGUMENT);
    if (strstr(err.message, reason) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", err.message, reason);
}

static void assert_accepted(struct text bytes, int records)
{
    struct error err = { 0 };
    int count = count_records(bytes, &err);
    if (count != records)
        fail_msg("%d records instead of %d: %s", count, records, err.message);
}

static const uint64_t varints[] = { 0,
                                    1,
                                    127,
                                    128,
                                    16383,
                                    16384,
                                    UINT32_MAX,
                                    UINT64_C(1) << 32,
                                    INT64_MAX,
                                    UINT64_C(1) << 63,
                                    UINT64_MAX - 1,
                                    UINT64_MAX };

static void a_varint_reads_back_as_written_at_both_ends_of_every_length(void **state)
{
    (void)state;
    for (size_t i = 0; i < 64 + ARRAY_LEN(varints); i++) {
        const uint64_t edge = i < 64 ? UINT64_C(1) << i : varints[i - 64];
        for (int nudge = -1; nudge <= 1; nudge++) {
            const uint64_t value = edge + (uint64_t)(int64_t)nudge;
            SCOPED(buffer) struct buffer b = buffer_capped(16);
            uint64_t back = 0;
            assert_true(wire_write_varint(&b, value));
            assert_in_range(b.len, 1, 10);
            struct wire_reader r = wire_reader_from(buffer_text(&b));
            assert_true(wire_read_varint(&r, &back));
            assert_true(back == value);
            assert_ptr_equal(r.at, r.end);
        }
    }
}

static void a_varint_that_is_cut_off_is_refused_and_nothing_is_read(void **state)
{
    (void)state;
    SCOPED(buffer) struct buffer b = buffer_capped(16);
    assert_true(wire_write_varint(&b, UINT64_MAX));
    for (size_t len = 0; len < b.len; len++) {
        uint64_t back = 0;
        struct wire_reader r = wire_reader_from((struct text){ b.data, len });
        const uint8_t *start = r.at;
        assert_false(wire_read_varint(&r, &back));
        assert_ptr_equal(r.at, start);
    }
}

static void a_varint_of_more_than_64_bits_is_refused(void **state)
{
    (void)state;
    uint64_t back = 0;
    struct wire_reader eleven =
        wire_reader_from(BYTES("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"));
    assert_false(wire_read_varint(&eleven, &back));
    struct wire_reader too_large =
        wire_reader_from(BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"));
    assert_false(wire_read_varint(&too_large, &back));
    struct wire_reader largest =
        wire_reader_from(BYTES("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"));
    assert_true(wire_read_varint(&largest, &back));
    assert_true(back == UINT64_MAX);
    /* Longer than needed but no larger: legal, some encoders reserve room that way. */
    struct wire_reader padded = wire_reader_from(BYTES("\x81\x80\x80\x80\x80\x80\x80\x80\x80\x00"));
    assert_true(wire_read_varint(&padded, &back));
    assert_int_equal(back, 1);
}

static void fixed_numbers_are_little_endian(void **state)
{
    (void)state;
    uint64_t wide = 0;
    uint32_t narrow = 0;
    struct wire_reader r = wire_reader_from(BYTES("\1\2\3\4\5\6\7\x88\1\2\3\x84"));
    assert_true(wire_read_fixed64(&r, &wide));
    assert_true(wide == UINT64_C(0x8807060504030201));
    assert_true(wire_read_fixed32(&r, &narrow));
    assert_true(narrow == 0x84030201u);

    SCOPED(buffer) struct buffer b = buffer_capped(16);
    assert_true(wire_write_fixed64(&b, wide) && wire_write_fixed32(&b, narrow));
    assert_memory_equal(b.data, "\1\2\3\4\5\6\7\x88\1\2\3\x84", 12);
}

static void zigzag_maps_small_magnitudes_to_small_numbers_and_back(void **state)
{
    (void)state;
    static const int64_t values[] = { 0, -1, 1, -2, INT32_MAX, INT32_MIN, INT64_MAX, INT64_MIN };
    assert_int_equal(wire_zigzag(0), 0);
    assert_int_equal(wire_zigzag(-1), 1);
    assert_int_equal(wire_zigzag(1), 2);
    for (size_t i = 0; i < ARRAY_LEN(values); i++)
        assert_true(wire_unzigzag(wire_zigzag(values[i])) == values[i]);
}

/* One record of each type; 1: 150, 2: fixed64, 3: "abc", 4: fixed32. */
#define FOUR_RECORDS                                                                               \
    "\x08\x96\x01\x11\1\2\3\4\5\6\7\x08\x1a\x03"                                                   \
    "abc\x25\1\2\3\4"

static void records_of_every_type_come_out_in_order(void **state)
{
    (void)state;
    struct wire_reader r = wire_reader_from(BYTES(FOUR_RECORDS));
    struct error err = { 0 };
    bool more = false;
    struct wire_record record = { 0 };
    assert_true(wire_next(&r, &record, &more, &err) && more);
    assert_int_equal(record.number, 1);
    assert_int_equal(record.type, WIRE_VARINT);
    assert_int_equal(record.value, 150);
    assert_true(wire_next(&r, &record, &more, &err) && more);
    assert_int_equal(record.type, WIRE_64BIT);
    assert_true(record.value == UINT64_C(0x0807060504030201));
    assert_true(wire_next(&r, &record, &more, &err) && more);
    assert_int_equal(record.type, WIRE_BYTES);
    assert_text(record.bytes, "abc");
    assert_true(wire_next(&r, &record, &more, &err) && more);
    assert_int_equal(record.type, WIRE_32BIT);
    assert_int_equal(record.value, 0x04030201);
    assert_true(wire_next(&r, &record, &more, &err));
    assert_false(more);
}

static void a_message_cut_off_at_any_byte_is_refused_or_ends_between_records(void **state)
{
    (void)state;
    static const struct text whole = { FOUR_RECORDS, sizeof FOUR_RECORDS - 1 };
    static const size_t boundaries[] = { 0, 3, 12, 17, 22 };
    for (size_t len = 0; len <= whole.len; len++) {
        struct error err = { 0 };
        int records = -1;
        for (size_t i = 0; i < ARRAY_LEN(boundaries); i++)
            if (boundaries[i] == len)
                records = (int)i;
        assert_int_equal(count_records((struct text){ whole.data, len }, &err), records);
        if (records < 0)
            assert_error_code(err, ERROR_INVALID_ARGUMENT);
    }
}

static void an_empty_message_has_no_records(void **state)
{
    (void)state;
    assert_accepted((struct text){ NULL, 0 }, 0);
    assert_accepted(TEXT(""), 0);
}

static void field_numbers_are_from_1_to_2_to_the_29_minus_1(void **state)
{
    (void)state;
    assert_refused(BYTES("\x00\x01"), "impossible field number");
    assert_accepted(BYTES("\xf8\xff\xff\xff\x0f\x01"), 1);                        /* 2^29 - 1 */
    assert_refused(BYTES("\x80\x80\x80\x80\x10\x01"), "impossible field number"); /* 2^29 */
    assert_refused(BYTES("\xf8\xff\xff\xff\xff\xff\xff\xff\xff\x01\x01"),
                   "impossible field number");
    assert_refused(BYTES("\x80"), "cut off inside a field tag");
}

static void wire_types_6_and_7_do_not_exist(void **state)
{
    (void)state;
    assert_refused(BYTES("\x0e\x01"), "unknown wire type 6");
    assert_refused(BYTES("\x0f\x01"), "unknown wire type 7");
}

static void a_length_beyond_the_end_is_refused_however_large(void **state)
{
    (void)state;
    assert_refused(BYTES("\x0a\x04"
                         "abc"),
                   "field number 1");
    assert_refused(BYTES("\x0a\xff\xff\xff\xff\x0f"
                         "abc"),
                   "cut off");
    assert_refused(BYTES("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\x7f"
                         "abc"),
                   "cut off");
    assert_refused(BYTES("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"
                         "abc"),
                   "cut off");
    assert_refused(BYTES("\x0a"), "cut off");
}

/* ---- groups ------------------------------------------------------------------------------- */

/* `depth` groups of field 1 inside each other, with field 2 after them. */
static struct buffer groups(size_t depth)
{
    struct buffer b = buffer_capped(1 << 20);
    for (size_t i = 0; i < depth; i++)
        wire_write_tag(&b, 1, WIRE_GROUP_BEGIN);
    for (size_t i = 0; i < depth; i++)
        wire_write_tag(&b, 1, WIRE_GROUP_END);
    wire_write_tag(&b, 2, WIRE_VARINT);
    wire_write_varint(&b, 7);
    assert_false(b.failed);
    return b;
}

static void groups_are_skipped_with_what_is_in_them(void **state)
{
    (void)state;
    struct wire_reader r = wire_reader_from(BYTES("\x0b\x08\x01\x12\x01x\x1d\1\2\3\4\x0c\x10\x05"));
    struct error err = { 0 };
    struct wire_record record = { 0 };
    bool more = false;
    assert_true(wire_next(&r, &record, &more, &err) && more);
    assert_int_equal(record.number, 2);
    assert_int_equal(record.value, 5);
    assert_accepted(BYTES("\x0b\x0c"), 0);
}

static void groups_nest_64_deep_and_no_deeper(void **state)
{
    (void)state;
    SCOPED(buffer) struct buffer fits = groups(WIRE_MAX_DEPTH);
    assert_accepted(buffer_text(&fits), 1);
    SCOPED(buffer) struct buffer deeper = groups(WIRE_MAX_DEPTH + 1);
    assert_refused(buffer_text(&deeper), "nested deeper than 64");
    SCOPED(buffer) struct buffer absurd = groups(10000);
    assert_refused(buffer_text(&absurd), "nested deeper than 64");
}

static void a_group_must_end_as_it_began(void **state)
{
    (void)state;
    assert_refused(BYTES("\x0b"), "cut off");
    assert_refused(BYTES("\x0b\x08"), "cut off");
    assert_refused(BYTES("\x0b\x14"), "ends a group it never began");
    assert_refused(BYTES("\x0c"), "ends a group it never began");
    assert_refused(BYTES("\x0b\x13\x0c"), "ends a group it never began");
    assert_refused(BYTES("\x0b\x0e\x0c"), "unknown wire type 6");
}

/* ---- writing ------------------------------------------------------------------------------ */

static void a_length_written_afterwards_is_exact_whatever_its_size(void **state)
{
    (void)state;
    static const size_t sizes[] = { 0, 1, 127, 128, 129, 16383, 16384, 2097151, 2097152 };
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        SCOPED(buffer) struct buffer b = buffer_capped(4 << 20);
        wire_write_tag(&b, 3, WIRE_BYTES);
        size_t mark = wire_begin_length(&b);
        for (size_t k = 0; k < sizes[i]; k++)
            buffer_append_byte(&b, (uint8_t)('a' + k % 26));
        assert_true(wire_end_length(&b, mark));

        struct wire_reader r = wire_reader_from(buffer_text(&b));
        struct wire_record record = { 0 };
        struct error err = { 0 };
        bool more = false;
        assert_true(wire_next(&r, &record, &more, &err) && more);
        assert_int_equal(record.bytes.len, sizes[i]);
        for (size_t k = 0; k < sizes[i]; k++)
            assert_true(record.bytes.data[k] == (char)('a' + k % 26));
        assert_ptr_equal(r.at, r.end);
    }
}

static void a_length_that_no_longer_fits_fails_the_buffer(void **state)
{
    (void)state;
    SCOPED(buffer) struct buffer b = buffer_capped(1 + 128);
    size_t mark = wire_begin_length(&b);
    for (int i = 0; i < 128; i++)
        buffer_append_byte(&b, 'x');
    assert_false(b.failed);
    assert_false(wire_end_length(&b, mark));
    assert_true(b.failed && b.out_of_room);

    SCOPED(buffer) struct buffer none = buffer_capped(0);
    mark = wire_begin_length(&none);
    assert_false(wire_end_length(&none, mark));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_varint_reads_back_as_written_at_both_ends_of_every_length),
        cmocka_unit_test(a_varint_that_is_cut_off_is_refused_and_nothing_is_read),
        cmocka_unit_test(a_varint_of_more_than_64_bits_is_refused),
        cmocka_unit_test(fixed_numbers_are_little_endian),
        cmocka_unit_test(zigzag_maps_small_magnitudes_to_small_numbers_and_back),
        cmocka_unit_test(records_of_every_type_come_out_in_order),
        cmocka_unit_test(a_message_cut_off_at_any_byte_is_refused_or_ends_between_records),
        cmocka_unit_test(an_empty_message_has_no_records),
        cmocka_unit_test(field_numbers_are_from_1_to_2_to_the_29_minus_1),
        cmocka_unit_test(wire_types_6_and_7_do_not_exist),
        cmocka_unit_test(a_length_beyond_the_end_is_refused_however_large),
        cmocka_unit_test(groups_are_skipped_with_what_is_in_them),
        cmocka_unit_test(groups_nest_64_deep_and_no_deeper),
        cmocka_unit_test(a_group_must_end_as_it_began),
        cmocka_unit_test(a_length_written_afterwards_is_exact_whatever_its_size),
        cmocka_unit_test(a_length_that_no_longer_fits_fails_the_buffer),
    };
    return cmocka_run_group_tests_name("gateway/transcode/wire", tests, NULL, NULL);
}
