#include "common/http/path_template.h"

#include <stdlib.h>
#include <string.h>

#include "common/http/escape.h"

enum segment_kind { SEGMENT_LITERAL, SEGMENT_ONE, SEGMENT_MANY };

struct segment {
    enum segment_kind kind;
    struct text literal;
};

struct variable {
    struct text name;
    size_t first; /* its segments are first .. first + count - 1 */
    size_t count;
};

struct path_template {
    struct segment segments[PATH_TEMPLATE_MAX_SEGMENTS];
    size_t segment_count;
    struct variable variables[PATH_TEMPLATE_MAX_VARIABLES];
    size_t variable_count;
    struct text verb; /* without ':'; empty when none */
    struct text source;
    char bytes[]; /* of source; all texts above point here */
};

/* ---- parsing ---- */

struct parser {
    struct path_template *t; /* borrowed */
    size_t at;
    struct error *err;
};

static int peek(const struct parser *p)
{
    return p->at < p->t->source.len ? (unsigned char)p->t->source.data[p->at] : -1;
}

static bool complain(const struct parser *p, const char *problem)
{
    return error_set(p->err, ERROR_INVALID_ARGUMENT,
                     "path template \"" TEXT_FMT "\": %s at byte %zu", TEXT_ARGS(p->t->source),
                     problem, p->at);
}

static bool accept(struct parser *p, char c)
{
    if (peek(p) != c)
        return false;
    p->at++;
    return true;
}

static bool is_letter_or_digit(int c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_literal_char(int c)
{
    return is_letter_or_digit(c) || (c > 0 && strchr("-._~!$&'()+,;=@", c) != NULL);
}

static bool is_dots(struct text t)
{
    return text_equal(t, TEXT(".")) || text_equal(t, TEXT(".."));
}

static bool parse_literal(struct parser *p, struct text *out)
{
    size_t start = p->at;
    while (is_literal_char(peek(p)))
        p->at++;
    *out = (struct text){ p->t->source.data + start, p->at - start };
    if (out->len == 0)
        return complain(p, peek(p) < 0 ? "it ends where a segment must follow"
                                       : "a character that cannot start a segment");
    return is_dots(*out) ? complain(p, "a '.' or '..' segment") : true;
}

static bool add_segment(struct parser *p, enum segment_kind kind, struct text literal)
{
    struct path_template *t = p->t;
    if (t->segment_count == PATH_TEMPLATE_MAX_SEGMENTS)
        return complain(p, "too many segments");
    if (t->segment_count > 0 && t->segments[t->segment_count - 1].kind == SEGMENT_MANY)
        return complain(p, "a segment after '**'");
    t->segments[t->segment_count++] = (struct segment){ kind, literal };
    return true;
}

static bool parse_segment(struct parser *p)
{
    struct text literal = { 0 };
    if (accept(p, '*'))
        return add_segment(p, accept(p, '*') ? SEGMENT_MANY : SEGMENT_ONE, literal);
    return parse_literal(p, &literal) && add_segment(p, SEGMENT_LITERAL, literal);
}

/* IDENT { "." IDENT } */
static bool parse_field_path(struct parser *p, struct text *out)
{
    size_t start = p->at;
    do {
        int c = peek(p);
        if (c != '_' && (!is_letter_or_digit(c) || (c >= '0' && c <= '9')))
            return complain(p, "a field name is missing");
        while (c == '_' || is_letter_or_digit(c)) {
            p->at++;
            c = peek(p);
        }
    } while (accept(p, '.'));
    *out = (struct text){ p->t->source.data + start, p->at - start };
    return true;
}

static bool parse_variable(struct parser *p)
{
    struct path_template *t = p->t;
    if (t->variable_count == PATH_TEMPLATE_MAX_VARIABLES)
        return complain(p, "too many variables");
    struct variable variable = { .first = t->segment_count };
    if (!parse_field_path(p, &variable.name))
        return false;
    for (size_t i = 0; i < t->variable_count; i++)
        if (text_equal(t->variables[i].name, variable.name))
            return complain(p, "a field path given twice");

    if (accept(p, '=')) {
        do {
            if (!parse_segment(p))
                return false;
        } while (accept(p, '/'));
    } else if (!add_segment(p, SEGMENT_ONE, (struct text){ 0 })) {
        return false;
    }
    if (!accept(p, '}'))
        return complain(p, "a '}' is missing");
    variable.count = t->segment_count - variable.first;
    t->variables[t->variable_count++] = variable;
    return true;
}

static bool parse_all(struct parser *p)
{
    if (!accept(p, '/'))
        return complain(p, "a '/' must come first");
    do {
        if (!(accept(p, '{') ? parse_variable(p) : parse_segment(p)))
            return false;
    } while (accept(p, '/'));
    if (accept(p, ':') && !parse_literal(p, &p->t->verb))
        return false;
    return peek(p) < 0 ? true : complain(p, "an unexpected character");
}

bool path_template_parse(struct text source, struct path_template **out, struct error *err)
{
    /* A template this long is a mistake; the limit keeps the sum below from overflowing. */
    if (source.len > 4096)
        return error_set(err, ERROR_INVALID_ARGUMENT, "path template of %zu bytes; at most 4096",
                         source.len);
    struct path_template *t = calloc(1, sizeof *t + source.len + 1);
    if (t == NULL)
        return error_set(err, ERROR_NO_MEMORY, "out of memory");
    if (source.len > 0)
        memcpy(t->bytes, source.data, source.len);
    t->source = (struct text){ t->bytes, source.len };
    struct parser parser = { .t = t, .err = err };
    if (!parse_all(&parser)) {
        path_template_free(t);
        return false;
    }
    *out = t;
    return true;
}

void path_template_free(struct path_template *t)
{
    free(t);
}

struct text path_template_source(const struct path_template *t)
{
    return t->source;
}

size_t path_template_variable_count(const struct path_template *t)
{
    return t->variable_count;
}

struct text path_template_variable(const struct path_template *t, size_t index)
{
    return index < t->variable_count ? t->variables[index].name : (struct text){ NULL, 0 };
}

static bool segments_equal(const struct path_template *a, const struct path_template *b)
{
    for (size_t i = 0; i < a->segment_count; i++)
        if (a->segments[i].kind != b->segments[i].kind ||
            !text_equal(a->segments[i].literal, b->segments[i].literal))
            return false;
    return true;
}

static bool variables_equal(const struct path_template *a, const struct path_template *b)
{
    for (size_t i = 0; i < a->variable_count; i++)
        if (a->variables[i].first != b->variables[i].first ||
            a->variables[i].count != b->variables[i].count ||
            !text_equal(a->variables[i].name, b->variables[i].name))
            return false;
    return true;
}

bool path_template_equal(const struct path_template *a, const struct path_template *b)
{
    return a->segment_count == b->segment_count && a->variable_count == b->variable_count &&
           text_equal(a->verb, b->verb) && segments_equal(a, b) && variables_equal(a, b);
}

/* ---- expanding ---- */

/* A value of several segments is split at its slashes; in one of a single segment a slash is
 * data and will be escaped. */
static bool spans_segments(const struct path_template *t, const struct variable *v)
{
    return v->count > 1 || t->segments[v->first].kind == SEGMENT_MANY;
}

static struct text next_part(struct text *rest, bool split)
{
    struct text part = *rest;
    if (split)
        return text_split(rest, '/');
    *rest = (struct text){ NULL, 0 };
    return part;
}

static const char *value_problem(const struct path_template *t, const struct variable *v,
                                 struct text value)
{
    bool split = spans_segments(t, v);
    size_t segment = v->first;
    size_t end = v->first + v->count;
    struct text rest = { value.data == NULL ? "" : value.data, value.len };
    if (value.len == 0)
        return "must not be empty";
    for (; rest.data != NULL; segment++) {
        struct text part = next_part(&rest, split);
        if (part.len == 0)
            return "must not contain an empty path segment";
        if (is_dots(part)) /* RFC 3986 5.2.4: would be removed on the way, and change the path */
            return "must not contain a '.' or '..' path segment";
        if (segment == end && t->segments[end - 1].kind == SEGMENT_MANY)
            segment--;
        if (segment == end || (t->segments[segment].kind == SEGMENT_LITERAL &&
                               !text_equal(part, t->segments[segment].literal)))
            return "does not have the form its path needs";
    }
    return segment == end ? NULL : "does not have the form its path needs";
}

static bool check_values(const struct path_template *t, const struct text *values,
                         struct error *err)
{
    for (size_t i = 0; i < t->variable_count; i++) {
        const struct variable *v = &t->variables[i];
        const char *problem = value_problem(t, v, values[i]);
        if (problem == NULL)
            continue;
        char name[sizeof err->field] = { 0 };
        memcpy(name, v->name.data, text_cut_len(v->name, sizeof name - 1));
        return error_set_field(err, ERROR_INVALID_ARGUMENT, name, "%s %s", name, problem);
    }
    return true;
}

/* Literal segments stand in the value as they do in the template, and are not escaped. */
static void append_variable(const struct path_template *t, const struct variable *v,
                            struct text value, struct buffer *out)
{
    const bool split = spans_segments(t, v);
    const size_t last = v->first + v->count - 1;
    for (size_t i = v->first; value.data != NULL; i += i < last) {
        struct text part = next_part(&value, split);
        if (t->segments[i].kind == SEGMENT_LITERAL)
            buffer_append_text(out, part);
        else
            escape_append(out, part, ESCAPE_SEGMENT);
        if (value.data != NULL)
            buffer_append_byte(out, '/');
    }
}

bool path_template_expand(const struct path_template *t, const struct text *values,
                          struct buffer *out, struct error *err)
{
    if (!check_values(t, values, err))
        return false;
    size_t start = out->len;
    size_t variable = 0;
    for (size_t i = 0; i < t->segment_count;) {
        buffer_append_byte(out, '/');
        if (variable < t->variable_count && t->variables[variable].first == i) {
            append_variable(t, &t->variables[variable], values[variable], out);
            i += t->variables[variable].count;
            variable++;
            continue;
        }
        /* "*" outside a variable has no value to send; the pattern itself is one that matches. */
        buffer_append_text(out, t->segments[i].kind == SEGMENT_LITERAL ? t->segments[i].literal
                                                                       : TEXT("*"));
        i++;
    }
    if (t->verb.len > 0) {
        buffer_append_byte(out, ':');
        buffer_append_text(out, t->verb);
    }
    if (!out->failed)
        return true;
    out->len = start;
    return buffer_error(out, err);
}

/* ---- matching ---- */

/* Takes ":verb" off the end of the path. */
static bool strip_verb(struct text verb, struct text *path)
{
    if (verb.len == 0)
        return true;
    if (path->len <= verb.len)
        return false;
    size_t colon = path->len - verb.len - 1;
    if (path->data[colon] != ':' ||
        !text_equal((struct text){ path->data + colon + 1, verb.len }, verb))
        return false;
    path->len = colon;
    return true;
}

static bool match_segment(const struct segment *segment, struct text *rest, struct text *part)
{
    if (rest->data == NULL)
        return false;
    if (segment->kind != SEGMENT_MANY) {
        *part = text_split(rest, '/');
        return part->len > 0 &&
               (segment->kind == SEGMENT_ONE || text_equal(*part, segment->literal));
    }
    *part = *rest;
    while (rest->data != NULL)
        if (text_split(rest, '/').len == 0)
            return false;
    return true;
}

bool path_template_match(const struct path_template *t, struct text path, struct text *captures)
{
    if (!strip_verb(t->verb, &path) || path.len == 0 || path.data[0] != '/')
        return false;
    struct text rest = { path.data + 1, path.len - 1 };
    struct text parts[PATH_TEMPLATE_MAX_SEGMENTS];
    for (size_t i = 0; i < t->segment_count; i++)
        if (!match_segment(&t->segments[i], &rest, &parts[i]))
            return false;
    if (rest.data != NULL)
        return false;
    for (size_t i = 0; i < t->variable_count; i++) {
        struct text first = parts[t->variables[i].first];
        struct text last = parts[t->variables[i].first + t->variables[i].count - 1];
        captures[i] = (struct text){ first.data, (size_t)(last.data + last.len - first.data) };
    }
    return true;
}
