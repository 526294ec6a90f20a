#include "common/base/buffer.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/checked.h"

enum { FIRST_CAPACITY = 256 };

struct buffer buffer_capped(size_t max)
{
    return (struct buffer){ .max = max };
}

struct buffer buffer_over(char *room, size_t size)
{
    return (struct buffer){ .data = room, .capacity = size - 1, .max = size - 1 };
}

void buffer_fini(struct buffer *b)
{
    free(b->data);
    *b = buffer_capped(b->max);
}

void buffer_scope_end(struct buffer *b)
{
    buffer_fini(b);
}

struct buffer buffer_take(struct buffer *b)
{
    struct buffer taken = *b;
    *b = buffer_capped(b->max);
    return taken;
}

void buffer_clear(struct buffer *b)
{
    b->len = 0;
    b->failed = false;
    b->out_of_room = false;
}

void buffer_recycle(struct buffer *b, size_t kept)
{
    if (b->capacity > kept)
        buffer_fini(b);
    buffer_clear(b);
}

bool buffer_error(const struct buffer *b, struct error *err)
{
    assert(b->failed);
    return b->out_of_room ? error_set(err, ERROR_RESOURCE_EXHAUSTED,
                                      "larger than the limit of %zu bytes", b->max)
                          : error_set(err, ERROR_NO_MEMORY, "out of memory");
}

static bool fail(struct buffer *b, bool out_of_room)
{
    b->failed = true;
    b->out_of_room = out_of_room;
    return false;
}

static bool grow(struct buffer *b, size_t needed)
{
    size_t capacity = b->capacity < FIRST_CAPACITY / 2 ? FIRST_CAPACITY : b->capacity;
    if (b->capacity > 0 && !size_mul(b->capacity, 2, &capacity))
        capacity = b->max;
    if (capacity < needed)
        capacity = needed;
    if (capacity > b->max)
        capacity = b->max;
    /* One byte more than is counted: vsnprintf always writes its NUL. */
    size_t allocated;
    char *data = size_add(capacity, 1, &allocated) ? realloc(b->data, allocated) : NULL;
    if (data == NULL)
        return fail(b, false);
    b->data = data;
    b->capacity = capacity;
    return true;
}

char *buffer_reserve(struct buffer *b, size_t len)
{
    if (b->failed)
        return NULL;
    if (len > b->max - b->len) {
        fail(b, true);
        return NULL;
    }
    if ((b->data == NULL || len > b->capacity - b->len) && !grow(b, b->len + len))
        return NULL;
    return b->data + b->len;
}

void buffer_commit(struct buffer *b, size_t len)
{
    assert(len <= b->capacity - b->len);
    b->len += len;
}

bool buffer_append(struct buffer *b, const void *bytes, size_t len)
{
    char *room = buffer_reserve(b, len);
    if (room == NULL)
        return false;
    if (len > 0)
        memcpy(room, bytes, len);
    b->len += len;
    return true;
}

bool buffer_append_text(struct buffer *b, struct text t)
{
    return buffer_append(b, t.data, t.len);
}

bool buffer_append_cstr(struct buffer *b, const char *s)
{
    return buffer_append(b, s, strlen(s));
}

bool buffer_append_byte(struct buffer *b, uint8_t byte)
{
    char *room = buffer_reserve(b, 1);
    if (room == NULL)
        return false;
    *room = (char)byte;
    b->len++;
    return true;
}

static bool append_decimal(struct buffer *b, uint64_t magnitude, bool negative)
{
    char digits[20 + 1];
    char *at = digits + sizeof digits;
    do {
        *--at = (char)('0' + magnitude % 10);
        magnitude /= 10;
    } while (magnitude > 0);
    if (negative)
        *--at = '-';
    return buffer_append(b, at, (size_t)(digits + sizeof digits - at));
}

bool buffer_append_i64(struct buffer *b, int64_t value)
{
    return append_decimal(b, value < 0 ? -(uint64_t)value : (uint64_t)value, value < 0);
}

bool buffer_append_u64(struct buffer *b, uint64_t value)
{
    return append_decimal(b, value, false);
}

bool buffer_appendf(struct buffer *b, const char *format, ...)
{
    char *room = buffer_reserve(b, 0);
    if (room == NULL)
        return false;
    size_t free_bytes = b->capacity - b->len;
    va_list values;
    va_start(values, format);
    int len = vsnprintf(room, free_bytes + 1, format, values);
    va_end(values);
    if (len < 0)
        return fail(b, false);
    if ((size_t)len > free_bytes) {
        room = buffer_reserve(b, (size_t)len);
        if (room == NULL)
            return false;
        va_start(values, format);
        vsnprintf(room, (size_t)len + 1, format, values);
        va_end(values);
    }
    b->len += (size_t)len;
    return true;
}

bool buffer_insert(struct buffer *b, size_t at, const void *bytes, size_t len)
{
    assert(at <= b->len);
    if (buffer_reserve(b, len) == NULL)
        return false;
    if (len > 0) {
        memmove(b->data + at + len, b->data + at, b->len - at);
        memcpy(b->data + at, bytes, len);
    }
    b->len += len;
    return true;
}

struct text buffer_text(const struct buffer *b)
{
    return (struct text){ b->data, b->len };
}
