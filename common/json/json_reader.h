/* Reads JSON (RFC 8259) token by token from memory, without building a tree.
 *
 * Strict: no comments, no trailing commas, no control characters in strings, numbers as the
 * grammar says. Bounded: nesting deeper than max_depth is refused. Allocation-free except for
 * strings with escapes, which are decoded into the caller's arena. Not thread-safe. */
#ifndef TESTKIT_COMMON_JSON_JSON_READER_H
#define TESTKIT_COMMON_JSON_JSON_READER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/arena.h"
#include "common/base/error.h"
#include "common/base/text.h"

enum { JSON_MAX_DEPTH = 64 };

enum json_token {
    JSON_TOKEN_OBJECT_BEGIN,
    JSON_TOKEN_OBJECT_END,
    JSON_TOKEN_ARRAY_BEGIN,
    JSON_TOKEN_ARRAY_END,
    JSON_TOKEN_KEY,    /* text = the decoded key; the ':' is consumed */
    JSON_TOKEN_STRING, /* text = the decoded string                   */
    JSON_TOKEN_NUMBER, /* text = the number as written                */
    JSON_TOKEN_TRUE,
    JSON_TOKEN_FALSE,
    JSON_TOKEN_NULL,
    JSON_TOKEN_END, /* the one value is complete */
};

struct json_reader {
    struct text input;   /* borrowed */
    struct arena *arena; /* borrowed; receives strings that had escapes */
    size_t at;           /* offset of the next byte                     */
    uint32_t depth;
    uint32_t max_depth;  /* at most JSON_MAX_DEPTH                      */
    bool allow_trailing; /* text after the first value is left unread   */
    uint8_t expect;      /* private */
    uint64_t in_object;  /* private: bit d set when level d is an object */
};

/* One value; only blanks may follow it. */
struct json_reader json_reader_from(struct text input, struct arena *arena);

/* The next token. `text` is borrowed from the input or lives in the arena.
 * Fails  INVALID_ARGUMENT   not JSON. The message is worded as Go's decoder words it, which the
 *                           real server shows to clients (VALID-034): unexpected EOF; EOF (only
 *                           blanks); invalid character 'x' looking for beginning of value; ...
 *        RESOURCE_EXHAUSTED nested deeper than max_depth
 *        NO_MEMORY
 * Invalid UTF-8 and lone surrogates inside strings become U+FFFD (VALID-039). */
MUST_USE bool json_next(struct json_reader *r, enum json_token *token, struct text *text,
                        struct error *err);

/* Skips the value whose first token was `token` (a scalar needs no more). */
MUST_USE bool json_skip(struct json_reader *r, enum json_token token, struct error *err);

/* True when an input is one JSON value within the depth limit; else err as json_next. */
MUST_USE bool json_check(struct text input, bool allow_trailing, struct error *err);

#endif
