#include "conformance/suite/match.h"

#include <assert.h>
#include <regex.h>
#include <string.h>

enum { SHOWN_MAX = 240, POINTER_MAX = 512, MATCHED_MAX = 1 << 20 };

/* ---- reporting ---- */

const char *match_show(struct arena *arena, const json_t *value)
{
    SCOPED(buffer) struct buffer json = buffer_capped(MATCHED_MAX);

    if (value == NULL)
        return "nothing";
    if (!json_document_append(&json, value))
        return "(too large to show)";
    struct text shown = buffer_text(&json);
    bool cut = shown.len > SHOWN_MAX;
    shown.len = text_cut_len(shown, SHOWN_MAX);
    const char *text = arena_printf(arena, TEXT_FMT "%s", TEXT_ARGS(shown), cut ? "..." : "");
    return text == NULL ? "(no memory to show it)" : text;
}

bool match_note(struct match_report *report, bool fits, const char *path, const char *expected,
                const char *got)
{
    report->checks++;
    if (fits)
        return true;
    report->mismatches++;
    struct mismatch *m = arena_alloc(report->arena, sizeof *m);
    if (m == NULL)
        return false;
    *m = (struct mismatch){ .path = arena_copy(report->arena, text_of(path)),
                            .expected = arena_copy(report->arena, text_of(expected)),
                            .got = arena_copy(report->arena, text_of(got)) };
    if (m->path == NULL || m->expected == NULL || m->got == NULL)
        return false;
    *(report->last == NULL ? &report->first : &report->last->next) = m;
    report->last = m;
    return false;
}

/* The same, expected being "WORDS VALUE". */
static bool note(struct match_report *report, bool fits, const char *path, const char *words,
                 const json_t *expected, const json_t *got)
{
    if (fits)
        return match_note(report, true, path, "", "");
    const char *wanted = match_show(report->arena, expected);
    const char *both =
        arena_printf(report->arena, "%s%s%s", words, words[0] == '\0' ? "" : " ", wanted);
    return match_note(report, false, path, both == NULL ? wanted : both,
                      match_show(report->arena, got));
}

/* ---- JSON ---- */

json_t *match_pointer(const json_t *value, const char *pointer)
{
    struct text rest = text_of(pointer);
    const json_t *at = value;

    if (rest.len == 0)
        return (json_t *)(uintptr_t)at;
    (void)text_split(&rest, '/'); /* what stands before the first slash */
    while (at != NULL && rest.data != NULL) {
        struct text step = text_split(&rest, '/');
        char name[POINTER_MAX];
        size_t len = 0;
        uint64_t index;
        for (size_t i = 0; i < step.len && len < sizeof name; i++) {
            bool escaped = step.data[i] == '~' && i + 1 < step.len;
            name[len++] = !escaped ? step.data[i] : step.data[++i] == '1' ? '/' : '~';
        }
        if (json_is_array(at))
            at = text_parse_u64(step, &index) ? json_array_get(at, index) : NULL;
        else
            at = json_object_getn(at, name, len);
    }
    return (json_t *)(uintptr_t)at;
}

static const char *below(struct arena *arena, const char *path, const char *name)
{
    const char *both = arena_printf(arena, "%s/%s", path, name);
    return both == NULL ? path : both;
}

static bool fits_quietly(const json_t *matcher, const json_t *value, bool of_message)
{
    SCOPED(arena) struct arena scratch = arena_capped(MATCHED_MAX);
    struct match_report quiet = { .arena = &scratch, .of_message = of_message };

    return match(matcher, value, "", &quiet);
}

/* Absent, null, zero or empty, which a message may not tell apart. */
static bool is_unset(const json_t *value)
{
    return value == NULL || json_is_null(value) || json_is_false(value) ||
           (json_is_number(value) && json_number_value(value) == 0) ||
           (json_is_string(value) && json_string_length(value) == 0) ||
           (json_is_array(value) && json_array_size(value) == 0) ||
           (json_is_object(value) && json_object_size(value) == 0);
}

/* ---- the conditions ---- */

struct condition_call {
    const char *name;
    const json_t *wanted;
    const json_t *value; /* NULL when absent */
    const char *path;
    struct match_report *report;
};

/* The plain outcome of a condition, in its own words. */
static bool say(const struct condition_call *c, bool fits)
{
    return note(c->report, fits, c->path, c->name + 1, c->wanted, c->value);
}

static bool presence(const struct condition_call *c, bool wanted)
{
    return match_note(c->report, (c->value != NULL) == wanted, c->path,
                      wanted ? "to be present" : "to be absent",
                      match_show(c->report->arena, c->value));
}

static bool is_absent(const struct condition_call *c)
{
    return presence(c, !json_is_true(c->wanted));
}

static bool is_present(const struct condition_call *c)
{
    return presence(c, json_is_true(c->wanted));
}

static const char *const type_names[] = { "string", "integer", "number", "boolean",
                                          "object", "array",   "null",   NULL };

static bool has_type(const json_t *value, const char *type)
{
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        return strcmp(type, "object") == 0;
    case JSON_ARRAY:
        return strcmp(type, "array") == 0;
    case JSON_STRING:
        return strcmp(type, "string") == 0;
    case JSON_INTEGER:
        return strcmp(type, "integer") == 0 || strcmp(type, "number") == 0;
    case JSON_REAL:
        return strcmp(type, "number") == 0;
    case JSON_TRUE:
    case JSON_FALSE:
        return strcmp(type, "boolean") == 0;
    case JSON_NULL:
        break;
    }
    return strcmp(type, "null") == 0;
}

static bool is_of_type(const struct condition_call *c)
{
    return say(c, c->value != NULL && has_type(c->value, json_string_value(c->wanted)));
}

static bool fits_pattern(const struct condition_call *c)
{
    regex_t regex;
    bool fits = false;

    if (json_is_string(c->value) &&
        regcomp(&regex, json_string_value(c->wanted), REG_EXTENDED | REG_NOSUB) == 0) {
        fits = regexec(&regex, json_string_value(c->value), 0, NULL, 0) == 0;
        regfree(&regex);
    }
    return say(c, fits);
}

static bool is_one_of(const struct condition_call *c)
{
    bool found = false;

    for (size_t i = 0; !found && c->value != NULL && i < json_array_size(c->wanted); i++)
        found = fits_quietly(json_array_get(c->wanted, i), c->value, c->report->of_message);
    return say(c, found);
}

/* Each matcher takes the first item left that fits it; good enough for matchers that do not
 * overlap. */
static bool is_set(const struct condition_call *c)
{
    json_auto_t *left = json_is_array(c->value) ? json_copy((json_t *)(uintptr_t)c->value) : NULL;
    bool fits = left != NULL && json_array_size(left) == json_array_size(c->wanted);

    for (size_t i = 0; fits && i < json_array_size(c->wanted); i++) {
        size_t at = 0;
        while (at < json_array_size(left) &&
               !fits_quietly(json_array_get(c->wanted, i), json_array_get(left, at),
                             c->report->of_message))
            at++;
        fits = at < json_array_size(left) && json_array_remove(left, at) == 0;
    }
    return say(c, fits);
}

static bool length_of(const json_t *value, json_int_t *out)
{
    struct text t = { json_string_value(value), json_string_length(value) };

    if (json_is_string(value))
        *out = (json_int_t)text_count_chars(t);
    else if (json_is_array(value))
        *out = (json_int_t)json_array_size(value);
    else if (json_is_object(value))
        *out = (json_int_t)json_object_size(value);
    else
        return false;
    return true;
}

static bool has_length(const struct condition_call *c)
{
    json_int_t length = 0;
    bool fits = length_of(c->value, &length);
    const json_t *min = json_object_get(c->wanted, "min");
    const json_t *max = json_object_get(c->wanted, "max");

    if (json_is_integer(c->wanted))
        min = max = c->wanted;
    return say(c, fits && (min == NULL || length >= json_integer_value(min)) &&
                      (max == NULL || length <= json_integer_value(max)));
}

static bool is_at_least(const struct condition_call *c)
{
    return say(c, json_is_number(c->value) &&
                      json_number_value(c->value) >= json_number_value(c->wanted));
}

static bool is_at_most(const struct condition_call *c)
{
    return say(c, json_is_number(c->value) &&
                      json_number_value(c->value) <= json_number_value(c->wanted));
}

/* <0, 0, >0 of two strings or two numbers; other pairs have no order. */
static bool order_of(const json_t *a, const json_t *b, int *out)
{
    if (json_is_string(a) && json_is_string(b)) {
        *out = text_compare((struct text){ json_string_value(a), json_string_length(a) },
                            (struct text){ json_string_value(b), json_string_length(b) });
        return true;
    }
    double x = json_number_value(a), y = json_number_value(b);
    *out = (x > y) - (x < y);
    return json_is_number(a) && json_is_number(b);
}

static bool is_ordered(const struct condition_call *c)
{
    const char *pointer = json_string_value(c->wanted);
    bool descends = pointer[0] == '-';
    bool fits = json_is_array(c->value);

    pointer += descends ? 1 : 0;
    for (size_t i = 1; fits && i < json_array_size(c->value); i++) {
        int order = 0;
        fits = order_of(match_pointer(json_array_get(c->value, i - 1), pointer),
                        match_pointer(json_array_get(c->value, i), pointer), &order) &&
               (descends ? order >= 0 : order <= 0);
    }
    return say(c, fits);
}

static bool contains(const struct condition_call *c)
{
    bool found = json_is_string(c->value) && json_is_string(c->wanted) &&
                 strstr(json_string_value(c->value), json_string_value(c->wanted)) != NULL;

    for (size_t i = 0; !found && i < json_array_size(c->value); i++)
        found = fits_quietly(c->wanted, json_array_get(c->value, i), c->report->of_message);
    return say(c, found);
}

static bool all_fit(const struct condition_call *c)
{
    bool fits = json_is_array(c->value);

    if (!fits)
        return say(c, false);
    for (size_t i = 0; i < json_array_size(c->value); i++) {
        const char *index = arena_printf(c->report->arena, "%s/%zu", c->path, i);
        fits &= match(c->wanted, json_array_get(c->value, i), index == NULL ? c->path : index,
                      c->report);
    }
    return fits;
}

/* A copy without the members that a message cannot tell from absent ones; NULL when out of memory.
 */
static json_t *set_members(const json_t *value)
{
    json_t *object = (json_t *)(uintptr_t)value; /* jansson's iterators lack const */
    json_t *copy = json_is_object(value) ? json_object() : json_deep_copy(value);

    for (void *at = json_object_iter(object); copy != NULL && at != NULL;
         at = json_object_iter_next(object, at)) {
        const json_t *member = json_object_iter_value(at);
        if (!is_unset(member) &&
            json_object_set_new(copy, json_object_iter_key(at), set_members(member)) != 0) {
            json_decref(copy);
            return NULL;
        }
    }
    return copy;
}

static bool is_exactly(const struct condition_call *c)
{
    if (!c->report->of_message || c->value == NULL)
        return say(c, c->value != NULL && json_equal(c->wanted, c->value));
    json_auto_t *wanted = set_members(c->wanted), *got = set_members(c->value);
    return say(c, wanted != NULL && got != NULL && json_equal(wanted, got));
}

static bool does_not_fit(const struct condition_call *c)
{
    return say(c, !fits_quietly(c->wanted, c->value, c->report->of_message));
}

/* ---- what a condition may be given ---- */

static bool is_flag(const struct json_at *at, struct error *err)
{
    return json_is_boolean(at->value) || json_complain(at, err, "must be true or false");
}

static bool is_type_name(const struct json_at *at, struct error *err)
{
    const char *type = json_string_value(at->value);

    for (size_t i = 0; type != NULL && type_names[i] != NULL; i++) {
        if (strcmp(type, type_names[i]) == 0)
            return true;
    }
    const char *near = type == NULL ? NULL : text_nearest(type, type_names);
    return json_complain(at, err, "must name a type%s%s%s", near == NULL ? "" : "; did you mean \"",
                         near == NULL ? "" : near, near == NULL ? "" : "\"?");
}

static bool is_pattern(const struct json_at *at, struct error *err)
{
    regex_t regex;
    char why[128];

    if (!json_is_string(at->value))
        return json_complain(at, err, "must be a pattern, in a string");
    int refused = regcomp(&regex, json_string_value(at->value), REG_EXTENDED | REG_NOSUB);
    if (refused == 0) {
        regfree(&regex);
        return true;
    }
    regerror(refused, &regex, why, sizeof why);
    return json_complain(at, err, "is no pattern: %s", why);
}

static bool is_number(const struct json_at *at, struct error *err)
{
    return json_is_number(at->value) || json_complain(at, err, "must be a number");
}

static bool is_list(const struct json_at *at, struct error *err)
{
    if (!json_is_array(at->value))
        return json_complain(at, err, "must be an array");
    for (size_t i = 0; i < json_array_size(at->value); i++) {
        const struct json_at item = json_item(at, i);
        if (!match_check(&item, err))
            return false;
    }
    return true;
}

static bool is_length(const struct json_at *at, struct error *err)
{
    static const char *const names[] = { "min", "max", NULL };
    int64_t end = 0;

    if (json_is_integer(at->value))
        return true;
    if (!json_is_object(at->value))
        return json_complain(at, err, "must be a whole number, or {\"min\": 1, \"max\": 3}");
    return json_allow_keys(at, names, err) && json_get_i64(at, "min", false, &end, err) &&
           json_get_i64(at, "max", false, &end, err);
}

static bool is_order(const struct json_at *at, struct error *err)
{
    const char *pointer = json_string_value(at->value);

    return (pointer != NULL && (pointer[0] == '/' || pointer[0] == '\0' || pointer[0] == '-')) ||
           json_complain(at, err, "must be a JSON pointer such as \"/id\" or \"-/created_at\"");
}

static bool is_anything(const struct json_at *at, struct error *err)
{
    (void)at;
    (void)err;
    return true;
}

static const struct condition {
    const char *name;
    bool (*fits)(const struct condition_call *call);
    bool (*accepts)(const struct json_at *wanted, struct error *err);
} conditions[] = {
    { "$absent", is_absent, is_flag },
    { "$contains", contains, match_check },
    { "$each", all_fit, match_check },
    { "$exact", is_exactly, is_anything },
    { "$in", is_one_of, is_list },
    { "$length", has_length, is_length },
    { "$max", is_at_most, is_number },
    { "$min", is_at_least, is_number },
    { "$not", does_not_fit, match_check },
    { "$ordered_by", is_ordered, is_order },
    { "$pattern", fits_pattern, is_pattern },
    { "$present", is_present, is_flag },
    { "$set", is_set, is_list },
    { "$type", is_of_type, is_type_name },
};

static const struct condition *find_condition(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(conditions); i++) {
        if (strcmp(conditions[i].name, name) == 0)
            return &conditions[i];
    }
    return NULL;
}

/* jansson's iterators lack const. */
static void *first_member(const json_t *object)
{
    return json_object_iter((json_t *)(uintptr_t)object);
}

static void *next_member(const json_t *object, void *at)
{
    return json_object_iter_next((json_t *)(uintptr_t)object, at);
}

static bool is_conditions(const json_t *matcher)
{
    void *at = first_member(matcher);

    return at != NULL && json_object_iter_key(at)[0] == '$';
}

/* ---- matching ---- */

static bool match_conditions(const json_t *matcher, const json_t *value, const char *path,
                             struct match_report *report)
{
    bool fits = true;

    for (void *at = first_member(matcher); at != NULL; at = next_member(matcher, at)) {
        const struct condition *condition = find_condition(json_object_iter_key(at));
        assert(condition != NULL); /* match_check */
        fits &= condition->fits(&(struct condition_call){ .name = condition->name,
                                                          .wanted = json_object_iter_value(at),
                                                          .value = value,
                                                          .path = path,
                                                          .report = report });
    }
    return fits;
}

static bool match_members(const json_t *matcher, const json_t *value, const char *path,
                          struct match_report *report)
{
    bool fits = note(report, json_is_object(value), path, "an object like", matcher, value);

    if (!fits)
        return false;
    for (void *at = first_member(matcher); at != NULL; at = next_member(matcher, at)) {
        const char *name = json_object_iter_key(at);
        fits &= match(json_object_iter_value(at), json_object_get(value, name),
                      below(report->arena, path, name), report);
    }
    return fits;
}

static bool match_items(const json_t *matcher, const json_t *value, const char *path,
                        struct match_report *report)
{
    bool fits = json_is_array(value) && json_array_size(value) == json_array_size(matcher);

    if (!note(report, fits, path, "", matcher, value))
        return false;
    for (size_t i = 0; i < json_array_size(matcher); i++) {
        const char *index = arena_printf(report->arena, "%s/%zu", path, i);
        fits &= match(json_array_get(matcher, i), json_array_get(value, i),
                      index == NULL ? path : index, report);
    }
    return fits;
}

/* Whether it fits as absent, or as null. */
static bool fits_unset(const json_t *matcher)
{
    json_auto_t *null = json_null();

    return fits_quietly(matcher, NULL, false) || fits_quietly(matcher, null, false);
}

bool match(const json_t *matcher, const json_t *value, const char *path,
           struct match_report *report)
{
    if (report->of_message && is_unset(value) && fits_unset(matcher))
        return match_note(report, true, path, "", "");
    if (json_is_object(matcher))
        return is_conditions(matcher) ? match_conditions(matcher, value, path, report)
                                      : match_members(matcher, value, path, report);
    if (json_is_array(matcher))
        return match_items(matcher, value, path, report);
    return note(report, value != NULL && json_equal(matcher, value), path, "", matcher, value);
}

/* ---- judging matchers ---- */

static bool check_conditions(const struct json_at *matcher, struct error *err)
{
    const char *names[ARRAY_LEN(conditions) + 1] = { 0 };

    for (size_t i = 0; i < ARRAY_LEN(conditions); i++)
        names[i] = conditions[i].name;
    if (!json_allow_keys(matcher, names, err))
        return false;
    for (void *at = first_member(matcher->value); at != NULL;
         at = next_member(matcher->value, at)) {
        const struct json_at wanted = { .value = json_object_iter_value(at),
                                        .parent = matcher,
                                        .key = json_object_iter_key(at) };
        if (!find_condition(wanted.key)->accepts(&wanted, err))
            return false;
    }
    return true;
}

bool match_check(const struct json_at *matcher, struct error *err)
{
    if (json_is_array(matcher->value))
        return is_list(matcher, err);
    if (!json_is_object(matcher->value))
        return true;
    if (is_conditions(matcher->value))
        return check_conditions(matcher, err);
    for (void *at = first_member(matcher->value); at != NULL;
         at = next_member(matcher->value, at)) {
        const struct json_at member = { .value = json_object_iter_value(at),
                                        .parent = matcher,
                                        .key = json_object_iter_key(at) };
        if (!match_check(&member, err))
            return false;
    }
    return true;
}
