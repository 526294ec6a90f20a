/* Strict typed access to JSON documents (files, control requests) as jansson trees.
 *
 * Values are reached through a struct json_at, which remembers how it got there, so every error
 * names the whole path: "cases[3].expect.status must be an integer, not a string". Getters never
 * convert. A member that is null counts as absent. Text may hold NUL bytes.
 * Not thread-safe beyond what jansson is: one tree, one thread. */
#ifndef TESTKIT_COMMON_JSON_JSON_DOCUMENT_H
#define TESTKIT_COMMON_JSON_JSON_DOCUMENT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/buffer.h"
#include "common/base/error.h"
#include "common/base/text.h"

/* Builds the tree with our own reader, as jansson's parser cannot read what the API accepts
 * (VALID-038 to VALID-040): the last of repeated keys wins, broken UTF-8 and lone surrogates become
 * U+FFFD, \u0000 is kept. A number written without point or exponent that fits 64 bits is an
 * integer; every other number (1.0, 1e0, 2^64) is a real, clamped to the range of double.
 * allow_trailing  only the first value is read (VALID-035).
 * out    owned: json_decref(), or declare it json_auto_t *.
 * Fails  as json_next (Go's wording, JSON_MAX_DEPTH), NO_MEMORY */
MUST_USE bool json_document_load(struct text text, bool allow_trailing, json_t **out,
                                 struct error *err);

/* As json_document_load of a file of at most max_bytes. Messages start with its name.
 * Fails  also NOT_FOUND, INTERNAL (cannot be read), RESOURCE_EXHAUSTED */
MUST_USE bool json_document_load_file(const char *path, size_t max_bytes, json_t **out,
                                      struct error *err);

/* Appends compact JSON, members in the order of the tree. Returns !out->failed. */
bool json_document_append(struct buffer *out, const json_t *value);

/* A value and the way to it. Everything is borrowed; parents must outlive children. */
struct json_at {
    json_t *value;                /* NULL when absent                    */
    const struct json_at *parent; /* NULL at the root                    */
    const char *key;              /* its name in the parent; NULL inside arrays */
    size_t index;                 /* its index in the parent array       */
};

struct json_at json_root(json_t *value);
/* Absent (value NULL) when `obj` is no object or has no such member, or null stands there. */
struct json_at json_member(const struct json_at *obj, const char *key);
/* index < json_array_size(array->value). */
struct json_at json_item(const struct json_at *array, size_t index);

/* The member `key` of `obj`. Absent and not required: true, *out untouched, so set the default
 * before. Fails INVALID_ARGUMENT (field and message name the path) when obj is no object, when a
 * required member is absent, when the type differs. */
MUST_USE bool json_get_string(const struct json_at *obj, const char *key, bool required,
                              struct text *out, struct error *err);
MUST_USE bool json_get_i64(const struct json_at *obj, const char *key, bool required, int64_t *out,
                           struct error *err);
MUST_USE bool json_get_bool(const struct json_at *obj, const char *key, bool required, bool *out,
                            struct error *err);
MUST_USE bool json_get_object(const struct json_at *obj, const char *key, bool required,
                              struct json_at *out, struct error *err);
MUST_USE bool json_get_array(const struct json_at *obj, const char *key, bool required,
                             struct json_at *out, struct error *err);

/* False, INVALID_ARGUMENT, when obj has a member not listed, which is the field then; proposes the
 * nearest name.
 * names  NULL-terminated. */
MUST_USE bool json_allow_keys(const struct json_at *obj, const char *const *names,
                              struct error *err);

/* Reports a problem of a value: "PATH PROBLEM" with field PATH. Always returns false. */
bool json_complain(const struct json_at *at, struct error *err, const char *format, ...)
    PRINTF_LIKE(3, 4);

#endif
