#include "tests/unit/common/check.h"

#include <stdalign.h>
#include <string.h>

#include "common/base/arena.h"
#include "tests/unit/common/alloc_fail.h"

static void pieces_are_aligned_separate_and_keep_their_bytes(void **state)
{
    (void)state;
    SCOPED(arena) struct arena a = arena_capped(1 << 20);
    enum { PIECES = 300 };
    unsigned char *pieces[PIECES];
    for (size_t i = 0; i < PIECES; i++) {
        pieces[i] = arena_alloc(&a, i * 7);
        assert_non_null(pieces[i]);
        assert_int_equal((uintptr_t)pieces[i] % alignof(max_align_t), 0);
        memset(pieces[i], (int)(i & 0xFF), i * 7);
        assert_non_null(arena_copy(&a, TEXT("odd"))); /* texts in between are not aligned */
    }
    for (size_t i = 0; i < PIECES; i++)
        for (size_t k = 0; k < i * 7; k++)
            assert_int_equal(pieces[i][k], i & 0xFF);
}

static void the_ceiling_counts_what_was_handed_out(void **state)
{
    (void)state;
    SCOPED(arena) struct arena a = arena_capped(100);
    assert_non_null(arena_alloc(&a, 60));
    assert_null(arena_alloc(&a, 41));
    assert_non_null(arena_alloc(&a, 40));
    assert_null(arena_alloc(&a, 1));
    assert_null(arena_alloc(&a, SIZE_MAX));
    assert_int_equal(a.used, 100);
}

static void copies_and_formatted_text_end_in_nul(void **state)
{
    (void)state;
    SCOPED(arena) struct arena a = arena_capped(1000);
    assert_string_equal(arena_copy(&a, (struct text){ "abcd", 2 }), "ab");
    assert_string_equal(arena_copy(&a, text_of(NULL)), "");
    assert_string_equal(arena_printf(&a, "%s-%d", "x", 5), "x-5");
    unsigned char *zero = arena_zalloc(&a, 64);
    for (size_t i = 0; i < 64; i++)
        assert_int_equal(zero[i], 0);
}

static void a_reset_arena_starts_again_with_one_block(void **state)
{
    (void)state;
    SCOPED(arena) struct arena a = arena_capped(1 << 20);
    for (int i = 0; i < 100; i++)
        assert_non_null(arena_alloc(&a, 1000));
    arena_reset(&a);
    assert_int_equal(a.used, 0);
    alloc_fail_after(0);
    assert_non_null(arena_alloc(&a, 1000)); /* no new block needed */
    assert_false(alloc_fail_stop());

    arena_fini(&a);
    assert_non_null(arena_alloc(&a, 500000)); /* one large block is not kept */
    arena_reset(&a);
    assert_null(a.blocks);
    arena_reset(&a);
}

static void a_large_piece_does_not_waste_the_block_in_use(void **state)
{
    (void)state;
    SCOPED(arena) struct arena a = arena_capped(1 << 20);
    char *first = arena_copy(&a, TEXT("a"));
    assert_non_null(arena_alloc(&a, 100000));
    assert_ptr_equal(arena_copy(&a, TEXT("b")), first + 2);
}

static void a_failed_allocation_gives_null_and_the_arena_stays_usable(void **state)
{
    (void)state;
    static const size_t sizes[] = { 1, 5000 };
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        SCOPED(arena) struct arena a = arena_capped(1 << 20);
        alloc_fail_after(0);
        assert_null(arena_alloc(&a, sizes[i]));
        assert_true(alloc_fail_stop());
        assert_int_equal(a.used, 0);
        assert_non_null(arena_alloc(&a, sizes[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_aligned_separate_and_keep_their_bytes),
        cmocka_unit_test(the_ceiling_counts_what_was_handed_out),
        cmocka_unit_test(copies_and_formatted_text_end_in_nul),
        cmocka_unit_test(a_reset_arena_starts_again_with_one_block),
        cmocka_unit_test(a_large_piece_does_not_waste_the_block_in_use),
        cmocka_unit_test(a_failed_allocation_gives_null_and_the_arena_stays_usable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
