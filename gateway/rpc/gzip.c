#include "gateway/rpc/gzip.h"

#include <assert.h>
#include <limits.h>
#include <stdint.h>
#ifndef ZLIB_CONST
#define ZLIB_CONST
#endif
#include <zlib.h>

enum {
    WINDOW_BITS = 15,
    GZIP_WRAPPER = 16, /* added to the window bits: zlib's word for RFC 1952 */
    MEMORY_LEVEL = 8,
    PIECE = 16384, /* larger than most messages, which so are inflated once */
};

static int window_bits(enum gzip_format format)
{
    return format == GZIP_GZIP ? WINDOW_BITS + GZIP_WRAPPER : WINDOW_BITS;
}

static z_stream stream_of(struct text in)
{
    return (z_stream){ .next_in = (const Bytef *)in.data, .avail_in = (uInt)in.len };
}

/* ---- Inflating ----------------------------------------------------------------------------- */

/* Inflates to the end and throws away all but the last piece: how large it will be, and whether it
 * is whole, is known before any memory is spent on it. */
static bool measure(z_stream *z, char piece[static PIECE], size_t max_bytes, size_t *size,
                    struct error *err)
{
    for (*size = 0;;) {
        z->next_out = (Bytef *)piece;
        z->avail_out = PIECE;
        const int result = inflate(z, Z_NO_FLUSH);
        *size += PIECE - z->avail_out;
        if (*size > max_bytes)
            return error_set(err, ERROR_RESOURCE_EXHAUSTED,
                             "the message inflates to more than the %zu bytes allowed", max_bytes);
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
    }
}

/* Inflates what was measured, once more unless all of it is there. */
static bool inflate_measured(z_stream *z, struct text in, const char *piece, size_t size,
                             struct buffer *out, struct error *err)
{
    if (size <= PIECE)
        return buffer_append(out, piece, size) || buffer_error(out, err);
    char *to = buffer_reserve(out, size);
    if (to == NULL)
        return buffer_error(out, err);
    z->next_in = (const Bytef *)in.data;
    z->avail_in = (uInt)in.len;
    z->next_out = (Bytef *)to;
    z->avail_out = (uInt)size;
    if (inflateReset(z) != Z_OK || inflate(z, Z_FINISH) != Z_STREAM_END)
        return error_set(err, ERROR_INTERNAL, "the compressed message inflates but once");
    buffer_commit(out, size);
    return true;
}

bool gzip_inflate(struct text in, enum gzip_format format, size_t max_bytes, struct buffer *out,
                  struct error *err)
{
    assert(max_bytes < UINT_MAX);
    if (in.len == 0)
        return true;
    if (in.len > UINT_MAX)
        return error_set(err, ERROR_RESOURCE_EXHAUSTED, "the compressed message is too large");
    z_stream z = stream_of(in);
    if (inflateInit2(&z, window_bits(format)) != Z_OK)
        return error_set(err, ERROR_NO_MEMORY, "out of memory");
    char piece[PIECE];
    size_t size = 0;
    SCOPED(buffer) struct buffer bytes = buffer_capped(max_bytes);
    const bool ok = measure(&z, piece, max_bytes, &size, err) &&
                    inflate_measured(&z, in, piece, size, &bytes, err);
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
