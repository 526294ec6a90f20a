#include "tests/unit/common/check.h"

#include "common/base/mem.h"

static void *no_memory(void *ctx, void *ptr, size_t size)
{
    (void)ctx;
    (void)ptr;
    (void)size;
    return NULL;
}

static void the_libc_memory_allocates_copies_and_frees(void **state)
{
    (void)state;
    struct mem mem = mem_libc();
    unsigned char *zero = mem_zalloc(&mem, 100);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(zero[i], 0);
    mem_free(&mem, zero);
    mem_free(&mem, NULL);

    char *copy = mem_copy_text(&mem, (struct text){ "hello", 4 });
    assert_string_equal(copy, "hell");
    mem_free(&mem, copy);
    char *empty = mem_copy_text(&mem, text_of(NULL));
    assert_string_equal(empty, "");
    mem_free(&mem, empty);

    void *nothing = mem_alloc(&mem, 0);
    assert_non_null(nothing);
    mem_free(&mem, nothing);
}

static void a_memory_that_fails_gives_null(void **state)
{
    (void)state;
    struct mem mem = { .resize = no_memory };
    assert_null(mem_alloc(&mem, 1));
    assert_null(mem_zalloc(&mem, 1));
    assert_null(mem_copy_text(&mem, TEXT("x")));
}

static void an_array_grows_and_keeps_its_items(void **state)
{
    (void)state;
    struct mem mem = mem_libc();
    int *items = NULL;
    size_t capacity = 0;
    for (int i = 0; i < 1000; i++) {
        if ((size_t)i == capacity)
            items = mem_grow(&mem, items, &capacity, sizeof *items);
        assert_non_null(items);
        assert_true((size_t)i < capacity);
        items[i] = i;
    }
    for (int i = 0; i < 1000; i++)
        assert_int_equal(items[i], i);
    assert_true(capacity < 4000);

    const size_t before = capacity;
    mem.resize = no_memory;
    assert_null(mem_grow(&mem, items, &capacity, sizeof *items));
    assert_null(mem_grow(&mem, items, &capacity, SIZE_MAX / 2)); /* more than there is */
    assert_int_equal(capacity, before);
    mem = mem_libc();
    mem_free(&mem, items);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_libc_memory_allocates_copies_and_frees),
        cmocka_unit_test(a_memory_that_fails_gives_null),
        cmocka_unit_test(an_array_grows_and_keeps_its_items),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
