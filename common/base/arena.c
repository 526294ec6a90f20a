#include "common/base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/checked.h"

enum {
    BLOCK_SIZE = 8 * 1024, /* one ordinary request fits in a block */
    BLOCK_MAX = 64 * 1024, /* blocks double up to this             */
    LARGE_SIZE = 4 * 1024, /* from here on: a block of its own     */
};

struct arena_block {
    struct arena_block *older;
    size_t size; /* of bytes */
    alignas(max_align_t) char bytes[];
};

struct arena arena_capped(size_t max)
{
    return (struct arena){ .max = max };
}

static void free_blocks(struct arena_block *block)
{
    while (block != NULL) {
        struct arena_block *older = block->older;
        free(block);
        block = older;
    }
}

void arena_fini(struct arena *a)
{
    free_blocks(a->blocks);
    *a = arena_capped(a->max);
}

void arena_scope_end(struct arena *a)
{
    arena_fini(a);
}

void arena_reset(struct arena *a)
{
    struct arena_block *kept = a->blocks;
    if (kept == NULL || kept->size > BLOCK_MAX) {
        arena_fini(a);
        return;
    }
    free_blocks(kept->older);
    kept->older = NULL;
    a->next = kept->bytes;
    a->left = kept->size;
    a->used = 0;
}

static struct arena_block *block_new(size_t size)
{
    size_t total;
    struct arena_block *block = size_add(sizeof *block, size, &total) ? malloc(total) : NULL;
    if (block != NULL)
        *block = (struct arena_block){ .size = size };
    return block;
}

/* A large piece does not end the block in use: it is linked behind it. */
static void *alloc_large(struct arena *a, size_t size)
{
    struct arena_block *block = block_new(size);
    if (block == NULL)
        return NULL;
    if (a->blocks == NULL) {
        a->blocks = block;
    } else {
        block->older = a->blocks->older;
        a->blocks->older = block;
    }
    a->used += size;
    return block->bytes;
}

static bool next_block(struct arena *a)
{
    size_t size = a->blocks == NULL ? BLOCK_SIZE : a->blocks->size * 2;
    if (size < BLOCK_SIZE || size > BLOCK_MAX)
        size = size < BLOCK_SIZE ? BLOCK_SIZE : BLOCK_MAX;
    struct arena_block *block = block_new(size);
    if (block == NULL)
        return false;
    block->older = a->blocks;
    a->blocks = block;
    a->next = block->bytes;
    a->left = size;
    return true;
}

static void *take(struct arena *a, size_t size, size_t alignment)
{
    size_t padding = -(uintptr_t)a->next & (alignment - 1);
    if (size > a->max || a->used > a->max - size)
        return NULL;
    if (size >= LARGE_SIZE)
        return alloc_large(a, size);
    if (a->left < padding || a->left - padding < size) {
        if (!next_block(a))
            return NULL;
        padding = 0; /* bytes[] is aligned for any type */
    }
    void *piece = a->next + padding;
    a->next += padding + size;
    a->left -= padding + size;
    a->used += size;
    return piece;
}

void *arena_alloc(struct arena *a, size_t size)
{
    return take(a, size == 0 ? 1 : size, alignof(max_align_t));
}

void *arena_zalloc(struct arena *a, size_t size)
{
    void *piece = arena_alloc(a, size);
    if (piece != NULL)
        memset(piece, 0, size);
    return piece;
}

char *arena_copy(struct arena *a, struct text t)
{
    size_t size;
    char *copy = size_add(t.len, 1, &size) ? take(a, size, 1) : NULL;
    if (copy == NULL)
        return NULL;
    if (t.len > 0)
        memcpy(copy, t.data, t.len);
    copy[t.len] = '\0';
    return copy;
}

char *arena_printf(struct arena *a, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    int len = vsnprintf(NULL, 0, format, values);
    va_end(values);
    char *piece = len < 0 ? NULL : take(a, (size_t)len + 1, 1);
    if (piece == NULL)
        return NULL;
    va_start(values, format);
    vsnprintf(piece, (size_t)len + 1, format, values);
    va_end(values);
    return piece;
}
