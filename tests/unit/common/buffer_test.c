#include "tests/unit/common/check.h"

#include <string.h>

#include "tests/unit/common/alloc_fail.h"

static void bytes_are_appended_in_order(void **state)
{
    (void)state;
    SCOPED(buffer) struct buffer b = buffer_capped(1000);
    buffer_append_cstr(&b, "a");
    buffer_append_text(&b, TEXT("bc"));
    buffer_append_byte(&b, 'd');
    buffer_append_i64(&b, INT64_MIN);
    buffer_append_byte(&b, ' ');
    buffer_append_u64(&b, UINT64_MAX);
    buffer_appendf(&b, " %s=%d", "x", 7);
    assert_true(buffer_append(&b, NULL, 0));
    assert_text(buffer_text(&b), "abcd-9223372036854775808 18446744073709551615 x=7");
}

static void the_ceiling_is_reached_exactly_and_never_passed(void **state)
{
    (void)state;
    SCOPED(buffer) struct buffer b = buffer_capped(5);
    assert_true(buffer_append_cstr(&b, "12345"));
    assert_false(buffer_append_byte(&b, '6'));
    assert_true(b.failed && b.out_of_room);
    assert_text(buffer_text(&b), "12345");
    assert_false(buffer_append(&b, "", 0)); /* failed stays failed */

    struct error err = { 0 };
    assert_false(buffer_error(&b, &err));
    assert_int_equal(err.code, ERROR_RESOURCE_EXHAUSTED);

    buffer_clear(&b);
    assert_false(buffer_append_cstr(&b, "123456"));
    assert_int_equal(b.len, 0);
    buffer_clear(&b);
    assert_true(buffer_appendf(&b, "%d", 12345));
    assert_false(buffer_appendf(&b, "%d", 6));
    assert_text(buffer_text(&b), "12345");
}

static void a_recycled_buffer_keeps_only_so_much_memory(void **state)
{
    (void)state;
    enum { KEPT = 1024, LARGE = 100000 };
    SCOPED(buffer) struct buffer b = buffer_capped(LARGE);
    assert_true(buffer_append_cstr(&b, "small"));
    const char *memory = b.data;
    buffer_recycle(&b, KEPT);
    assert_int_equal(b.len, 0);
    assert_ptr_equal(b.data, memory);
    assert_non_null(buffer_reserve(&b, LARGE));
    buffer_recycle(&b, KEPT);
    assert_null(b.data);
    assert_int_equal(b.max, LARGE);
    assert_null(buffer_reserve(&b, LARGE + 1));
    buffer_recycle(&b, KEPT);
    assert_true(buffer_append_cstr(&b, "works again"));
}

static void a_size_that_would_overflow_is_refused(void **state)
{
    (void)state;
    SCOPED(buffer) struct buffer b = buffer_capped(SIZE_MAX);
    assert_true(buffer_append_byte(&b, 'x'));
    assert_null(buffer_reserve(&b, SIZE_MAX));
    assert_true(b.failed && b.out_of_room);
}

static void a_gap_can_be_filled_later(void **state)
{
    (void)state;
    SCOPED(buffer) struct buffer b = buffer_capped(100);
    buffer_append_cstr(&b, "headtail");
    assert_true(buffer_insert(&b, 4, "-neck-", 6));
    assert_text(buffer_text(&b), "head-neck-tail");
    assert_true(buffer_insert(&b, 0, "<", 1));
    assert_true(buffer_insert(&b, b.len, ">", 1));
    assert_text(buffer_text(&b), "<head-neck-tail>");
}

static void taking_leaves_an_empty_usable_buffer(void **state)
{
    (void)state;
    SCOPED(buffer) struct buffer b = buffer_capped(100);
    buffer_append_cstr(&b, "old");
    SCOPED(buffer) struct buffer taken = buffer_take(&b);
    buffer_append_cstr(&b, "new");
    assert_text(buffer_text(&taken), "old");
    assert_text(buffer_text(&b), "new");
}

static void formatted_text_longer_than_the_room_grows_the_buffer(void **state)
{
    (void)state;
    SCOPED(buffer) struct buffer b = buffer_capped(10000);
    char text[5000];
    memset(text, 'y', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_true(buffer_appendf(&b, "%s", text));
    assert_true(buffer_appendf(&b, "%s", text));
    assert_int_equal(b.len, 2 * (sizeof text - 1));
}

static void a_failed_allocation_leaves_the_bytes_as_they_were(void **state)
{
    (void)state;
    SCOPED(buffer) struct buffer b = buffer_capped(1 << 20);
    buffer_append_cstr(&b, "kept");
    char big[4096] = { 0 };
    alloc_fail_after(0);
    assert_false(buffer_append(&b, big, sizeof big));
    assert_true(alloc_fail_stop());
    assert_true(b.failed && !b.out_of_room);
    assert_text(buffer_text(&b), "kept");

    struct error err = { 0 };
    assert_false(buffer_error(&b, &err));
    assert_int_equal(err.code, ERROR_NO_MEMORY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_are_appended_in_order),
        cmocka_unit_test(the_ceiling_is_reached_exactly_and_never_passed),
        cmocka_unit_test(a_recycled_buffer_keeps_only_so_much_memory),
        cmocka_unit_test(a_size_that_would_overflow_is_refused),
        cmocka_unit_test(a_gap_can_be_filled_later),
        cmocka_unit_test(taking_leaves_an_empty_usable_buffer),
        cmocka_unit_test(formatted_text_longer_than_the_room_grows_the_buffer),
        cmocka_unit_test(a_failed_allocation_leaves_the_bytes_as_they_were),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
