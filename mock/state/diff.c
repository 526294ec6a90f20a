#include "mock/state/diff.h"

#include <string.h>

#include "common/json/json_document.h"

/* --- a document as a tree in which everything is where it belongs ------------------------- */

static bool out_of_memory(struct error *err)
{
    return error_set(err, ERROR_NO_MEMORY, "out of memory");
}

/* The item of that number, counted from 1 over `list` and what follows it; NULL when there is
 * none. Borrowed. */
static json_t *numbered(const json_t *list, const json_t *more, json_int_t number)
{
    const size_t count = json_array_size(list);
    if (number < 1)
        return NULL;
    const size_t index = (size_t)number - 1;
    return index < count ? json_array_get(list, index) : json_array_get(more, index - count);
}

/* The events up to that number, oldest first; NULL when out of memory. Owned. */
static json_t *history_of(const json_t *document, json_int_t number)
{
    const json_t *events = json_object_get(document, "events");
    json_t *history = json_array();
    while (history != NULL) {
        json_t *event = json_copy(numbered(events, NULL, number));
        if (event == NULL)
            break;
        number = json_integer_value(json_object_get(event, "before"));
        (void)json_object_del(event, "before");
        if (json_array_insert_new(history, 0, event) != 0) {
            json_decref(history);
            return NULL;
        }
    }
    return history;
}

/* The record with its config and history inside; NULL when out of memory. Owned. */
static json_t *whole_instance(const json_t *document, json_t *record)
{
    json_t *whole = json_copy(record);
    if (whole == NULL)
        return NULL;
    json_t *config = numbered(json_object_get(document, "configs"), NULL,
                              json_integer_value(json_object_get(record, "config")));
    json_t *history = history_of(document, json_integer_value(json_object_get(record, "history")));
    if (json_object_set(whole, "config", config) == 0 &&
        json_object_set_new(whole, "history", history) == 0)
        return whole;
    json_decref(whole);
    return NULL;
}

static json_t *whole_snapshot(const json_t *document, json_t *record)
{
    json_t *whole = json_copy(record);
    if (whole == NULL)
        return NULL;
    json_t *source =
        numbered(json_object_get(document, "instances"), json_object_get(document, "captures"),
                 json_integer_value(json_object_get(record, "source")));
    if (json_object_set_new(whole, "source", whole_instance(document, source)) == 0)
        return whole;
    json_decref(whole);
    return NULL;
}

static json_t *as_it_is(const json_t *document, json_t *record)
{
    (void)document;
    return json_incref(record);
}

/* What tells the records of a section apart. */
static const struct section {
    const char *name;
    const char *within; /* the member that has the id and the name; NULL: the record itself */
    const char *id;
    json_t *(*whole)(const json_t *document, json_t *record);
} sections[] = {
    { "instances", "config", "id", whole_instance },
    { "snapshots", NULL, "id", whole_snapshot },
    { "schedules", NULL, "instance_id", as_it_is },
    { "images", NULL, "reference", as_it_is },
};

/* "hkuodgfxckwxxk67jjm12vl3 (web)" */
static bool append_label(struct buffer *label, const struct section *section, const json_t *whole)
{
    const json_t *holder =
        section->within == NULL ? whole : json_object_get(whole, section->within);
    const json_t *id = json_object_get(holder, section->id);
    const json_t *name = json_object_get(holder, "name");
    buffer_append(label, json_string_value(id), json_string_length(id));
    if (json_string_length(name) > 0) {
        buffer_append_cstr(label, " (");
        buffer_append(label, json_string_value(name), json_string_length(name));
        buffer_append_byte(label, ')');
    }
    return !label->failed;
}

/* The record to `by_id`, under its label. */
static bool add_record(const struct section *section, const json_t *document, json_t *record,
                       json_t *by_id)
{
    SCOPED(buffer) struct buffer label = buffer_capped(SIZE_MAX);
    json_t *whole = section->whole(document, record);
    if (whole != NULL && append_label(&label, section, whole))
        return json_object_setn_new(by_id, label.data, label.len, whole) == 0;
    json_decref(whole);
    return false;
}

/* NULL when out of memory. Owned. */
static json_t *section_by_id(const struct section *section, const json_t *document)
{
    const json_t *records = json_object_get(document, section->name);
    json_t *by_id = json_object();
    for (size_t i = 0; by_id != NULL && i < json_array_size(records); i++) {
        if (!add_record(section, document, json_array_get(records, i), by_id)) {
            json_decref(by_id);
            by_id = NULL;
        }
    }
    return by_id;
}

/* NULL when out of memory. Owned. */
static json_t *arrange(const json_t *document)
{
    json_t *tree = json_object();
    json_t *world = json_object_get(document, "world");
    bool done = tree != NULL && (world == NULL || json_object_set(tree, "world", world) == 0);
    for (size_t i = 0; done && i < ARRAY_LEN(sections); i++)
        done =
            json_object_set_new(tree, sections[i].name, section_by_id(&sections[i], document)) == 0;
    if (done)
        return tree;
    json_decref(tree);
    return NULL;
}

/* --- comparing ---------------------------------------------------------------------------- */

/* Where two trees are compared; `path` is shared and cut back. */
struct comparison {
    struct buffer *out;
    struct buffer path;
};

static void compare(struct comparison *c, const json_t *before, const json_t *after);

static void begin_line(struct comparison *c, char sign)
{
    buffer_append_byte(c->out, (uint8_t)sign);
    buffer_append_byte(c->out, ' ');
    buffer_append_text(c->out, buffer_text(&c->path));
    buffer_append_cstr(c->out, ": ");
}

static void end_line(struct comparison *c)
{
    buffer_append_byte(c->out, '\n');
}

static void one_sided(struct comparison *c, char sign, const json_t *value)
{
    begin_line(c, sign);
    json_document_append(c->out, value);
    end_line(c);
}

/* NULL: it is not there. */
static void compare_at(struct comparison *c, const json_t *before, const json_t *after)
{
    if (before == NULL)
        one_sided(c, '+', after);
    else if (after == NULL)
        one_sided(c, '-', before);
    else
        compare(c, before, after);
}

static void compare_member(struct comparison *c, struct text key, const json_t *before,
                           const json_t *after)
{
    const size_t len = c->path.len;
    if (len > 0)
        buffer_append_byte(&c->path, '.');
    buffer_append_text(&c->path, key);
    compare_at(c, before, after);
    c->path.len = len;
}

static struct text key_of(void *at)
{
    return (struct text){ json_object_iter_key(at), json_object_iter_key_len(at) };
}

/* What is gone or changed in the order of `before`, then what has come. */
static void compare_objects(struct comparison *c, json_t *before, json_t *after)
{
    for (void *at = json_object_iter(before); at != NULL; at = json_object_iter_next(before, at)) {
        struct text key = key_of(at);
        compare_member(c, key, json_object_iter_value(at),
                       json_object_getn(after, key.data, key.len));
    }
    for (void *at = json_object_iter(after); at != NULL; at = json_object_iter_next(after, at)) {
        struct text key = key_of(at);
        if (json_object_getn(before, key.data, key.len) == NULL)
            compare_member(c, key, NULL, json_object_iter_value(at));
    }
}

static void compare_arrays(struct comparison *c, const json_t *before, const json_t *after)
{
    const size_t len = c->path.len;
    for (size_t i = 0; i < json_array_size(before) || i < json_array_size(after); i++) {
        buffer_appendf(&c->path, "[%zu]", i);
        compare_at(c, json_array_get(before, i), json_array_get(after, i));
        c->path.len = len;
    }
}

static void compare(struct comparison *c, const json_t *before, const json_t *after)
{
    if (json_is_object(before) && json_is_object(after)) {
        /* Only to be iterated over, which jansson has no const for. */
        compare_objects(c, (json_t *)(uintptr_t)before, (json_t *)(uintptr_t)after);
    } else if (json_is_array(before) && json_is_array(after)) {
        compare_arrays(c, before, after);
    } else if (!json_equal(before, after)) {
        begin_line(c, '~');
        json_document_append(c->out, before);
        buffer_append_cstr(c->out, " -> ");
        json_document_append(c->out, after);
        end_line(c);
    }
}

bool state_diff(struct text before, struct text after, struct buffer *out, struct error *err)
{
    json_auto_t *old = NULL;
    json_auto_t *new = NULL;
    if (!json_document_load(before, false, &old, err) ||
        !json_document_load(after, false, &new, err))
        return false;
    json_auto_t *left = arrange(old);
    json_auto_t *right = arrange(new);
    if (left == NULL || right == NULL)
        return out_of_memory(err);
    struct comparison c = { .out = out, .path = buffer_capped(SIZE_MAX) };
    compare(&c, left, right);
    const bool failed = out->failed || c.path.failed;
    buffer_fini(&c.path);
    return !failed || out_of_memory(err);
}
