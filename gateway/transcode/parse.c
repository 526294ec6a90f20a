#include "gateway/transcode/parse.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "gateway/transcode/wire.h"

enum { UNKNOWN_ENUM_SHOWN = 64 }; /* bytes of an unknown text, so that one cannot hide the others */
enum { NUMBER_MAX_LEN = 512 };

/* ---- errors ------------------------------------------------------------------------------- */

bool parse_fail(struct parse *p, enum error_code code, const char *predicate, ...)
{
    char path[sizeof p->err->field];
    char why[sizeof p->err->message + 4]; /* what cuts it must see whether it cuts a character */
    va_list values;
    place_text(p->place, PLACE_JSON_NAMES, path, sizeof path);
    va_start(values, predicate);
    (void)vsnprintf(why, sizeof why, predicate, values);
    va_end(values);
    return error_set_field(p->err, code, path, "%s %s", path[0] == '\0' ? "the JSON" : path, why);
}

static const char *token_name(enum json_token token)
{
    static const char *const names[] = {
        [JSON_TOKEN_OBJECT_BEGIN] = "an object",
        [JSON_TOKEN_OBJECT_END] = "}",
        [JSON_TOKEN_ARRAY_BEGIN] = "an array",
        [JSON_TOKEN_ARRAY_END] = "]",
        [JSON_TOKEN_KEY] = "a key",
        [JSON_TOKEN_STRING] = "a string",
        [JSON_TOKEN_NUMBER] = "a number",
        [JSON_TOKEN_TRUE] = "true",
        [JSON_TOKEN_FALSE] = "false",
        [JSON_TOKEN_NULL] = "null",
        [JSON_TOKEN_END] = "the end",
    };
    return names[token];
}

bool parse_mismatch(struct parse *p, const char *what, enum json_token found)
{
    return parse_fail(p, ERROR_INVALID_ARGUMENT, "must be %s, not %s", what, token_name(found));
}

bool parse_next(struct parse *p, struct value *out)
{
    return json_next(&p->reader, &out->token, &out->text, p->err);
}

/* ---- numbers ------------------------------------------------------------------------------ */

static bool out_of_range(struct parse *p, struct text digits)
{
    return parse_fail(p, ERROR_INVALID_ARGUMENT, "cannot hold " TEXT_FMT, TEXT_ARGS(digits));
}

/* A NUL-terminated copy for strtod and friends. */
static bool number_copy(struct parse *p, struct text t, char out[NUMBER_MAX_LEN])
{
    if (t.len >= NUMBER_MAX_LEN)
        return parse_fail(p, ERROR_INVALID_ARGUMENT, "is a number of more than %d characters",
                          NUMBER_MAX_LEN - 1);
    memcpy(out, t.data, t.len);
    out[t.len] = '\0';
    return true;
}

/* 1.0 and 1e3 are whole numbers too, exact below 2^53. */
static bool whole_from_double(struct parse *p, struct text t, int64_t *out)
{
    const double limit = 9007199254740992.0;
    char digits[NUMBER_MAX_LEN];
    if (!number_copy(p, t, digits))
        return false;
    double value = strtod(digits, NULL);
    if (value <= -limit || value >= limit)
        return out_of_range(p, t);
    if (value != floor(value))
        return parse_fail(p, ERROR_INVALID_ARGUMENT, "must be an integer, not " TEXT_FMT,
                          TEXT_ARGS(t));
    *out = (int64_t)value;
    return true;
}

/* Integers come as numbers; as strings too, which is how proto3 JSON writes 64 bits. */
static bool is_integer_token(const struct value *v)
{
    return v->token == JSON_TOKEN_NUMBER || v->token == JSON_TOKEN_STRING;
}

static bool signed_value(struct parse *p, const struct value *v, int64_t min, int64_t max,
                         int64_t *out)
{
    if (!is_integer_token(v))
        return parse_mismatch(p, "an integer", v->token);
    if (!text_parse_i64(v->text, out)) {
        if (v->token == JSON_TOKEN_STRING)
            return parse_mismatch(p, "an integer", v->token);
        if (memchr(v->text.data, '.', v->text.len) == NULL &&
            memchr(v->text.data, 'e', v->text.len) == NULL &&
            memchr(v->text.data, 'E', v->text.len) == NULL)
            return out_of_range(p, v->text);
        if (!whole_from_double(p, v->text, out))
            return false;
    }
    return (*out >= min && *out <= max) || out_of_range(p, v->text);
}

static bool unsigned_value(struct parse *p, const struct value *v, uint64_t max, uint64_t *out)
{
    int64_t small = 0;
    if (is_integer_token(v) && text_parse_u64(v->text, out))
        return *out <= max || out_of_range(p, v->text);
    if (!signed_value(p, v, 0, INT64_MAX, &small))
        return false;
    *out = (uint64_t)small;
    return *out <= max || out_of_range(p, v->text);
}

static bool double_value(struct parse *p, const struct value *v, double *out)
{
    static const struct {
        const char *text;
        double value;
    } words[] = { { "NaN", (double)NAN },
                  { "Infinity", (double)INFINITY },
                  { "-Infinity", -(double)INFINITY } };
    char digits[NUMBER_MAX_LEN];
    if (v->token == JSON_TOKEN_STRING)
        for (size_t i = 0; i < ARRAY_LEN(words); i++)
            if (text_equal_cstr(v->text, words[i].text)) {
                *out = words[i].value;
                return true;
            }
    if (v->token != JSON_TOKEN_NUMBER)
        return parse_mismatch(p, "a number", v->token);
    if (!number_copy(p, v->text, digits))
        return false;
    *out = strtod(digits, NULL);
    return isfinite(*out) || out_of_range(p, v->text);
}

static bool float_bits(struct parse *p, const struct value *v, uint64_t *bits)
{
    const double limit = 0x1.ffffffp127; /* from here on the nearest float is infinite */
    double value = 0;
    if (!double_value(p, v, &value))
        return false;
    if (isfinite(value) && fabs(value) >= limit)
        return out_of_range(p, v->text);
    float narrow = (float)value;
    uint32_t low;
    memcpy(&low, &narrow, sizeof low);
    *bits = low;
    return true;
}

static void note_unknown_enum(struct parse *p, const struct field *field, struct text value)
{
    char *notes = p->notes->unknown_enum;
    size_t used = strlen(notes);
    size_t room = sizeof p->notes->unknown_enum - used;
    value.len = text_cut_len(value, UNKNOWN_ENUM_SHOWN);
    int n = snprintf(notes + used, room, "%s" TEXT_FMT "=" TEXT_FMT, used == 0 ? "" : ", ",
                     TEXT_ARGS(field->json_name), TEXT_ARGS(value));
    if (n < 0 || (size_t)n >= room)
        notes[used] = '\0'; /* the notes before it stay whole */
}

static bool enum_bits(struct parse *p, const struct field *field, const struct value *v,
                      uint64_t *bits)
{
    int64_t number = 0;
    if (v->token == JSON_TOKEN_NUMBER) {
        if (!signed_value(p, v, INT32_MIN, INT32_MAX, &number))
            return false;
    } else if (v->token == JSON_TOKEN_STRING) {
        const struct enum_value *found = enumeration_find_json(field->enumeration, v->text);
        if (found != NULL)
            number = found->number;
        else
            note_unknown_enum(p, field, v->text);
    } else if (v->token != JSON_TOKEN_NULL || !field->enumeration->is_null) {
        return parse_mismatch(p, "a string", v->token);
    }
    *bits = (uint64_t)number;
    return true;
}

static bool bool_bits(struct parse *p, const struct value *v, uint64_t *bits)
{
    if (v->token != JSON_TOKEN_TRUE && v->token != JSON_TOKEN_FALSE)
        return parse_mismatch(p, "true or false", v->token);
    *bits = v->token == JSON_TOKEN_TRUE;
    return true;
}

bool parse_bits(struct parse *p, const struct field *field, const struct value *v, uint64_t *bits)
{
    int64_t whole = 0;
    double real = 0;
    switch (field->type) {
    case TYPE_INT64:
    case TYPE_SFIXED64:
    case TYPE_SINT64:
        if (!signed_value(p, v, INT64_MIN, INT64_MAX, &whole))
            return false;
        *bits = field->type == TYPE_SINT64 ? wire_zigzag(whole) : (uint64_t)whole;
        return true;
    case TYPE_INT32:
    case TYPE_SFIXED32:
    case TYPE_SINT32:
        if (!signed_value(p, v, INT32_MIN, INT32_MAX, &whole))
            return false;
        *bits = field->type == TYPE_SINT32     ? wire_zigzag(whole)
                : field->type == TYPE_SFIXED32 ? (uint32_t)whole
                                               : (uint64_t)whole;
        return true;
    case TYPE_UINT64:
    case TYPE_FIXED64:
        return unsigned_value(p, v, UINT64_MAX, bits);
    case TYPE_UINT32:
    case TYPE_FIXED32:
        return unsigned_value(p, v, UINT32_MAX, bits);
    case TYPE_BOOL:
        return bool_bits(p, v, bits);
    case TYPE_ENUM:
        return enum_bits(p, field, v, bits);
    case TYPE_FLOAT:
        return float_bits(p, v, bits);
    case TYPE_DOUBLE:
        if (!double_value(p, v, &real))
            return false;
        memcpy(bits, &real, sizeof *bits);
        return true;
    case TYPE_STRING:
    case TYPE_BYTES:
    case TYPE_GROUP:
    case TYPE_MESSAGE:
    default:
        return parse_fail(p, ERROR_INTERNAL, "has no number");
    }
}
