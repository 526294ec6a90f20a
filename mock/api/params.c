#include "mock/api/params.h"

#include <stdlib.h>

#include "common/http/escape.h"
#include "mock/api/rules.h"

static bool in_query(const char *name, struct error *err)
{
    return error_prefix(err, "parameter \"%s\" in query has an error: ", name);
}

static bool is_boolean(struct text t, bool *value)
{
    static const char *const yes[] = { "1", "t", "T", "TRUE", "true", "True" };
    static const char *const no[] = { "0", "f", "F", "FALSE", "false", "False" };

    for (size_t i = 0; i < ARRAY_LEN(yes); i++) {
        *value = text_equal_cstr(t, yes[i]);
        if (*value || text_equal_cstr(t, no[i]))
            return true;
    }
    return false;
}

/* VALID-021, VALID-051. */
static bool check_integer(struct text t, struct error *err)
{
    int64_t value;
    if (text_parse_i64(t, &value))
        return true;

    const size_t sign = t.data[0] == '+' || t.data[0] == '-' ? 1 : 0;
    bool all_digits = t.len > sign;
    for (size_t i = sign; i < t.len; i++)
        all_digits = all_digits && t.data[i] >= '0' && t.data[i] <= '9';
    return error_set(err, ERROR_INVALID_ARGUMENT, "value " TEXT_FMT ": an invalid integer: %s",
                     TEXT_ARGS(t), all_digits ? "value out of range" : "invalid syntax");
}

static bool check_scalar(const struct param_rule *rule, struct text value, struct error *err)
{
    if (value.len == 0) {
        /* Empty passes where a default is added behind it, and fails at binding (VALID-053). */
        if (rule->fallback != NULL)
            return true;
        error_set(err, ERROR_INVALID_ARGUMENT, "empty value is not allowed"); /* VALID-020 */
        return in_query(rule->name, err);
    }
    if (rule->type == PARAM_ENUM) {
        const struct schema listed = { .type = SCHEMA_STRING, .names = rule->names };
        return schema_check_text(&listed, value, err) || in_query(rule->name, err);
    }
    if (rule->type == PARAM_INTEGER)
        return check_integer(value, err) || in_query(rule->name, err);
    bool truth;
    if (rule->type == PARAM_BOOLEAN && !is_boolean(value, &truth)) {
        error_set(err, ERROR_INVALID_ARGUMENT,
                  "value " TEXT_FMT ": an invalid boolean: invalid syntax", TEXT_ARGS(value));
        return in_query(rule->name, err); /* VALID-022 */
    }
    return true;
}

/* What follows the name in a query key that starts with name[ ; false when it does not. */
static bool after_bracket(struct text key, const char *name, struct text *rest)
{
    const struct text prefix = text_of(name);
    if (key.len <= prefix.len || !text_starts_with(key, prefix) || key.data[prefix.len] != '[')
        return false;
    *rest = (struct text){ key.data + prefix.len + 1, key.len - prefix.len - 1 };
    return true;
}

/* "a][b]" of tags[a][b]: both parts, when it is of that form. */
static bool split_nested(struct text rest, struct text *outer, struct text *inner)
{
    *outer = text_split(&rest, ']');
    if (rest.len < 2 || rest.data[0] != '[' || rest.data[rest.len - 1] != ']')
        return false;
    *inner = (struct text){ rest.data + 1, rest.len - 2 };
    return true;
}

static bool same_key(const struct tag_filter *tags, struct text key)
{
    for (size_t i = 0; i < tags->count; i++) {
        if (text_equal(tags->pairs[i].key, key))
            return true;
    }
    return false;
}

static bool collect_tag(struct tag_filter *tags, size_t *seen, const char *name,
                        const struct query_pair *pair, struct error *err)
{
    struct text key, rest, outer, inner;

    if (!after_bracket(pair->key, name, &rest))
        return true; /* not a filter (TAG-026) */
    if (!query_deep_key(pair->key, name, &key)) {
        if (split_nested(rest, &outer, &inner))
            return error_set(err, ERROR_INVALID_ARGUMENT,
                             "path " TEXT_FMT ": value map[" TEXT_FMT ":" TEXT_FMT
                             "]: path is not convertible to primitive", /* TAG-032 */
                             TEXT_ARGS(outer), TEXT_ARGS(inner), TEXT_ARGS(pair->value));
        tags->impossible = true; /* TAG-034 */
        return true;
    }
    if (key.len == 0)
        return error_set(err, ERROR_INVALID_ARGUMENT,
                         "value map[:" TEXT_FMT "]: path is not convertible to primitive",
                         TEXT_ARGS(pair->value)); /* TAG-033 */
    if (same_key(tags, key))
        return error_set(err, ERROR_INVALID_ARGUMENT,
                         "path " TEXT_FMT ": array items must be set with indexes",
                         TEXT_ARGS(key)); /* TAG-031 */
    (*seen)++;
    if (tags->count < PARAM_MAX_TAGS)
        tags->pairs[tags->count++] = (struct tag_filter_pair){ .key = key, .value = pair->value };
    return true;
}

static int compare_pairs(const void *left, const void *right)
{
    const struct tag_filter_pair *a = left;
    const struct tag_filter_pair *b = right;
    return text_compare(a->key, b->key);
}

/* The description limits keys as well, by `propertyNames`; the real server's validator does not
 * know that word (TAG-028, SNAP-L-020, INST-T-008). */
static bool check_tag_key(struct text key, enum truth truth, struct error *err)
{
    if (truth == TRUTH_SERVER || schema_check_text(&schema_tag_key, key, err))
        return true;
    return error_prefix(err, "property name \"" TEXT_FMT "\": ", TEXT_ARGS(key));
}

static bool check_tag_value(const struct tag_filter_pair *pair, struct error *err)
{
    if (schema_check_text(&schema_tag_value, pair->value, err))
        return true;
    return error_prefix(err, "Error at \"/" TEXT_FMT "\": ", TEXT_ARGS(pair->key)); /* TAG-029 */
}

static bool check_tags(const struct param_rule *rule, const struct query *query, enum truth truth,
                       struct tag_filter *tags, struct error *err)
{
    size_t seen = 0;

    tags->count = 0;
    tags->impossible = false;
    for (size_t i = 0; i < query->count; i++) {
        if (!collect_tag(tags, &seen, rule->name, &query->pairs[i], err))
            return in_query(rule->name, err);
    }
    if (seen > PARAM_MAX_TAGS) {
        error_set(err, ERROR_INVALID_ARGUMENT, "there must be at most %d properties",
                  PARAM_MAX_TAGS); /* TAG-030 */
        return in_query(rule->name, err);
    }
    qsort(tags->pairs, tags->count, sizeof *tags->pairs, compare_pairs);
    for (size_t i = 0; i < tags->count; i++) {
        if (!check_tag_key(tags->pairs[i].key, truth, err) ||
            !check_tag_value(&tags->pairs[i], err))
            return in_query(rule->name, err);
    }
    return true;
}

bool params_check(const struct param_rule *rules, const struct query *query, enum truth truth,
                  struct tag_filter *tags, struct error *err)
{
    for (const struct param_rule *rule = rules; rule->name != NULL; rule++) {
        struct text value;
        if (rule->type == PARAM_TAGS) {
            if (!check_tags(rule, query, truth, tags, err))
                return false;
        } else if (query_find(query, rule->name, &value) > 0) {
            if (!check_scalar(rule, value, err))
                return false;
        } else if (rule->required) {
            error_set(err, ERROR_INVALID_ARGUMENT, "value is required but missing");
            return in_query(rule->name, err); /* VALID-019 */
        }
    }
    return true;
}

bool params_bind(const struct param_rule *rules, const struct query *query, struct error *err)
{
    for (const struct param_rule *rule = rules; rule->name != NULL; rule++) {
        struct text value;
        if (rule->type == PARAM_TAGS)
            continue;
        const size_t count = query_find(query, rule->name, &value);
        if (count > 1 || (count == 1 && value.len == 0))
            return error_set(err, ERROR_INVALID_ARGUMENT,
                             "Invalid format for parameter %s: multiple values for single value "
                             "parameter '%s'",
                             rule->name, rule->name);
    }
    return true;
}

struct text params_get(const struct param_rule *rules, const struct query *query, const char *name)
{
    struct text value;
    if (query_find(query, name, &value) > 0)
        return value;
    for (const struct param_rule *rule = rules; rule->name != NULL; rule++) {
        if (text_equal_cstr(text_of(rule->name), name) && rule->fallback != NULL)
            return text_of(rule->fallback);
    }
    return (struct text){ 0 };
}

bool params_get_bool(const struct param_rule *rules, const struct query *query, const char *name)
{
    bool value = false;
    return is_boolean(params_get(rules, query, name), &value) && value;
}

int64_t params_get_integer(const struct param_rule *rules, const struct query *query,
                           const char *name)
{
    int64_t value = 0;
    (void)!text_parse_i64(params_get(rules, query, name), &value);
    return value;
}

/* What Go's path encoder leaves alone. */
static bool is_kept(char c)
{
    switch (c) {
    case 'A' ... 'Z':
    case 'a' ... 'z':
    case '0' ... '9':
    case '-':
    case '_':
    case '.':
    case '~':
    case '$':
    case '&':
    case '+':
    case ',':
    case '/':
    case ':':
    case ';':
    case '=':
    case '@':
        return true;
    default:
        return false;
    }
}

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

static bool is_escape(struct text t, size_t at)
{
    return t.len - at >= 3 && hex_value(t.data[at + 1]) >= 0 && hex_value(t.data[at + 2]) >= 0;
}

bool path_decodes(struct text path)
{
    for (size_t i = 0; i < path.len; i++) {
        if (path.data[i] == '%' && !is_escape(path, i))
            return false;
    }
    return true;
}

bool path_is_canonical(struct text path)
{
    for (size_t i = 0; i < path.len; i++) {
        const char c = path.data[i];
        if (is_kept(c))
            continue;
        if (c != '%' || !is_escape(path, i))
            return false;
        const char high = path.data[i + 1];
        const char low = path.data[i + 2];
        const int byte = hex_value(high) * 16 + hex_value(low);
        if (is_kept((char)byte) || high >= 'a' || low >= 'a')
            return false;
        i += 2;
    }
    return true;
}

static bool has_escape(struct text t)
{
    for (size_t i = 0; i < t.len; i++) {
        if (t.data[i] == '%')
            return true;
    }
    return false;
}

bool path_param_decode(struct text segment, bool canonical, struct arena *arena,
                       struct path_param *out, struct error *err)
{
    *out = (struct path_param){ .value = segment };
    if (!has_escape(segment))
        return true;
    if (!unescape(segment, false, arena, &out->value, err))
        return false;
    if (!canonical || !has_escape(out->value))
        return true;

    struct error second = { 0 };
    struct text twice;
    if (unescape(out->value, false, arena, &twice, &second)) {
        out->value = twice;
        return true;
    }
    const char *message = arena_copy(arena, text_of(second.message));
    if (message == NULL)
        return error_set(err, ERROR_NO_MEMORY, "out of memory");
    out->bad_escape = text_of(message);
    return true;
}
