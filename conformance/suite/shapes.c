#include "conformance/suite/shapes.h"

#include <regex.h>
#include <stdio.h>
#include <string.h>

#include "common/http/http.h"
#include "common/json/go_duration.h"
#include "common/json/json_document.h"
#include "common/json/rfc3339.h"

enum { TYPE_MAX_BYTES = 96, EXPECTED_MAX = 512, ENUM_MAX = 32 };

/* ---- the words for types ---- */

static struct text text_of_json(const json_t *value)
{
    return (struct text){ json_string_value(value), json_string_length(value) };
}

static bool is_string(const json_t *value)
{
    return json_is_string(value);
}

static bool is_integer(const json_t *value)
{
    return json_is_integer(value);
}

static bool is_number(const json_t *value)
{
    return json_is_number(value);
}

static bool is_boolean(const json_t *value)
{
    return json_is_boolean(value);
}

static bool is_object(const json_t *value)
{
    return json_is_object(value);
}

static bool is_map(const json_t *value)
{
    json_t *object = (json_t *)(uintptr_t)value; /* jansson's iterators lack const */

    for (void *at = json_object_iter(object); at != NULL; at = json_object_iter_next(object, at)) {
        if (!json_is_string(json_object_iter_value(at)))
            return false;
    }
    return json_is_object(value);
}

/* SNAP-I-001, INST-ID-001 */
static bool is_id(const json_t *value)
{
    struct text t = text_of_json(value);

    if (t.len != 24 || t.data[0] < 'a' || t.data[0] > 'z')
        return false;
    for (size_t i = 1; i < t.len; i++) {
        if ((t.data[i] < 'a' || t.data[i] > 'z') && (t.data[i] < '0' || t.data[i] > '9'))
            return false;
    }
    return true;
}

/* JSON-010: also that the fraction has no trailing zero. */
static bool is_timestamp(const json_t *value)
{
    struct timestamp ts;
    struct text t = text_of_json(value);
    const char *dot = t.len == 0 ? NULL : memchr(t.data, '.', t.len);

    if (!json_is_string(value) || !rfc3339_parse(t, &ts))
        return false;
    size_t digits = dot == NULL ? 0 : strspn(dot + 1, "0123456789");
    return dot == NULL || (digits <= 9 && dot[digits] != '0');
}

static bool is_duration(const json_t *value)
{
    struct error ignored = { 0 };
    int64_t ns;

    return json_is_string(value) && go_duration_parse(text_of_json(value), &ns, &ignored);
}

/* INST-J-010: "1024.0 MB", "0 B", and with INST-J-012 "119.2 MB/s". */
static bool is_size(const json_t *value)
{
    regex_t regex;
    bool fits = false;

    if (json_is_string(value) && regcomp(&regex, "^([0-9]+ B|[0-9]+\\.[0-9] [KMGTPE]B)(/s)?$",
                                         REG_EXTENDED | REG_NOSUB) == 0) {
        fits = regexec(&regex, json_string_value(value), 0, NULL, 0) == 0;
        regfree(&regex);
    }
    return fits;
}

static const struct {
    const char *name;
    const char *words;
    bool (*fits)(const json_t *value);
} types[] = {
    { "string", "a string", is_string },
    { "integer", "an integer", is_integer },
    { "number", "a number", is_number },
    { "boolean", "true or false", is_boolean },
    { "object", "an object", is_object },
    { "map", "an object of strings", is_map },
    { "id", "an id: a letter a-z, then 23 of a-z and 0-9", is_id },
    { "timestamp", "an RFC 3339 time without trailing zeros", is_timestamp },
    { "duration", "a duration such as 1h0m0s", is_duration },
    { "size", "a size such as 10.0 GB", is_size },
};

static const json_t *object_shape(const struct shapes *shapes, struct text name)
{
    return json_object_getn(json_object_get(shapes->document, "objects"), name.data, name.len);
}

/* "[TYPE]": true, *item is TYPE. */
static bool list_item(struct text type, struct text *item)
{
    if (type.len < 3 || type.data[0] != '[' || type.data[type.len - 1] != ']')
        return false;
    *item = (struct text){ type.data + 1, type.len - 2 };
    return true;
}

/* Takes "|null" off. */
static bool may_be_null(struct text *type)
{
    static const struct text null = TEXT("|null");

    if (type->len <= null.len ||
        memcmp(type->data + type->len - null.len, null.data, null.len) != 0)
        return false;
    type->len -= null.len;
    return true;
}

/* ---- loading ---- */

static bool type_check(const struct shapes *shapes, const struct json_at *at, struct text type,
                       struct error *err)
{
    struct text item;

    (void)may_be_null(&type);
    if (list_item(type, &item))
        return type_check(shapes, at, item, err);
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (text_equal_cstr(type, types[i].name))
            return true;
    }
    return object_shape(shapes, type) != NULL || text_equal(type, TEXT("empty")) ||
           text_equal(type, TEXT("text")) ||
           json_complain(at, err, "is no type: \"" TEXT_FMT "\"", TEXT_ARGS(type));
}

static bool object_check(const struct shapes *shapes, const struct catalogue *catalogue,
                         const struct json_at *at, struct error *err)
{
    static const char *const keys[] = { "members", "rules", NULL };
    struct json_at members = { 0 }, rules = { 0 };

    if (!json_allow_keys(at, keys, err) || !json_get_object(at, "members", true, &members, err) ||
        !json_get_object(at, "rules", true, &rules, err))
        return false;
    for (void *i = json_object_iter(members.value); i != NULL;
         i = json_object_iter_next(members.value, i)) {
        const struct json_at member = { .value = json_object_iter_value(i),
                                        .parent = &members,
                                        .key = json_object_iter_key(i) };
        if (!json_is_array(member.value) &&
            !type_check(shapes, &member, text_of_json(member.value), err))
            return false;
    }
    for (void *i = json_object_iter(rules.value); i != NULL;
         i = json_object_iter_next(rules.value, i)) {
        const struct json_at rule = { .value = json_object_iter_value(i),
                                      .parent = &rules,
                                      .key = json_object_iter_key(i) };
        if (catalogue_find(catalogue, text_of_json(rule.value)) == NULL)
            return json_complain(&rule, err, "is no rule of the contract");
    }
    return json_object_get(rules.value, "*") != NULL || json_complain(&rules, err, "has no \"*\"");
}

static bool operation_load(const struct shapes *shapes, const struct json_at *at,
                           struct arena *arena, struct operation_shape *out, struct error *err)
{
    static const char *const keys[] = { "answers", "errors", "creates", "content", NULL };
    struct json_at answers = { 0 }, errors = { 0 };
    struct text path = text_of(at->key), creates = { 0 }, content = { 0 };
    struct text method = text_split(&path, ' ');

    if (!json_allow_keys(at, keys, err) || !json_get_object(at, "answers", true, &answers, err) ||
        !json_get_array(at, "errors", true, &errors, err) ||
        !json_get_string(at, "creates", false, &creates, err) ||
        !json_get_string(at, "content", false, &content, err))
        return false;
    for (void *i = json_object_iter(answers.value); i != NULL;
         i = json_object_iter_next(answers.value, i)) {
        const struct json_at answer = { .value = json_object_iter_value(i),
                                        .parent = &answers,
                                        .key = json_object_iter_key(i) };
        if (!type_check(shapes, &answer, text_of_json(answer.value), err))
            return false;
    }
    *out = (struct operation_shape){ .method = arena_copy(arena, method),
                                     .answers = answers.value,
                                     .errors = errors.value,
                                     .creates = creates.data,
                                     .content = content.data };
    return out->method == NULL ? error_set(err, ERROR_NO_MEMORY, "out of memory")
                               : path_template_parse(path, &out->path, err);
}

static bool load(const struct catalogue *catalogue, struct arena *arena, struct shapes *out,
                 struct error *err)
{
    static const char *const keys[] = { "objects", "operations", "always", "cleanup", NULL };
    const struct json_at root = json_root(out->document);
    struct json_at objects = { 0 }, operations = { 0 }, always = { 0 }, cleanup = { 0 };
    bool ok = json_allow_keys(&root, keys, err) &&
              json_get_object(&root, "objects", true, &objects, err) &&
              json_get_object(&root, "operations", true, &operations, err) &&
              json_get_array(&root, "always", true, &always, err) &&
              json_get_array(&root, "cleanup", true, &cleanup, err);

    for (void *i = json_object_iter(objects.value); ok && i != NULL;
         i = json_object_iter_next(objects.value, i)) {
        const struct json_at at = { .value = json_object_iter_value(i),
                                    .parent = &objects,
                                    .key = json_object_iter_key(i) };
        ok = object_check(out, catalogue, &at, err);
    }
    if (!ok)
        return false;
    out->operations =
        arena_zalloc(arena, (json_object_size(operations.value) + 1) * sizeof *out->operations);
    if (out->operations == NULL)
        return error_set(err, ERROR_NO_MEMORY, "out of memory");
    for (void *i = json_object_iter(operations.value); ok && i != NULL;
         i = json_object_iter_next(operations.value, i)) {
        const struct json_at at = { .value = json_object_iter_value(i),
                                    .parent = &operations,
                                    .key = json_object_iter_key(i) };
        ok = operation_load(out, &at, arena, &out->operations[out->count], err);
        out->count += ok ? 1 : 0;
    }
    return ok;
}

bool shapes_load(struct text document, const struct catalogue *catalogue, struct arena *arena,
                 struct shapes *out, struct error *err)
{
    *out = (struct shapes){ 0 };
    if (json_document_load(document, false, &out->document, err) &&
        load(catalogue, arena, out, err))
        return true;
    shapes_fini(out);
    return error_prefix(err, "schema/resources.json: ");
}

void shapes_fini(struct shapes *shapes)
{
    for (size_t i = 0; i < shapes->count; i++)
        path_template_free(shapes->operations[i].path);
    json_decref(shapes->document);
    *shapes = (struct shapes){ 0 };
}

/* ---- looking up ---- */

const struct operation_shape *shapes_find(const struct shapes *shapes, const char *method,
                                          struct text path)
{
    struct text captures[PATH_TEMPLATE_MAX_VARIABLES];
    const struct operation_shape *found = NULL;

    for (size_t i = 0; i < shapes->count; i++) {
        const struct operation_shape *operation = &shapes->operations[i];
        if (strcmp(operation->method, method) != 0 ||
            !path_template_match(operation->path, path, captures))
            continue;
        /* A literal path wins over one with a variable. */
        if (found == NULL || path_template_variable_count(operation->path) <
                                 path_template_variable_count(found->path))
            found = operation;
    }
    return found;
}

const char *shapes_cleanup(const struct shapes *shapes, size_t i)
{
    return json_string_value(json_array_get(json_object_get(shapes->document, "cleanup"), i));
}

/* ---- checking ---- */

struct checking {
    const struct shapes *shapes;
    enum truth truth;
    struct match_report *report;
};

static bool note(const struct checking *c, bool fits, const char *rule, const char *path,
                 const char *expected, const json_t *got)
{
    size_t before = c->report->mismatches;

    match_note(c->report, fits, path, expected, fits ? "" : match_show(c->report->arena, got));
    if (c->report->mismatches > before && c->report->last != NULL)
        c->report->last->rule = rule;
    return fits;
}

static void check_type(const struct checking *c, struct text type, const json_t *value,
                       const char *rule, const char *path);

static void check_enum(const struct checking *c, const json_t *values, const json_t *value,
                       const char *rule, const char *path)
{
    bool fits = false;

    for (size_t i = 0; !fits && i < json_array_size(values); i++)
        fits = json_equal(json_array_get(values, i), value);
    const char *words = fits ? "" : match_show(c->report->arena, values);
    const char *expected = fits ? "" : arena_printf(c->report->arena, "one of %s", words);
    note(c, fits, rule, path, expected == NULL ? words : expected, value);
}

static void check_member(const struct checking *c, const char *key, const json_t *type,
                         const json_t *object, const json_t *rules, const char *path)
{
    char name[TYPE_MAX_BYTES], at[EXPECTED_MAX];
    size_t len = strlen(key);
    bool optional = key[len - 1] == '?';

    (void)snprintf(name, sizeof name, "%.*s", (int)(len - (optional ? 1 : 0)), key);
    (void)snprintf(at, sizeof at, "%s/%s", path, name);
    const json_t *value = json_object_get(object, name);
    const char *rule = json_string_value(json_object_get(rules, name));
    if (rule == NULL)
        rule = json_string_value(json_object_get(rules, "*"));
    if (value == NULL) {
        if (!optional)
            note(c, false, rule, at, "to be present", NULL);
    } else if (json_is_array(type)) {
        check_enum(c, type, value, rule, at);
    } else {
        check_type(c, text_of_json(type), value, rule, at);
    }
}

static bool is_documented(const json_t *members, const char *name)
{
    char optional[TYPE_MAX_BYTES];

    (void)snprintf(optional, sizeof optional, "%s?", name);
    return json_object_get(members, name) != NULL || json_object_get(members, optional) != NULL;
}

static void check_object(const struct checking *c, const json_t *shape, const json_t *value,
                         const char *rule, const char *path)
{
    json_t *members = json_object_get(shape, "members");
    const json_t *rules = json_object_get(shape, "rules");
    json_t *object = (json_t *)(uintptr_t)value; /* jansson's iterators lack const */

    if (!note(c, json_is_object(value), rule, path, "an object", value))
        return;
    for (void *i = json_object_iter(members); i != NULL; i = json_object_iter_next(members, i))
        check_member(c, json_object_iter_key(i), json_object_iter_value(i), value, rules, path);
    if (c->truth != TRUTH_SPEC)
        return;
    for (void *i = json_object_iter(object); i != NULL; i = json_object_iter_next(object, i)) {
        char at[EXPECTED_MAX];
        if (is_documented(members, json_object_iter_key(i)))
            continue;
        (void)snprintf(at, sizeof at, "%s/%s", path, json_object_iter_key(i));
        note(c, false, json_string_value(json_object_get(rules, "*")), at,
             "no member that is not documented", json_object_iter_value(i));
    }
}

static void check_list(const struct checking *c, struct text item, const json_t *value,
                       const char *rule, const char *path)
{
    if (!note(c, json_is_array(value), rule, path, "an array", value)) /* JSON-003 */
        return;
    for (size_t i = 0; i < json_array_size(value); i++) {
        char at[EXPECTED_MAX];
        (void)snprintf(at, sizeof at, "%s/%zu", path, i);
        check_type(c, item, json_array_get(value, i), rule, at);
    }
}

static void check_type(const struct checking *c, struct text type, const json_t *value,
                       const char *rule, const char *path)
{
    struct text item;

    if (may_be_null(&type) && json_is_null(value))
        return;
    if (list_item(type, &item)) {
        check_list(c, item, value, rule, path);
        return;
    }
    for (size_t i = 0; i < ARRAY_LEN(types); i++) {
        if (text_equal_cstr(type, types[i].name)) {
            note(c, types[i].fits(value), rule, path, types[i].words, value);
            return;
        }
    }
    check_object(c, object_shape(c->shapes, type), value, rule, path);
}

static bool lists_status(const json_t *statuses, int status)
{
    for (size_t i = 0; i < json_array_size(statuses); i++) {
        if (json_integer_value(json_array_get(statuses, i)) == status)
            return true;
    }
    return false;
}

/* The part before ';', e.g. of "application/json; charset=utf-8". */
static bool content_is(struct text content_type, const char *wanted)
{
    struct text rest = content_type;

    return text_equal_nocase(text_split(&rest, ';'), text_of(wanted));
}

static void note_text(const struct checking *c, bool fits, const char *rule, const char *path,
                      const char *expected, struct text got)
{
    json_auto_t *shown = fits || got.data == NULL ? NULL : json_stringn(got.data, got.len);

    note(c, fits, rule, path, expected, shown);
}

static void check_success(const struct checking *c, const struct operation_shape *operation,
                          struct text type, const struct shaped_answer *a)
{
    const char *content = operation->content == NULL ? "application/json" : operation->content;

    if (text_equal(type, TEXT("empty"))) {
        note_text(c, a->body.len == 0, "HTTP-031", "body", "none", a->body);
        return;
    }
    note_text(c, content_is(a->content_type, content), "HTTP-030", "header Content-Type", content,
              a->content_type);
    if (text_equal(type, TEXT("text")))
        return;
    note_text(c, a->json != NULL, "JSON-001", "body", "JSON", a->body);
    if (a->json != NULL)
        check_type(c, type, a->json, "JSON-003", "");
}

/* The real server's refusals are often plain text or no JSON at all (VALID-002, ERR-007). */
static void check_error(const struct checking *c, const struct shaped_answer *a)
{
    if (c->truth != TRUTH_SPEC)
        return;
    note_text(c, content_is(a->content_type, "application/json"), "HTTP-030", "header Content-Type",
              "application/json", a->content_type);
    note_text(c, a->json != NULL, "ERR-001", "body", "JSON", a->body);
    if (a->json != NULL)
        check_type(c, TEXT("Error"), a->json, "ERR-001", "");
}

void shapes_check(const struct shapes *shapes, enum truth truth, const struct shaped_answer *a,
                  struct match_report *report)
{
    const struct checking c = { shapes, truth, report };
    const struct operation_shape *operation = shapes_find(shapes, a->method, a->path);
    char status[16];

    (void)snprintf(status, sizeof status, "%d", a->status);
    const json_t *type = operation == NULL ? NULL : json_object_get(operation->answers, status);
    if (type != NULL) {
        check_success(&c, operation, text_of_json(type), a);
        return;
    }
    if (operation != NULL) {
        bool listed = lists_status(operation->errors, a->status) ||
                      lists_status(json_object_get(shapes->document, "always"), a->status);
        json_auto_t *got = json_integer(a->status);
        note(&c, listed, "ERR-007", "status", "one that the operation documents", got);
    }
    if (a->status >= 400 && strcmp(a->method, "HEAD") != 0) /* whose answers have no body */
        check_error(&c, a);
}

bool shapes_check_rule(const struct shapes *shapes, const char *rule)
{
    static const char *const always[] = { "HTTP-030", "HTTP-031", "JSON-001", "JSON-003",
                                          "ERR-001" };
    json_t *objects = json_object_get(shapes->document, "objects");

    for (size_t i = 0; i < ARRAY_LEN(always); i++) {
        if (strcmp(always[i], rule) == 0)
            return true;
    }
    for (void *i = json_object_iter(objects); i != NULL; i = json_object_iter_next(objects, i)) {
        json_t *rules = json_object_get(json_object_iter_value(i), "rules");
        for (void *r = json_object_iter(rules); r != NULL; r = json_object_iter_next(rules, r)) {
            if (strcmp(json_string_value(json_object_iter_value(r)), rule) == 0)
                return true;
        }
    }
    return false;
}
