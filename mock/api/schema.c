#include "mock/api/schema.h"

#include "common/base/buffer.h"
#include "common/json/rfc3339.h"
#include <inttypes.h>

/* Where in the body we are, as a list on the stack from the inside out. */
struct place {
    const struct place *outer; /* NULL at the root */
    struct text key;           /* data NULL for an array index */
    size_t index;
};

enum { POINTER_MAX_BYTES = 512 };

static void append_pointer(struct buffer *out, const struct place *place)
{
    if (place->outer == NULL)
        return;
    append_pointer(out, place->outer);
    buffer_append_byte(out, '/');
    if (place->key.data != NULL)
        buffer_append_text(out, place->key);
    else
        buffer_append_u64(out, place->index);
}

/* Puts the place in front of the reason already in *err. The pointer is not escaped (4.2). */
static bool at_place(const struct place *place, struct error *err)
{
    if (place->outer == NULL)
        return false;
    SCOPED(buffer) struct buffer pointer = buffer_capped(POINTER_MAX_BYTES);
    append_pointer(&pointer, place);
    return error_prefix(err, "Error at \"" TEXT_FMT "\": ", TEXT_ARGS(buffer_text(&pointer)));
}

static bool fault(const struct place *place, struct error *err, const char *reason)
{
    error_set(err, ERROR_INVALID_ARGUMENT, "%s", reason);
    return at_place(place, err);
}

static bool is_listed(const char *const *names, struct text t)
{
    for (; *names != NULL; names++) {
        if (text_equal_cstr(t, *names))
            return true;
    }
    return false;
}

static bool not_allowed(const char *const *names, struct error *err)
{
    SCOPED(buffer) struct buffer list = buffer_capped(POINTER_MAX_BYTES);
    for (const char *const *name = names; *name != NULL; name++)
        buffer_appendf(&list, "%s\"%s\"", name == names ? "" : ",", *name);
    return error_set(err, ERROR_INVALID_ARGUMENT,
                     "value is not one of the allowed values [" TEXT_FMT "]",
                     TEXT_ARGS(buffer_text(&list))); /* VALID-013 */
}

bool schema_check_text(const struct schema *schema, struct text t, struct error *err)
{
    if (schema->names != NULL && !is_listed(schema->names, t))
        return not_allowed(schema->names, err);
    if (schema->max_length > 0 && text_count_chars(t) > schema->max_length)
        return error_set(err, ERROR_INVALID_ARGUMENT, "maximum string length is %zu",
                         schema->max_length); /* VALID-015 */
    if (schema->pattern != NULL && !schema->pattern->matches(t))
        return error_set(err, ERROR_INVALID_ARGUMENT,
                         "string doesn't match the regular expression \"%s\"",
                         schema->pattern->source); /* VALID-014 */
    if (schema->date_time != NULL && !schema->date_time->matches(t))
        return error_set(err, ERROR_INVALID_ARGUMENT,
                         "string doesn't match the format \"date-time\": string doesn't match "
                         "pattern \"%s\"",
                         schema->date_time->source); /* NEW-044 */
    return true;
}

static bool check(const struct schema *schema, struct body_value *value, const struct place *place,
                  struct arena *arena, struct error *err);

static bool check_string(const struct schema *schema, const struct body_value *value,
                         const struct place *place, struct error *err)
{
    /* The enum is judged before the type, also for null (VALID-013). */
    if (schema->names != NULL && value->kind != BODY_STRING) {
        not_allowed(schema->names, err);
        return at_place(place, err);
    }
    if (value->kind != BODY_STRING)
        return fault(place, err, "value must be a string");
    return schema_check_text(schema, value->text, err) || at_place(place, err);
}

static bool check_integer(const struct schema *schema, const struct body_value *value,
                          const struct place *place, struct error *err)
{
    if (value->kind != BODY_NUMBER || !body_number_is_whole(value->text))
        return fault(place, err, "value must be an integer");

    const double number = body_number_estimate(value->text);
    if (schema->has_min && number < (double)schema->min) {
        error_set(err, ERROR_INVALID_ARGUMENT, "number must be at least %" PRId64, schema->min);
        return at_place(place, err);
    }
    if (schema->has_max && number > (double)schema->max) {
        error_set(err, ERROR_INVALID_ARGUMENT, "number must be at most %" PRId64, schema->max);
        return at_place(place, err);
    }
    return true;
}

static bool check_array(const struct schema *schema, struct body_value *value,
                        const struct place *place, struct arena *arena, struct error *err)
{
    if (value->kind != BODY_ARRAY)
        return fault(place, err, "value must be an array");
    if (value->item_count < schema->min_items) {
        error_set(err, ERROR_INVALID_ARGUMENT, "minimum number of items is %zu", schema->min_items);
        return at_place(place, err);
    }
    for (size_t i = 0; i < value->item_count; i++) {
        const struct place inner = { .outer = place, .index = i };
        if (!check(schema->items, &value->items[i], &inner, arena, err))
            return false;
    }
    return true;
}

static bool check_map(const struct schema *schema, struct body_value *value,
                      const struct place *place, struct arena *arena, struct error *err)
{
    if (value->kind != BODY_OBJECT)
        return fault(place, err, "value must be an object");
    if (schema->max_members > 0 && value->member_count > schema->max_members) {
        error_set(err, ERROR_INVALID_ARGUMENT, "there must be at most %zu properties",
                  schema->max_members); /* VALID-018 */
        return at_place(place, err);
    }
    if (value->member_count < schema->min_members) {
        error_set(err, ERROR_INVALID_ARGUMENT, "there must be at least %zu properties",
                  schema->min_members);
        return at_place(place, err);
    }
    for (size_t i = 0; i < value->member_count; i++) {
        struct body_member *member = &value->members[i];
        const struct place inner = { .outer = place, .key = member->key };
        if (!check(schema->items, &member->value, &inner, arena, err))
            return false;
    }
    return true;
}

static struct body_value default_value(const struct schema_member *member)
{
    switch (member->fill) {
    case DEFAULT_TEXT:
        return (struct body_value){ .kind = BODY_STRING, .text = text_of(member->value) };
    case DEFAULT_NUMBER:
        return (struct body_value){ .kind = BODY_NUMBER, .text = text_of(member->value) };
    case DEFAULT_TRUE:
    case DEFAULT_FALSE:
        return (struct body_value){ .kind = BODY_BOOL, .truth = member->fill == DEFAULT_TRUE };
    case DEFAULT_NONE:
        break;
    }
    return (struct body_value){ .kind = BODY_NULL };
}

static bool fill_defaults(const struct schema *schema, struct body_value *object,
                          struct arena *arena, struct error *err)
{
    for (const struct schema_member *m = schema->members; m->name != NULL; m++) {
        if (m->fill == DEFAULT_NONE)
            continue;
        struct body_value *present = body_find(object, m->name);
        if (present != NULL && present->kind == BODY_NULL)
            *present = default_value(m);
        else if (present == NULL && !body_add_member(object, m->name, default_value(m), arena))
            return error_set(err, ERROR_NO_MEMORY, "out of memory");
    }
    return true;
}

static const struct schema_member *find_member(const struct schema *schema, struct text key)
{
    for (const struct schema_member *m = schema->members; m->name != NULL; m++) {
        if (text_equal_cstr(key, m->name))
            return m;
    }
    return NULL;
}

static bool check_object(const struct schema *schema, struct body_value *value,
                         const struct place *place, struct arena *arena, struct error *err)
{
    if (value->kind != BODY_OBJECT)
        return fault(place, err, "value must be an object");
    if (!fill_defaults(schema, value, arena, err))
        return false;

    for (size_t i = 0; i < value->member_count; i++) {
        struct body_member *member = &value->members[i];
        const struct schema_member *rule = find_member(schema, member->key);
        const struct place inner = { .outer = place, .key = member->key };
        if (rule != NULL && !check(rule->schema, &member->value, &inner, arena, err))
            return false;
    }
    for (const struct schema_member *m = schema->members; m->name != NULL && m->required; m++) {
        if (body_find(value, m->name) != NULL)
            continue;
        const struct place missing = { .outer = place, .key = text_of(m->name) };
        error_set(err, ERROR_INVALID_ARGUMENT, "property \"%s\" is missing", m->name);
        return at_place(&missing, err); /* VALID-010 */
    }
    return true;
}

static bool check(const struct schema *schema, struct body_value *value, const struct place *place,
                  struct arena *arena, struct error *err)
{
    if (value->kind == BODY_NULL && schema->nullable)
        return true;
    if (value->kind == BODY_NULL && schema->names == NULL)
        return fault(place, err, "Value is not nullable"); /* VALID-011 */

    switch (schema->type) {
    case SCHEMA_STRING:
        return check_string(schema, value, place, err);
    case SCHEMA_INTEGER:
        return check_integer(schema, value, place, err);
    case SCHEMA_BOOLEAN:
        return value->kind == BODY_BOOL || fault(place, err, "value must be a boolean");
    case SCHEMA_ARRAY:
        return check_array(schema, value, place, arena, err);
    case SCHEMA_OBJECT:
        return check_object(schema, value, place, arena, err);
    case SCHEMA_MAP:
        return check_map(schema, value, place, arena, err);
    }
    return false;
}

bool schema_check(const struct schema *schema, struct body_value *value, struct arena *arena,
                  struct error *err)
{
    const struct place root = { 0 };
    return check(schema, value, &root, arena, err);
}

/* The innermost struct's name and the whole dotted path, without array indexes (BIND-003). */
static void append_go_path(struct buffer *out, const struct place *place)
{
    if (place->outer == NULL)
        return;
    append_go_path(out, place->outer);
    if (place->key.data != NULL) {
        buffer_append_byte(out, '.');
        buffer_append_text(out, place->key);
    }
}

/* Passed the pattern, yet is no moment (NEW-045), in the words of Go's time.Parse. */
static bool bind_date_time(struct text t, struct error *err)
{
    struct timestamp parsed;
    if (rfc3339_parse(t, &parsed))
        return true;

    enum { SECONDS_AT = 17, SECONDS_END = 19 };
    const char last = t.data[t.len - 1];
    const bool has_offset = last == 'Z' || t.data[t.len - 3] == ':';
    if (!has_offset || t.len == SECONDS_END)
        return error_set(err, ERROR_INVALID_ARGUMENT,
                         "parsing time \"" TEXT_FMT "\" as \"2006-01-02T15:04:05Z07:00\": "
                         "cannot parse \"\" as \"Z07:00\"",
                         TEXT_ARGS(t));
    const char *part = "time zone offset hour out of range";
    if (t.data[SECONDS_AT] == '6')
        part = "second out of range";
    else if (last == 'Z')
        part = "day out of range";
    return error_set(err, ERROR_INVALID_ARGUMENT, "parsing time \"" TEXT_FMT "\": %s", TEXT_ARGS(t),
                     part);
}

static bool has_defaults(const struct body_value *value)
{
    for (size_t i = 0; value->kind == BODY_ARRAY && i < value->item_count; i++) {
        if (has_defaults(&value->items[i]))
            return true;
    }
    for (size_t i = 0; value->kind == BODY_OBJECT && i < value->member_count; i++) {
        if (value->members[i].is_default || has_defaults(&value->members[i].value))
            return true;
    }
    return false;
}

/* What one pass of binding needs to know wherever it is. */
struct binding {
    struct arena *arena;
    bool sorted; /* a default was filled in, so the body was written anew with sorted keys */
};

/* The member that Go's decoder would take for this one: of several spellings the last one, as
 * written or as sorted. NULL when there is none. */
static struct body_member *find_any_case(const struct binding *binding, struct body_value *object,
                                         const char *name)
{
    struct body_member *last = NULL;
    for (size_t i = 0; i < object->member_count; i++) {
        struct body_member *member = &object->members[i];
        if (!text_equal_nocase(member->key, text_of(name)))
            continue;
        if (last == NULL || binding->sorted || member->order > last->order)
            last = member;
    }
    return last;
}

static bool refuse_spelling(const struct schema *schema, struct error *err)
{
    if (schema->pattern != &pattern_name)
        return false;
    *err = (struct error){ 0 };
    return error_set_field(err, ERROR_INVALID_ARGUMENT, "name",
                           "invalid request: name must contain only lowercase letters, digits, and "
                           "dashes; cannot start or end with a dash");
}

/* The validator saw nothing of a member under another case, so it is judged now. */
static bool take_spelling(const struct binding *binding, const struct schema_member *rule,
                          struct body_value *object, const struct place *place, struct error *err)
{
    struct body_member *winner = find_any_case(binding, object, rule->name);
    struct body_value *exact = body_find(object, rule->name);
    if (winner == NULL || &winner->value == exact || (exact != NULL && rule->fill != DEFAULT_NONE))
        return true;
    const struct place inner = { .outer = place, .key = text_of(rule->name) };
    if (!check(rule->schema, &winner->value, &inner, binding->arena, err))
        return refuse_spelling(rule->schema, err);
    if (exact != NULL)
        *exact = winner->value;
    else
        winner->key = text_of(rule->name);
    return true;
}

static bool bind(const struct binding *binding, const struct schema *schema,
                 struct body_value *value, const char *go_struct, const struct place *place,
                 struct error *err)
{
    int64_t number;

    if (value->kind == BODY_NULL)
        return true;
    switch (schema->type) {
    case SCHEMA_STRING:
        return schema->date_time == NULL || bind_date_time(value->text, err);
    case SCHEMA_BOOLEAN:
        return true;
    case SCHEMA_INTEGER: {
        if (text_parse_i64(value->text, &number))
            return true;
        SCOPED(buffer) struct buffer path = buffer_capped(POINTER_MAX_BYTES);
        append_go_path(&path, place);
        return error_set(err, ERROR_INVALID_ARGUMENT,
                         "json: cannot unmarshal number " TEXT_FMT
                         " into Go struct field %s" TEXT_FMT " of type int",
                         TEXT_ARGS(value->text), go_struct, TEXT_ARGS(buffer_text(&path)));
    }
    case SCHEMA_ARRAY:
        for (size_t i = 0; i < value->item_count; i++) {
            const struct place inner = { .outer = place, .index = i };
            if (!bind(binding, schema->items, &value->items[i], go_struct, &inner, err))
                return false;
        }
        return true;
    case SCHEMA_MAP:
        for (size_t i = 0; i < value->member_count; i++) {
            struct body_member *member = &value->members[i];
            const struct place inner = { .outer = place, .key = member->key };
            if (!bind(binding, schema->items, &member->value, go_struct, &inner, err))
                return false;
        }
        return true;
    case SCHEMA_OBJECT:
        for (const struct schema_member *m = schema->members; m->name != NULL; m++) {
            if (!take_spelling(binding, m, value, place, err))
                return false;
            struct body_value *member = body_find(value, m->name);
            const struct place inner = { .outer = place, .key = text_of(m->name) };
            if (member != NULL &&
                !bind(binding, m->schema, member, schema->name == NULL ? go_struct : schema->name,
                      &inner, err))
                return false;
        }
        return true;
    }
    return true;
}

bool schema_bind(const struct schema *schema, struct body_value *value, struct arena *arena,
                 struct error *err)
{
    const struct place root = { 0 };
    const struct binding binding = { .arena = arena, .sorted = has_defaults(value) };
    return bind(&binding, schema, value, schema->name == NULL ? "" : schema->name, &root, err);
}
