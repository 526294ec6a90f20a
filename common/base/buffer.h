/* Bytes that grow up to a stated ceiling. */
#ifndef TESTKIT_COMMON_BASE_BUFFER_H
#define TESTKIT_COMMON_BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/error.h"
#include "common/base/scope.h"
#include "common/base/text.h"

/* Open for reading; change it through the functions only. A failed append sets `failed` and
 * leaves the bytes as they were; appends after that do nothing, so a writer may check once at
 * its end. */
struct buffer {
    char *data;       /* owned; NULL while nothing was written  */
    size_t len;       /* bytes in use                           */
    size_t capacity;  /* bytes allocated                        */
    size_t max;       /* len never exceeds this                 */
    bool failed;      /* an append did not fit or found no room */
    bool out_of_room; /* ... because of `max`, not of memory    */
};

struct buffer buffer_capped(size_t max);
/* In the caller's memory of `size` bytes, 1 or more, of which all but one can be used: for what
 * must not allocate. It is never to be finished or taken. */
struct buffer buffer_over(char *room, size_t size);
void buffer_fini(struct buffer *b);
void buffer_scope_end(struct buffer *b);

/* Moves the bytes out; *b is empty and usable afterwards. */
struct buffer buffer_take(struct buffer *b);
/* Forgets the bytes and the failure, keeps the memory. */
void buffer_clear(struct buffer *b);
/* The same for a buffer that is used again and again: memory beyond `kept` bytes, which something
 * unusually large needed, is given back. */
void buffer_recycle(struct buffer *b, size_t kept);

/* Each returns !b->failed. */
bool buffer_append(struct buffer *b, const void *bytes, size_t len);
bool buffer_append_text(struct buffer *b, struct text t);
bool buffer_append_cstr(struct buffer *b, const char *s);
bool buffer_append_byte(struct buffer *b, uint8_t byte);
bool buffer_append_i64(struct buffer *b, int64_t value); /* decimal */
bool buffer_append_u64(struct buffer *b, uint64_t value);
bool buffer_appendf(struct buffer *b, const char *format, ...) PRINTF_LIKE(2, 3);

/* Room for `len` more bytes at b->data + b->len, for a caller that writes there itself and then
 * calls buffer_commit. NULL (and failed) when there is none. */
char *buffer_reserve(struct buffer *b, size_t len);
void buffer_commit(struct buffer *b, size_t len);

/* Opens a gap of `len` bytes at `at`, for a length prefix known only afterwards. */
bool buffer_insert(struct buffer *b, size_t at, const void *bytes, size_t len);

struct text buffer_text(const struct buffer *b); /* borrowed until the next change */

/* Reports why a buffer failed: RESOURCE_EXHAUSTED or NO_MEMORY. Always returns false. */
bool buffer_error(const struct buffer *b, struct error *err);

#endif
