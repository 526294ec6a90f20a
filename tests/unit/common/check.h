/* What every unit test of common/ needs: cmocka with its own includes, and texts in assertions. */
#ifndef TESTKIT_TESTS_UNIT_COMMON_CHECK_H
#define TESTKIT_TESTS_UNIT_COMMON_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/base/text.h"

/* The text is exactly this string. */
#define assert_text(t, expected)                                                                   \
    do {                                                                                           \
        struct text text_ = (t);                                                                   \
        struct text expected_ = text_of(expected);                                                 \
        if (!text_equal(text_, expected_))                                                         \
            fail_msg("\"" TEXT_FMT "\" is not \"%s\"", TEXT_ARGS(text_), (expected));              \
    } while (0)

#define assert_error(err, expected_code, expected_message)                                         \
    do {                                                                                           \
        assert_string_equal(error_code_name((err).code), error_code_name(expected_code));          \
        assert_string_equal((err).message, expected_message);                                      \
    } while (0)

#endif
