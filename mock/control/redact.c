#include "mock/control/redact.h"

#include <string.h>

#include "common/json/json_reader.h"
#include "common/json/json_writer.h"

/* Parts of names, in lower case, whatever is around them. */
static const char *const secret_words[] = {
    "token",  "secret",  "password", "passwd",  "authorization",
    "cookie", "api_key", "apikey",   "api-key", "private_key",
};

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool contains(struct text name, const char *word)
{
    const size_t len = strlen(word);

    for (size_t at = 0; at + len <= name.len; at++) {
        size_t same = 0;
        while (same < len && lower(name.data[at + same]) == word[same])
            same++;
        if (same == len)
            return true;
    }
    return false;
}

bool redact_is_secret(struct text name)
{
    for (size_t i = 0; i < ARRAY_LEN(secret_words); i++) {
        if (contains(name, secret_words[i]))
            return true;
    }
    return false;
}

/* --- JSON ----------------------------------------------------------------------------------- */

/* Where in the document the copying is. */
struct place {
    uint32_t depth;
    uint32_t env_depth;         /* inside of an env's value; 0: not                       */
    uint32_t credentials_depth; /* likewise                                               */
    struct text key;            /* of the value that comes next; data NULL: in an array   */
};

static bool is_secret_here(const struct place *place)
{
    if (place->env_depth > 0)
        return true;
    /* How a credential is put into a header; the rest of it are names. */
    return place->credentials_depth > 0 &&
           (text_equal_cstr(place->key, "format") || text_equal_cstr(place->key, "value"));
}

static void enter(struct place *place)
{
    place->depth++;
    if (place->env_depth == 0 && text_equal_cstr(place->key, "env"))
        place->env_depth = place->depth;
    if (place->credentials_depth == 0 && text_equal_cstr(place->key, "credentials"))
        place->credentials_depth = place->depth;
    place->key = (struct text){ 0 };
}

static void leave(struct place *place)
{
    if (place->env_depth == place->depth)
        place->env_depth = 0;
    if (place->credentials_depth == place->depth)
        place->credentials_depth = 0;
    place->depth--;
}

static void write_scalar(struct json_writer *w, enum json_token token, struct text text)
{
    if (token == JSON_TOKEN_STRING)
        json_write_string(w, text);
    else if (token == JSON_TOKEN_NUMBER)
        json_write_raw(w, text);
    else if (token == JSON_TOKEN_NULL)
        json_write_null(w);
    else
        json_write_bool(w, token == JSON_TOKEN_TRUE);
}

/* One token and, where it begins a secret, all of that. */
static bool copy_token(struct json_reader *r, enum json_token token, struct text text,
                       struct place *place, struct json_writer *w)
{
    const bool by_name = place->key.data != NULL && redact_is_secret(place->key);

    switch (token) {
    case JSON_TOKEN_KEY:
        json_write_key(w, text);
        place->key = (struct text){ text.data == NULL ? "" : text.data, text.len };
        return true;
    case JSON_TOKEN_OBJECT_END:
    case JSON_TOKEN_ARRAY_END:
        leave(place);
        (token == JSON_TOKEN_OBJECT_END ? json_write_object_end : json_write_array_end)(w);
        return true;
    case JSON_TOKEN_OBJECT_BEGIN:
    case JSON_TOKEN_ARRAY_BEGIN:
        if (by_name) {
            struct error malformed = { 0 };
            json_write_string(w, TEXT(REDACTED));
            place->key = (struct text){ 0 };
            return json_skip(r, token, &malformed);
        }
        (token == JSON_TOKEN_OBJECT_BEGIN ? json_write_object_begin : json_write_array_begin)(w);
        enter(place);
        return true;
    default:
        if (token != JSON_TOKEN_NULL && (by_name || is_secret_here(place)))
            json_write_string(w, TEXT(REDACTED));
        else
            write_scalar(w, token, text);
        place->key = (struct text){ 0 };
        return true;
    }
}

bool redact_json(struct text body, struct arena *arena, struct buffer *out)
{
    struct json_reader r = json_reader_from(body, arena);
    struct json_writer w = json_writer_to(out, JSON_ESCAPE_MINIMAL);
    struct place place = { 0 };
    struct error malformed = { 0 };
    enum json_token token = JSON_TOKEN_NULL;
    struct text text;

    while (json_next(&r, &token, &text, &malformed)) {
        if (token == JSON_TOKEN_END)
            return !out->failed;
        if (!copy_token(&r, token, text, &place, &w) || out->failed)
            return false;
    }
    return false;
}

/* --- the rest ------------------------------------------------------------------------------- */

bool redact_query(struct text query, struct buffer *out)
{
    for (bool first = true; query.data != NULL; first = false) {
        const struct text pair = text_split(&query, '&');
        struct text value = pair;
        const struct text key = text_split(&value, '=');
        if (!first)
            buffer_append_byte(out, '&');
        /* An escape could hide the name. */
        if (value.len > 0 && (redact_is_secret(key) || memchr(key.data, '%', key.len) != NULL)) {
            buffer_append_text(out, key);
            buffer_append_cstr(out, "=" REDACTED);
        } else {
            buffer_append_text(out, pair);
        }
    }
    return !out->failed;
}

bool redact_authorization(struct text value, struct buffer *out)
{
    struct text rest = value;
    const struct text scheme = text_split(&rest, ' ');

    if (rest.data != NULL) {
        buffer_append_text(out, scheme);
        buffer_append_byte(out, ' ');
    }
    return buffer_append_cstr(out, REDACTED);
}
