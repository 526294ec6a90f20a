/* What the gateway's tests share: descriptor sets, and protoc as the second opinion on bytes. */
#ifndef TESTKIT_TESTS_UNIT_GATEWAY_FIXTURE_H
#define TESTKIT_TESTS_UNIT_GATEWAY_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/base/text.h"
#include "gateway/transcode/schema.h"
#include "tests/unit/gateway/api_set.h"

/* The text is exactly this string. */
#define assert_text(t, expected)                                                                   \
    do {                                                                                           \
        struct text text_ = (t);                                                                   \
        struct text expected_ = text_of(expected);                                                 \
        if (!text_equal(text_, expected_))                                                         \
            fail_msg("\"" TEXT_FMT "\" is not \"%s\"", TEXT_ARGS(text_), (expected));              \
    } while (0)

#define assert_error_code(err, expected)                                                           \
    do {                                                                                           \
        if ((err).code != (expected))                                                              \
            fail_msg("%s (%s) is not %s", error_code_name((err).code), (err).message,              \
                     error_code_name(expected));                                                   \
    } while (0)

/* cmocka group fixtures: *state is the schema. */
int given_hypeman(void **state);
int given_shapes(void **state);
int forget_schema(void **state);

/* Fails the test when there is no such thing. */
const struct method *method_named(const struct schema *schema, const char *full_name);
const struct message *message_named(const struct schema *schema, const char *full_name);

/* The wire bytes protoc makes of a message of hypeman.v1, shapes.v1 or depot.v1 in protobuf's text
 * form. */
struct buffer wire_of(const char *message, const char *text);
/* The other way; also fails the test when protoc does not accept the bytes. */
struct buffer text_of_wire(const char *message, struct text wire);
/* The descriptor set protoc makes of one file bad.proto, whose first lines (syntax, package bad.v1,
 * imports of annotations, transcoding options, well-known types and HttpBody) are supplied. */
struct buffer descriptors_of(const char *source);
/* A descriptor set given as text of google.protobuf.FileDescriptorSet. */
struct buffer descriptors_of_text(const char *text);

#endif
