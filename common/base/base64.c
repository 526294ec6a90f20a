#include "common/base/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

bool base64_encode(struct buffer *out, struct text bytes)
{
    for (size_t i = 0; i < bytes.len; i += 3) {
        size_t left = bytes.len - i;
        uint32_t group = (uint32_t)(uint8_t)bytes.data[i] << 16;
        if (left > 1)
            group |= (uint32_t)(uint8_t)bytes.data[i + 1] << 8;
        if (left > 2)
            group |= (uint8_t)bytes.data[i + 2];
        char text[4] = { alphabet[group >> 18], alphabet[group >> 12 & 63],
                         left > 1 ? alphabet[group >> 6 & 63] : '=',
                         left > 2 ? alphabet[group & 63] : '=' };
        if (!buffer_append(out, text, sizeof text))
            return false;
    }
    return !out->failed;
}

static int digit_of(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+' || c == '-')
        return 62;
    return c == '/' || c == '_' ? 63 : -1;
}

bool base64_decode(struct buffer *out, struct text t)
{
    if (t.len % 4 != 0 && t.data[t.len - 1] == '=')
        return false; /* padding completes a group of four or has no place */
    for (int i = 0; i < 2 && t.len > 0 && t.data[t.len - 1] == '='; i++)
        t.len--;
    if (t.len % 4 == 1)
        return false;
    uint32_t group = 0;
    for (size_t i = 0; i < t.len; i++) {
        int digit = digit_of(t.data[i]);
        if (digit < 0)
            return false;
        group = group << 6 | (uint32_t)digit;
        if (i % 4 > 0 && !buffer_append_byte(out, (uint8_t)(group >> (6 - 2 * (i % 4)))))
            return false;
    }
    return true;
}
