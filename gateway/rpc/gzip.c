#include "gateway/rpc/gzip.h"

#include <limits.h>
#include <stdint.h>
#include <zlib.h>

enum {
    WINDOW_BITS = 15,
    GZIP_WRAPPER = 16, /* added to the window bits: zlib's word for RFC 1952 */
    MEMORY_LEVEL = 8,
    GZIP_SMALLEST = 20,  /* head, an empty block, check and size */
    DEFLATE_BEST = 1032, /* times smaller, at the very most */
    FIRST_ROOM = 4096,
};

static int window_bits(enum gzip_format format)
{
    return format == GZIP_GZIP ? WINDOW_BITS + GZIP_WRAPPER : WINDOW_BITS;
}

static z_stream stream_of(struct text in)
{
    return (z_stream){ .next_in = (z_const Bytef *)(uintptr_t)in.data, .avail_in = (uInt)in.len };
}

static bool too_large(size_t max_bytes, struct error *err)
{
    return error_set(err, ERROR_RESOURCE_EXHAUSTED,
                     "the message inflates to more than the %zu bytes allowed", max_bytes);
}

/* ---- Inflating ----------------------------------------------------------------------------- */

/* What a gzip says of its size, which is no promise. 0: nothing. */
static size_t announced_size(struct text in, enum gzip_format format)
{
    if (format != GZIP_GZIP || in.len < GZIP_SMALLEST)
        return 0;
    const uint8_t *end = (const uint8_t *)in.data + in.len;
    return (size_t)end[-4] | (size_t)end[-3] << 8 | (size_t)end[-2] << 16 | (size_t)end[-1] << 24;
}

/* Room for all of it when it said the truth, so that nothing is moved. */
static size_t first_room(struct text in, size_t announced, size_t max_bytes)
{
    size_t possible = in.len > max_bytes / DEFLATE_BEST ? max_bytes : in.len * DEFLATE_BEST;
    size_t room = announced > 0 ? announced : FIRST_ROOM;
    return (room < possible ? room : possible) + 1; /* the one by which it would be too large */
}

static bool inflate_all(z_stream *z, size_t room, size_t max_bytes, struct buffer *out,
                        struct error *err)
{
    for (;;) {
        char *to = buffer_reserve(out, room);
        if (to == NULL)
            return buffer_error(out, err);
        z->next_out = (Bytef *)to;
        z->avail_out = (uInt)room;
        int result = inflate(z, Z_NO_FLUSH);
        buffer_commit(out, room - z->avail_out);
        if (out->len > max_bytes)
            return too_large(max_bytes, err);
        if (result == Z_MEM_ERROR)
            return error_set(err, ERROR_NO_MEMORY, "out of memory");
        if (result == Z_STREAM_END && z->avail_in == 0)
            return true;
        if (result == Z_STREAM_END)
            return error_set(err, ERROR_INVALID_ARGUMENT,
                             "bytes follow the end of the compressed message");
        if (result != Z_OK && result != Z_BUF_ERROR)
            return error_set(err, ERROR_INVALID_ARGUMENT, "the compressed message is damaged: %s",
                             z->msg == NULL ? "it needs a dictionary" : z->msg);
        if (z->avail_out > 0)
            return error_set(err, ERROR_INVALID_ARGUMENT, "the compressed message is cut short");
        room = out->max - out->len < out->len ? out->max - out->len : out->len;
    }
}

bool gzip_inflate(struct text in, enum gzip_format format, size_t max_bytes, struct buffer *out,
                  struct error *err)
{
    if (in.len == 0)
        return true;
    size_t announced = announced_size(in, format);
    if (announced > max_bytes || in.len > UINT_MAX || max_bytes >= UINT_MAX)
        return too_large(max_bytes, err);
    z_stream z = stream_of(in);
    if (inflateInit2(&z, window_bits(format)) != Z_OK)
        return error_set(err, ERROR_NO_MEMORY, "out of memory");
    SCOPED(buffer) struct buffer bytes = buffer_capped(max_bytes + 1);
    bool ok = inflate_all(&z, first_room(in, announced, max_bytes), max_bytes, &bytes, err);
    (void)inflateEnd(&z);
    if (ok)
        *out = buffer_take(&bytes);
    return ok;
}

/* ---- Deflating ----------------------------------------------------------------------------- */

bool gzip_deflate(struct text in, struct buffer *out)
{
    const size_t worth = in.len - in.len / 8;
    if (in.len == 0 || in.len > UINT_MAX)
        return false;
    SCOPED(buffer) struct buffer bytes = buffer_capped(worth);
    char *to = buffer_reserve(&bytes, worth);
    z_stream z = stream_of(in);
    if (to == NULL || deflateInit2(&z, Z_BEST_SPEED, Z_DEFLATED, window_bits(GZIP_GZIP),
                                   MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK)
        return false;
    z.next_out = (Bytef *)to;
    z.avail_out = (uInt)worth;
    bool fits = deflate(&z, Z_FINISH) == Z_STREAM_END;
    buffer_commit(&bytes, worth - z.avail_out);
    (void)deflateEnd(&z);
    if (fits)
        *out = buffer_take(&bytes);
    return fits;
}
