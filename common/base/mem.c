#include "common/base/mem.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/checked.h"

static void *libc_resize(void *ctx, void *ptr, size_t size)
{
    (void)ctx;
    if (size == 0) {
        free(ptr);
        return NULL;
    }
    return realloc(ptr, size);
}

struct mem mem_libc(void)
{
    return (struct mem){ .resize = libc_resize, .ctx = NULL };
}

void *mem_alloc(const struct mem *mem, size_t size)
{
    return mem->resize(mem->ctx, NULL, size == 0 ? 1 : size); /* size 0 would mean: free */
}

void *mem_zalloc(const struct mem *mem, size_t size)
{
    void *ptr = mem_alloc(mem, size);
    if (ptr != NULL)
        memset(ptr, 0, size);
    return ptr;
}

void mem_free(const struct mem *mem, void *ptr)
{
    if (ptr != NULL)
        mem->resize(mem->ctx, ptr, 0);
}

void *mem_grow(const struct mem *mem, void *array, size_t *capacity, size_t item_size)
{
    enum { FIRST = 16 };
    size_t more = *capacity == 0 ? FIRST : *capacity;
    size_t longer;
    size_t bytes;
    if (!size_add(*capacity, more, &longer) || !size_mul(longer, item_size, &bytes))
        return NULL;
    void *grown = mem->resize(mem->ctx, array, bytes);
    if (grown != NULL)
        *capacity = longer;
    return grown;
}

char *mem_copy_text(const struct mem *mem, struct text t)
{
    size_t size;
    char *copy = size_add(t.len, 1, &size) ? mem_alloc(mem, size) : NULL;
    if (copy == NULL)
        return NULL;
    if (t.len > 0)
        memcpy(copy, t.data, t.len);
    copy[t.len] = '\0';
    return copy;
}
