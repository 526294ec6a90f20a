#include "tests/support/h2_frames.h"

#include <assert.h>
#include <string.h>

static void append(struct buffer *out, const void *bytes, size_t len)
{
    const bool appended = buffer_append(out, bytes, len);
    assert(appended);
    (void)appended;
}

void h2_append_greeting(struct buffer *out)
{
    static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    append(out, preface, sizeof preface - 1);
    h2_append_frame(out, H2_SETTINGS, 0, 0, TEXT(""));
}

void h2_append_frame(struct buffer *out, enum h2_type type, uint8_t flags, uint32_t stream,
                     struct text payload)
{
    const uint8_t head[] = { 0,
                             (uint8_t)(payload.len >> 8),
                             (uint8_t)payload.len,
                             (uint8_t)type,
                             flags,
                             (uint8_t)(stream >> 24),
                             (uint8_t)(stream >> 16),
                             (uint8_t)(stream >> 8),
                             (uint8_t)stream };
    assert(payload.len <= H2_PAYLOAD_MAX);
    append(out, head, sizeof head);
    append(out, payload.data, payload.len);
}

void h2_append_field(struct buffer *out, const char *name, const char *value)
{
    enum { LITERAL_NOT_INDEXED = 0, LONGEST = 126 };
    const struct text both[] = { text_of(name), text_of(value) };
    append(out, &(uint8_t){ LITERAL_NOT_INDEXED }, 1);
    for (size_t i = 0; i < 2; i++) {
        assert(both[i].len <= LONGEST);
        append(out, &(uint8_t){ (uint8_t)both[i].len }, 1);
        append(out, both[i].data, both[i].len);
    }
}
