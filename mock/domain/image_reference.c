#include "mock/domain/image_reference.h"

#include <assert.h>
#include <string.h>

#define DEFAULT_HOST TEXT("docker.io")
#define LEGACY_HOST  TEXT("index.docker.io")
#define LIBRARY      TEXT("library/")

/* --- characters -------------------------------------------------------------------------- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}

static bool is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool is_lower_or_digit(char c)
{
    return is_lower(c) || is_digit(c);
}

static bool is_alphanumeric(char c)
{
    return is_lower_or_digit(c) || is_upper(c);
}

static bool is_hex(char c)
{
    return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_tag_start(char c)
{
    return is_alphanumeric(c) || c == '_';
}

static bool is_tag_rest(char c)
{
    return is_tag_start(c) || c == '.' || c == '-';
}

static bool is_name_rest(char c)
{
    return is_alphanumeric(c) || c == '-';
}

static bool is_address_rest(char c)
{
    return is_hex(c) || c == ':';
}

static bool consists_of(struct text t, bool (*is_one)(char))
{
    for (size_t i = 0; i < t.len; i++) {
        if (!is_one(t.data[i]))
            return false;
    }
    return t.len > 0;
}

static bool has_upper(struct text t)
{
    for (size_t i = 0; i < t.len; i++) {
        if (is_upper(t.data[i]))
            return true;
    }
    return false;
}

static struct text drop(struct text t, size_t count)
{
    return (struct text){ t.data + count, t.len - count };
}

/* The part of t before the first of these characters; all of it when it has none. */
static struct text before(struct text t, const char *separators)
{
    size_t len = 0;
    while (len < t.len && (t.data[len] == '\0' || strchr(separators, t.data[len]) == NULL))
        len++;
    return (struct text){ t.data, len };
}

/* --- the parts --------------------------------------------------------------------------- */

static bool is_domain_name(struct text t)
{
    for (struct text rest = t; rest.data != NULL;) {
        struct text part = text_split(&rest, '.');
        if (!consists_of(part, is_name_rest) || part.data[0] == '-' ||
            part.data[part.len - 1] == '-')
            return false;
    }
    return t.len > 0;
}

/* "registry.example", "localhost:5000", "[::1]:5000" */
static bool is_host(struct text t)
{
    struct text name = before(t, ":");
    if (t.len > 0 && t.data[0] == '[') {
        struct text inside = before(drop(t, 1), "]");
        if (inside.len + 1 == t.len || !consists_of(inside, is_address_rest))
            return false;
        name.len = inside.len + 2;
    } else if (!is_domain_name(name)) {
        return false;
    }
    struct text port = drop(t, name.len);
    return t.len <= IMAGE_HOST_MAX &&
           (port.len == 0 || (port.data[0] == ':' && consists_of(drop(port, 1), is_digit)));
}

/* What may stand between two words of a path's part: one dot, one or two underscores, dashes. */
static bool is_separator(struct text t)
{
    if (t.len == 1 && (t.data[0] == '.' || t.data[0] == '_'))
        return true;
    if (t.len == 2 && t.data[0] == '_' && t.data[1] == '_')
        return true;
    return t.len > 0 && before(t, "._").len == t.len;
}

static bool is_path_part(struct text t)
{
    size_t at = 0;
    for (;;) {
        const size_t word = at;
        while (at < t.len && is_lower_or_digit(t.data[at]))
            at++;
        if (at == word)
            return false;
        if (at == t.len)
            return true;
        const size_t gap = at;
        while (at < t.len && (t.data[at] == '.' || t.data[at] == '_' || t.data[at] == '-'))
            at++;
        if (!is_separator((struct text){ t.data + gap, at - gap }))
            return false;
    }
}

static bool is_path(struct text t)
{
    for (struct text rest = t; rest.data != NULL;) {
        if (!is_path_part(text_split(&rest, '/')))
            return false;
    }
    return t.len > 0;
}

static bool is_tag(struct text t)
{
    return t.len > 0 && t.len <= IMAGE_TAG_MAX && is_tag_start(t.data[0]) &&
           consists_of(t, is_tag_rest);
}

/* Words that begin with a letter, joined by one of - _ + . each. */
static bool is_algorithm(struct text t)
{
    for (struct text rest = t;;) {
        struct text word = before(rest, "-_+.");
        if (!consists_of(word, is_alphanumeric) || is_digit(word.data[0]))
            return false;
        if (word.len == rest.len)
            return true;
        rest = drop(rest, word.len + 1);
    }
}

/* --- digests ----------------------------------------------------------------------------- */

static const struct {
    struct text name;
    size_t digits;
} algorithms[] = {
    { { "sha256", 6 }, 64 },
    { { "sha384", 6 }, 96 },
    { { "sha512", 6 }, 128 },
};

/* The form any digest has. */
static bool is_digest(struct text t)
{
    enum { DIGITS_MIN = 32 };
    struct text digits = t;
    struct text algorithm = text_split(&digits, ':');
    return is_algorithm(algorithm) && digits.len >= DIGITS_MIN && consists_of(digits, is_hex);
}

/* What the algorithm of a well-formed digest wants besides. */
static bool check_digest(struct text digest, struct error *err)
{
    struct text digits = digest;
    struct text algorithm = text_split(&digits, ':');
    const char *fault =
        has_upper(algorithm) ? "invalid checksum digest format" : "unsupported digest algorithm";

    for (size_t i = 0; i < ARRAY_LEN(algorithms); i++) {
        if (!text_equal(algorithms[i].name, algorithm))
            continue;
        if (digits.len == algorithms[i].digits && !has_upper(digits))
            return true;
        fault = digits.len != algorithms[i].digits ? "invalid checksum digest length"
                                                   : "invalid checksum digest format";
    }
    return error_set(err, ERROR_INVALID_ARGUMENT, "%s", fault);
}

/* --- references -------------------------------------------------------------------------- */

/* A first part with a dot, a port or upper case is a host; any other begins a path. */
static bool looks_like_host(struct text t)
{
    return before(t, ".:").len < t.len || text_equal(t, TEXT("localhost")) || has_upper(t);
}

/* Sets the host; returns what is left. */
static struct text take_host(struct text given, struct image_reference *out)
{
    struct text rest = given;
    struct text first = text_split(&rest, '/');
    out->host = DEFAULT_HOST;
    if (rest.data == NULL || !looks_like_host(first))
        rest = given;
    else if (!text_equal(first, LEGACY_HOST))
        out->host = first;
    if (text_equal(out->host, DEFAULT_HOST) && before(rest, "/").len == rest.len)
        out->library = LIBRARY;
    return rest;
}

/* Splits "path:tag@digest"; false when a part that is there is malformed. */
static bool take_parts(struct text rest, struct image_reference *out)
{
    out->path = before(rest, ":@");
    rest = drop(rest, out->path.len);
    if (rest.len == 0)
        out->tag = TEXT("latest");
    if (rest.len > 0 && rest.data[0] == ':') {
        out->tag = before(drop(rest, 1), "@");
        rest = drop(rest, 1 + out->tag.len);
        if (!is_tag(out->tag))
            return false;
    }
    if (rest.len > 0) {
        out->digest = drop(rest, 1);
        if (!is_digest(out->digest))
            return false;
    }
    return is_path(out->path);
}

static bool refuse_format(struct error *err)
{
    return error_set(err, ERROR_INVALID_ARGUMENT, "invalid reference format");
}

bool image_reference_parse(struct text given, struct image_reference *out, struct error *err)
{
    enum { ID_DIGITS = 64 };
    struct image_reference parsed = { .host = { 0 } };

    if (given.len == 0)
        return refuse_format(err);
    if (given.len == ID_DIGITS && consists_of(given, is_hex) && !has_upper(given))
        return error_set(err, ERROR_INVALID_ARGUMENT,
                         "invalid repository name (" TEXT_FMT
                         "), cannot specify 64-byte hexadecimal strings",
                         TEXT_ARGS(given));

    struct text rest = take_host(given, &parsed);
    /* The real parser has not looked for a digest yet when it says this, so neither may we. */
    struct text name = before(rest, ":");
    if (has_upper(name))
        return error_set(err, ERROR_INVALID_ARGUMENT,
                         "invalid reference format: repository name (" TEXT_FMT TEXT_FMT
                         ") must be lowercase",
                         TEXT_ARGS(parsed.library), TEXT_ARGS(name));

    if (!is_host(parsed.host)) {
        parsed.host = (struct text){ 0 };
        rest = given;
    }
    if (!take_parts(rest, &parsed))
        return refuse_format(err);
    if (parsed.library.len + parsed.path.len > IMAGE_PATH_MAX)
        return error_set(err, ERROR_INVALID_ARGUMENT,
                         "repository name must not be more than %d characters", IMAGE_PATH_MAX);
    if (parsed.digest.len > 0 && !check_digest(parsed.digest, err))
        return false;
    *out = parsed;
    return true;
}

/* --- writing ----------------------------------------------------------------------------- */

static void append(struct image_name *name, struct text t)
{
    assert(t.len <= IMAGE_NAME_MAX - name->len); /* each part has its ceiling */
    if (t.len > 0)
        memcpy(name->text + name->len, t.data, t.len);
    name->len += t.len;
    name->text[name->len] = '\0';
}

struct image_name image_reference_repository(const struct image_reference *reference)
{
    struct image_name name;
    name.len = 0;
    append(&name, reference->host);
    if (reference->host.len > 0)
        append(&name, TEXT("/"));
    append(&name, reference->library);
    append(&name, reference->path);
    return name;
}

struct image_name image_reference_name(const struct image_reference *reference)
{
    struct image_name name = image_reference_repository(reference);
    if (reference->tag.len > 0) {
        append(&name, TEXT(":"));
        append(&name, reference->tag);
    }
    if (reference->digest.len > 0) {
        append(&name, TEXT("@"));
        append(&name, reference->digest);
    }
    return name;
}

struct text image_reference_version(const struct image_reference *reference)
{
    return reference->digest.len > 0 ? reference->digest : reference->tag;
}
