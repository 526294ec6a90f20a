/* Path templates of google.api.http, which contain plain "/instances/{id}" ones.
 *
 *   Template = "/" Segments [ ":" Verb ]       Segments = Segment { "/" Segment }
 *   Segment  = "*" | "**" | LITERAL | Variable  Variable = "{" FieldPath [ "=" Segments ] "}"
 *
 * "**" must be the last segment and stands for one or more. A variable without "=" means "=*";
 * variables do not nest. A LITERAL is made of what a path may hold unescaped, [A-Za-z0-9-._~] and
 * !$&'()+,;=@, without ':' and '*', which mean something here; it is never "." or "..". Immutable
 * after parsing, so it may be shared between threads. */
#ifndef TESTKIT_COMMON_HTTP_PATH_TEMPLATE_H
#define TESTKIT_COMMON_HTTP_PATH_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/base/text.h"

enum { PATH_TEMPLATE_MAX_SEGMENTS = 32, PATH_TEMPLATE_MAX_VARIABLES = 8 };

struct path_template;

/* Parses `source` (copied). Owned: path_template_free().
 * Fails  INVALID_ARGUMENT  not of the grammar, a field path twice, or over the limits above;
 *                          the message says what was found where
 *        NO_MEMORY */
MUST_USE bool path_template_parse(struct text source, struct path_template **out,
                                  struct error *err);
void path_template_free(struct path_template *t);

struct text path_template_source(const struct path_template *t);
size_t path_template_variable_count(const struct path_template *t);
/* "snapshot_id" or "snapshot.id"; borrowed from the template. */
struct text path_template_variable(const struct path_template *t, size_t index);

/* True when both stand for the same paths and take the same variables in the same places: "{a}" and
 * "{a=*}" are equal. */
bool path_template_equal(const struct path_template *a, const struct path_template *b);

/* Appends the path with values[i] in place of variable i, escaped so that the far side decodes
 * exactly the same bytes (AIP-127: '/' stays only where the variable spans several segments).
 * Fails  INVALID_ARGUMENT  (field = the variable) empty value, a "." or ".." segment, or a value
 *                          the variable's own pattern does not match; *out is unchanged
 *        RESOURCE_EXHAUSTED, NO_MEMORY  from *out */
MUST_USE bool path_template_expand(const struct path_template *t, const struct text *values,
                                   struct buffer *out, struct error *err);

/* True when the raw path fits; captures[i] is then variable i's part, still percent-encoded and
 * borrowed from path. Literal segments compare byte for byte. An empty segment never matches. */
bool path_template_match(const struct path_template *t, struct text path, struct text *captures);

#endif
