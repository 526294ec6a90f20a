/* The scan under every string read or written; private to this folder. */
#ifndef TESTKIT_COMMON_JSON_PLAIN_RUN_H
#define TESTKIT_COMMON_JSON_PLAIN_RUN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Length of the leading run of bytes that mean themselves in a JSON string: ASCII, no control
 * character, '"' or '\', and with html also none of < > &.
 *
 * Eight bytes at a time. In `found` the top bit of a byte is set where an ending byte stands;
 * subtracting borrows only from the byte above, so the lowest set bit is always right. */
static inline size_t json_plain_run(const char *s, size_t len, bool html)
{
    const uint64_t ones = UINT64_C(0x0101010101010101);
    const uint64_t tops = ones << 7;
#define HAS(byte) ((word ^ ones * (byte)) - ones)
    size_t i = 0;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    for (uint64_t word; len - i >= sizeof word; i += sizeof word) {
        memcpy(&word, s + i, sizeof word);
        uint64_t found = word | (word - ones * ' ') | HAS('"') | HAS('\\');
        if (html)
            found |= HAS('<') | HAS('>') | HAS('&');
        found &= tops;
        if (found != 0)
            return i + (size_t)__builtin_ctzll(found) / 8;
    }
#endif
#undef HAS
    for (; i < len; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c < ' ' || c >= 0x80 || c == '"' || c == '\\' ||
            (html && (c == '<' || c == '>' || c == '&')))
            break;
    }
    return i;
}

#endif
