/* gzip: inflates within its limit or says why not; what it deflates comes back. The first byte
 * picks the format and the limit. */
#include "fuzz/fuzz.h"
#include "gateway/rpc/gzip.h"

enum { ROUND_TRIP_MAX = 1 << 20 };

static void check_inflate(struct text in, enum gzip_format format, size_t max_bytes)
{
    SCOPED(buffer) struct buffer out = buffer_capped(0);
    struct error err = { 0 };
    if (gzip_inflate(in, format, max_bytes, &out, &err))
        ALWAYS(out.len <= max_bytes && err.code == ERROR_NONE);
    else
        ALWAYS(out.data == NULL && err.message[0] != '\0' && text_is_utf8(text_of(err.message)));
}

static void check_round_trip(struct text plain)
{
    SCOPED(buffer) struct buffer packed = buffer_capped(0);
    SCOPED(buffer) struct buffer out = buffer_capped(0);
    struct error err = { 0 };
    if (!gzip_deflate(plain, &packed))
        return;
    ALWAYS(packed.len < plain.len);
    ALWAYS(gzip_inflate(buffer_text(&packed), GZIP_GZIP, ROUND_TRIP_MAX, &out, &err));
    ALWAYS(text_equal(buffer_text(&out), plain));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t limits[] = { 1, 16, 4096, 65536 };
    if (size == 0 || size > ROUND_TRIP_MAX)
        return 0;
    struct text in = { (const char *)data + 1, size - 1 };
    check_inflate(in, (data[0] & 1) != 0 ? GZIP_GZIP : GZIP_DEFLATE, limits[data[0] >> 1 & 3]);
    check_round_trip(in);
    return 0;
}
