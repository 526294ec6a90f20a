/* Text from outside: a pointer and a length, not NUL-terminated, never owned. */
#ifndef TESTKIT_COMMON_BASE_TEXT_H
#define TESTKIT_COMMON_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/scope.h"

struct text {
    const char *data; /* borrowed; may be NULL when len is 0 */
    size_t len;       /* bytes                               */
};

#define TEXT(literal) ((struct text){ (literal), sizeof(literal) - 1 })

/* For printf's "%.*s". Lengths above INT_MAX are cut. */
#define TEXT_FMT     "%.*s"
#define TEXT_ARGS(t) text_print_len(t), ((t).data == NULL ? "" : (t).data)

struct text text_of(const char *cstr); /* NULL gives the empty text */
int text_print_len(struct text t);

bool text_equal(struct text a, struct text b);
bool text_equal_cstr(struct text a, const char *b);
bool text_equal_nocase(struct text a, struct text b); /* ASCII letters only */
bool text_starts_with(struct text t, struct text prefix);
/* Byte order, as strcmp: <0, 0, >0. A prefix sorts before the longer text. */
int text_compare(struct text a, struct text b);

/* The part of *rest before `separator`; *rest becomes what follows it. At the last part *rest
 * becomes empty with data NULL. "a/b" -> "a", "b"; "" -> "". */
struct text text_split(struct text *rest, char separator);

/* Base 10, optional sign, digits only, whole text. False when malformed or out of range. */
MUST_USE bool text_parse_i64(struct text t, int64_t *out);
MUST_USE bool text_parse_u64(struct text t, uint64_t *out); /* no sign */

/* Strict UTF-8 (RFC 3629: no surrogates, no overlong forms, at most U+10FFFF). */
bool text_is_utf8(struct text t);
/* Length of the valid sequence at the start of t, 0 when there is none. */
size_t text_utf8_next(struct text t, uint32_t *code_point);
/* Number of code points; invalid bytes count one each. */
size_t text_count_chars(struct text t);
/* Largest n <= max that does not cut a UTF-8 sequence of t. */
size_t text_cut_len(struct text t, size_t max);

/* The candidate nearest to `word` by edit distance, NULL when none is near: "did you mean".
 * candidates  NULL-terminated. */
const char *text_nearest(const char *word, const char *const *candidates);

#endif
