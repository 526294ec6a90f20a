/* HTTP/2 written by hand, for what no client library would send. */
#ifndef TESTKIT_TESTS_SUPPORT_H2_FRAMES_H
#define TESTKIT_TESTS_SUPPORT_H2_FRAMES_H

#include <stdint.h>

#include "common/base/buffer.h"
#include "common/base/text.h"

enum h2_type { H2_DATA = 0, H2_HEADERS = 1, H2_RST_STREAM = 3, H2_SETTINGS = 4, H2_GOAWAY = 7 };
enum h2_flag { H2_END_STREAM = 1, H2_END_HEADERS = 4 };

/* A client's first words: the preface and SETTINGS with nothing in them. */
void h2_append_greeting(struct buffer *out);
enum { H2_PAYLOAD_MAX = 16384 };
/* The payload has at most H2_PAYLOAD_MAX bytes. */
void h2_append_frame(struct buffer *out, enum h2_type type, uint8_t flags, uint32_t stream,
                     struct text payload);
/* A header field of a HEADERS payload, uncompressed; name and value shorter than 127 bytes. */
void h2_append_field(struct buffer *out, const char *name, const char *value);

#endif
